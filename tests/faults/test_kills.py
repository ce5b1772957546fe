"""kill -9 at random moments of a save: the file is one whole model or the other, never a mixture."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import glassnet as gn
from glassnet.files import atomic

HERE = Path(__file__).parent
KILLS = int(os.environ.get("GLASSNET_KILLS", "50"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_killed_saves_leave_a_whole_file(tmp_path):
    """The writer imports glassnet once and is forked for each kill, which takes a tenth of the time."""
    path, draw, seen, part = tmp_path / "m.safetensors", random.Random(0), set(), 0
    networks = _networks()
    networks[0].save(path)
    for _ in range(KILLS):
        child = os.fork()
        if child == 0:
            try:
                while True:
                    for net in networks:
                        net.save(path)
            finally:
                os._exit(1)
        time.sleep(draw.uniform(0.0, 0.02))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the writer ended by itself"
        part += len(os.listdir(tmp_path)) > 1
        seen.add(_whole(path))
        for name in os.listdir(tmp_path):  # as if a minute had gone by, so that the next write sweeps
            if name != path.name:
                os.utime(tmp_path / name, (time.time() - 2 * atomic._GRACE,) * 2)
    assert seen == {1.0, 2.0}
    assert part > KILLS // 10, "hardly any kill fell into a write"
    networks[0].save(path)
    assert os.listdir(tmp_path) == [path.name]


def test_a_killed_process_of_its_own(tmp_path):
    path = tmp_path / "m.safetensors"
    for wait in (0.0, 0.005, 0.02):
        child = subprocess.Popen([sys.executable, HERE / "saving.py", path], stdout=subprocess.PIPE)
        with child:
            assert child.stdout.readline() == b"ready\n"
            time.sleep(wait)
            child.kill()
        assert _whole(path) in (1.0, 2.0)


def _networks():
    import importlib.util

    spec = importlib.util.spec_from_file_location("saving", HERE / "saving.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [module.network(0), module.network(1)]


def _whole(path):
    values = gn.load(path).parameters.values
    assert (values == values[0]).all()
    return float(values[0])
