"""Saves two networks in turn over one file until it is killed. Usage: saving.py FILE."""

import sys

import glassnet as gn

UNITS = (30_000, 45_000)


def network(number):
    net = gn.Network([gn.Dense(UNITS[number]), gn.Dense(1)], seed=number).build(8)
    net.parameters.values = net.parameters.values * 0 + number + 1
    return net


if __name__ == "__main__":
    networks = [network(0), network(1)]
    networks[0].save(sys.argv[1])
    print("ready", flush=True)
    while True:
        for net in networks:
            net.save(sys.argv[1])
