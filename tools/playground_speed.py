"""Measure the playground: frames a second, and what watching costs the training.

    python tools/playground_speed.py [seconds]

The network is 2-64-64-3 on the spiral of 300 points, minibatches of 32, Adam: once by plain `fit`, once in
a process of the playground whose page draws every frame at once, once whose page never asks for one. Steps
are counted per second of the process's own computing time, so that other programs disturb less; what is
shown is the best of three rounds.
"""

import multiprocessing
import os
import sys
import time

import glassnet as gn
from glassnet.playground.desk import Desk
from glassnet.playground.frames import decode
from glassnet.playground.worker import work

SETUP = {"layers": [{"units": 64}, {"units": 64}]}
WANT = ["surface", "neurons", "weights"]


def plain(seconds):
    """Steps a second of computing by fit itself, with the same data, validation and metrics."""
    desk = Desk(SETUP)
    problem, net = desk.problem, desk.run.network
    train, test = problem.train, problem.test

    class Clock(gn.callbacks.Callback):
        def on_epoch_end(self, training, logs):
            if training.epoch == 20:
                self.started, self.steps = time.process_time(), training.optimizer_state.step
            elif training.epoch > 20 and time.process_time() - self.started > seconds:
                elapsed = time.process_time() - self.started
                self.speed = (training.optimizer_state.step - self.steps) / elapsed
                training.stop("enough")

    clock = Clock()
    net.fit(
        problem.inputs[train],
        problem.targets[train],
        loss="softmax_cross_entropy",
        optimizer=gn.Adam(0.01),
        epochs=10**6,
        validation_data=(problem.inputs[test], problem.targets[test]),
        metrics=["accuracy"],
        callbacks=[clock],
    )
    return clock.speed


def watched(seconds, draws, views):
    """Frames a second, steps a second of computing, and the size of a frame, of a playground process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, None, "speed"), daemon=True)
    process.start()
    theirs.close()

    def frame():
        while True:
            kind, content, *_ = ours.recv()
            if kind == "frame":
                return decode(content)[0], len(content)

    ours.send({"type": "setup", "setup": SETUP})
    ours.send({"type": "views", **views})
    frame()
    ours.send({"type": "run"})
    ours.send({"type": "ack"})
    while (first := frame()[0])["epoch"] < 20:
        ours.send({"type": "ack"})
    frames, size, started, computed = 0, 0, time.perf_counter(), computing_time(process.pid)
    while draws and time.perf_counter() - started < seconds:
        ours.send({"type": "ack"})
        last, size = frame()
        frames += 1
    if not draws:
        time.sleep(seconds)
        ours.send({"type": "ack"})
        last, size = frame()
    elapsed = time.perf_counter() - started
    computed = computing_time(process.pid) - computed
    process.terminate()
    process.join()
    return frames / elapsed, (last["step"] - first["step"]) / computed, size


def computing_time(pid):
    """Seconds that a process has computed (Linux)."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 4.0
    usual = {"grid": 50, "neuron_grid": 20, "want": WANT}
    everything = {**usual, "want": [*WANT, "histograms", "confusion"]}
    runs = []
    for _ in range(3):  # alternating, for the machine may have other things to do
        base = plain(seconds)
        runs.append((base, watched(seconds, False, usual), watched(seconds, True, usual)))
        runs[-1] += (watched(seconds, True, everything),)
    bases, *others = zip(*runs, strict=True)
    base = max(bases)
    print(f"plain fit:            {base:8.0f} steps/s")
    for name, column in zip(("nobody draws", "drawn", "all views drawn"), others, strict=True):
        frames, steps, size = max(column, key=lambda run: run[1])
        change = f"({steps / base - 1:+.1%})"
        print(
            f"{name + ':':<21} {steps:8.0f} steps/s {change}, {frames:5.1f} frames/s of {size / 1000:.0f} kB"
        )


if __name__ == "__main__":
    main()
