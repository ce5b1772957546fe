import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress

import pytest

from glassnet.playground.frames import decode
from glassnet.playground.setup import LIMITS

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
httpx = pytest.importorskip("httpx")
websockets = pytest.importorskip("websockets")
client = pytest.importorskip("websockets.sync.client")

COMMAND = [sys.executable, "-m", "glassnet", "playground", "--no-browser"]


class Server:
    def __init__(self, *options):
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [*COMMAND, "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
        self.line = self.process.stdout.readline()
        self.url = re.fullmatch(r"Playground: (http://127\.0\.0\.1:\d+/\?token=[\w-]{43})\n", self.line)[1]
        self.base = self.url.partition("/?")[0]
        answer = httpx.get(self.url, trust_env=False)
        self.cookie = answer.headers["set-cookie"].partition(";")[0]

    def get(self, path):
        return httpx.get(self.base + path, headers={"cookie": self.cookie}, trust_env=False, timeout=60)

    def page(self, **options):
        headers = {"Cookie": self.cookie}
        options = {
            "origin": self.base,
            "additional_headers": headers,
            "proxy": None,
            "max_size": None,
        } | options
        return client.connect(self.base.replace("http", "ws") + "/ws", **options)

    def children(self):
        """The processes that train: those of the session that have the server as parent."""
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/stat") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == self.process.pid and fields[0] != "Z" and int(entry) != self.process.pid:
                found.append(int(entry))
        return found

    def stop(self):
        """Press Ctrl-C, as a terminal does: every process of the group gets it."""
        os.killpg(self.process.pid, signal.SIGINT)
        code = self.process.wait(20)
        return code, self.process.stdout.read(), self.process.stderr.read()


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    if server.process.poll() is None:
        server.stop()
    server.process.stdout.close()
    server.process.stderr.close()


def send(page, kind, **content):
    page.send(json.dumps({"type": kind, **content}))


def receive(page, kind, timeout=60):
    """Return the next message or frame of a kind; frames on the way are acknowledged."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        got = page.recv(timeout=timeout)
        if isinstance(got, bytes):
            header, arrays = decode(got)
            if header["type"] == "frame":
                send(page, "ack")
            if header["type"] == kind:
                return header, arrays
        else:
            message = json.loads(got)
            if message["type"] == kind:
                return message
            assert message["type"] != "error", message
    raise AssertionError(f"no {kind} in {timeout} s")


def until_closed(page):
    """Read what comes until the server closes the connection."""
    with pytest.raises(websockets.ConnectionClosed):
        for _ in iter(lambda: page.recv(timeout=20), None):
            pass


def frame_at(page, epoch):
    while True:
        header, arrays = receive(page, "frame")
        if header["epoch"] == epoch and not header["running"]:
            return header, arrays


SPIRAL = {"layers": [{"units": 32}, {"units": 32}], "stop": {"accuracy": 0.97}}


def test_a_session_learns_the_spiral_rewinds_and_exports(server, tmp_path):
    with server.page() as page:
        send(page, "setup", setup=SPIRAL)
        ready = receive(page, "ready")
        assert ready["network"]["layers"][0]["name"] == "dense1"
        assert ready["parameters"] == 2 * 32 + 32 + 32 * 32 + 32 + 32 * 3 + 3
        send(page, "views", grid=20, neuron_grid=8, want=["surface", "weights", "confusion"])
        send(page, "run")
        stopped = receive(page, "stopped")
        assert "accuracy reached" in stopped["reason"]
        header, arrays = receive(page, "frame")
        curves, epoch = {"accuracy": [], "loss": []}, header["epoch"]
        send(page, "setup", setup=SPIRAL)  # the same once more, to gather all of the history
        receive(page, "ready")
        send(page, "run")
        receive(page, "stopped")
        send(page, "rewind", epoch=epoch)
        _, arrays_again = frame_at(page, epoch)
        assert (arrays["weight:dense2"] == arrays_again["weight:dense2"]).all()
        assert arrays["confusion"].trace() / arrays["confusion"].sum() > 0.95
        send(page, "rewind", epoch=7)
        _, early = frame_at(page, 7)
        for _ in range(3):
            send(page, "epoch")
        _, later = frame_at(page, 10)
        assert (early["weight:dense2"] != later["weight:dense2"]).any()
        send(page, "rewind", epoch=7)
        header, back = frame_at(page, 7)
        assert header["history"]["from"] == 7
        assert all((early[name] == back[name]).all() for name in early)
        for kind, start in (("script", b'"""Made by the playground'), ("model", b""), ("onnx", b"")):
            answer = server.get(f"/api/export?kind={kind}&session={ready['session']}")
            assert answer.status_code == 200, answer.text
            assert answer.content.startswith(start)
            assert "attachment" in answer.headers["content-disposition"]
            if kind == "script":
                script = answer.text
        send(page, "rewind", epoch=0)
        for _ in range(7):
            send(page, "epoch")
        while len(curves["loss"]) < 7:
            header, _ = receive(page, "frame")
            for name, column in curves.items():
                column[header["history"]["from"] :] = header["history"][name]
        (tmp_path / "again.py").write_text(script)
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        printed = subprocess.run(
            [sys.executable, "again.py"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert [float(x) for x in re.findall(r": loss (\S+),", printed)] == curves["loss"]


def test_a_slow_page_drops_frames_and_training_goes_on(server):
    with server.page() as page:
        send(page, "setup", setup={"layers": [{"units": 8}]})
        receive(page, "ready")
        header, _ = decode(page.recv())  # never acknowledged
        assert header["step"] == 0
        send(page, "run")
        with pytest.raises(TimeoutError):
            page.recv(timeout=1.5)
        send(page, "ack")
        steps = 0
        while steps < 500:
            steps = decode(page.recv(timeout=20))[0]["step"]
            send(page, "ack")
        send(page, "pause")
        while decode(page.recv(timeout=20))[0]["running"]:
            send(page, "ack")


def test_wrong_messages_are_told_and_harm_nothing(server):
    with server.page() as page:
        for wrong in ("no json", "[]", '{"type": "export"}', '{"type": 3}', "{" * 5000, '"run"'):
            page.send(wrong)
            told = json.loads(page.recv())
            assert (told["type"], told["control"]) == ("error", "")
        send(page, "run")
        assert "set-up first" in json.loads(page.recv())["message"]
        send(page, "setup", setup={"optimizer": {"name": "adam", "learning_rate": -1}})
        told = json.loads(page.recv())
        assert (told["type"], told["control"]) == ("error", "optimizer.learning_rate")
        assert "learning_rate must lie in (0, inf)" in told["message"]
        for wrong, where in (({"loss": []}, "loss"), ({"features": [[1]]}, "features")):
            send(page, "setup", setup=wrong)
            told = json.loads(page.recv())
            assert (told["type"], told["control"]) == ("error", where)
        send(page, "setup", setup={})
        assert receive(page, "ready")["setup"]["seed"] == 0
        send(page, "reset", weights="new")
        assert receive(page, "ready")["setup"]["seed"] == 1
        for kind in ("weight", "neuron", "rewind", "views", "mathematics"):
            content = {"want": 3, "rows": 3}
            send(page, kind, **content)
            while isinstance(got := page.recv(), bytes):
                send(page, "ack")
            assert json.loads(got)["control"] == kind
        send(page, "mathematics", rows=[0, 1])
        assert receive(page, "mathematics")["n_rows"] == 2
        send(page, "weight", layer="dense1", row=0, column=0, value=2)
        assert receive(page, "weight")["value"] == 2
        send(page, "neuron", layer="dense1", unit=0, grid=30)
        assert receive(page, "neuron")[1]["neuron"].shape == (30, 30)
        with suppress(websockets.ConnectionClosed):  # the end may come before all of it is sent
            page.send("x" * (2 << 20))  # beyond what a message may have at all
        until_closed(page)


def test_tuning_and_rewinding_over_the_wire(server):
    with server.page() as page:
        send(
            page,
            "setup",
            setup={"layers": [{"units": 8}], "optimizer": {"name": "adam", "learning_rate": 0.01}},
        )
        assert receive(page, "ready")["axes"] == ["x", "y"]
        send(page, "epoch")
        send(page, "epoch")
        header, _ = frame_at(page, 2)
        assert set(header["gradient_ratios"]) == set(header["ratios"]) == {"dense1", "dense2"}
        send(page, "run")
        while not receive(page, "frame")[0]["running"]:
            pass
        send(page, "tune", optimizer={"name": "adam", "learning_rate": 0.001})
        assert receive(page, "tuned")["setup"]["optimizer"]["learning_rate"] == 0.001
        while receive(page, "frame")[0]["learning_rate"] != 0.001:
            pass
        send(page, "rewind", epoch=1)  # which pauses
        assert receive(page, "tuned")["setup"]["optimizer"]["learning_rate"] == 0.01
        header, _ = frame_at(page, 1)
        assert (header["learning_rate"], header["ratios"], header["gradient_ratios"]) == (0.01, {}, {})
        send(page, "weight", layer="dense1", row=0, column=0)
        assert receive(page, "weight")["gradient"] is None


def test_an_uploaded_table_is_trained_on(server):
    rows = "".join(f"{i % 7},{i % 5},{'high' if i % 7 > 3 else 'low'}\n" for i in range(120))
    answer = httpx.post(
        server.base + "/api/upload",
        content=("a,b,level\n" + rows).encode(),
        headers={"cookie": server.cookie, "origin": server.base, "x-filename": "t.csv"},
        trust_env=False,
    )
    told = answer.json()
    assert told["columns"] == ["a", "b", "level"]
    with server.page() as page:
        send(page, "setup", setup={"data": {"name": "upload", "upload": told["id"], "target": "level"}})
        assert receive(page, "ready")["classes"] == ["high", "low"]
        send(page, "epoch")
        assert receive(page, "frame")


def all_over(server):
    """Wait for the processes of sessions that have ended; multiprocessing's own helper stays."""
    end = time.monotonic() + 20
    while len(server.children()) > 1 and time.monotonic() < end:
        time.sleep(0.05)
    return len(server.children()) <= 1


def opened(server, stack):
    """Open a session; one whose process has just ended may hold its place a moment longer."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        page = stack.enter_context(server.page())
        with suppress(websockets.ConnectionClosed):
            send(page, "setup", setup={"layers": []})
            if json.loads(page.recv(timeout=60))["type"] == "ready":
                return page
    raise AssertionError("there was no room for a session")


def test_only_so_many_sessions_and_each_ends_with_its_page(server):
    assert all_over(server)
    with ExitStack() as stack:
        for _ in range(LIMITS["sessions"]):
            opened(server, stack)
        assert len(server.children()) >= LIMITS["sessions"]
        with server.page() as fifth:
            told = json.loads(fifth.recv())
            assert "sessions are open already" in told["message"]
            assert told["control"] == ""
            until_closed(fifth)
    assert all_over(server)


@pytest.mark.parametrize("origin", ["http://evil.example", None])
def test_a_strange_page_gets_no_session(server, origin):
    with pytest.raises(websockets.InvalidStatus) as caught, server.page(origin=origin):
        pass
    assert caught.value.response.status_code == 403


def test_ctrl_c_ends_all_of_it_in_good_order(server):
    with server.page() as page:
        send(page, "setup", setup={})
        receive(page, "ready")
        send(page, "run")
        children = server.children()
        assert children
        code, out, err = server.stop()
        until_closed(page)
    assert (code, out, err) == (0, "", "")
    end = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{child}") for child in children) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(os.path.exists(f"/proc/{child}") for child in children)


def test_a_killed_server_leaves_no_process():
    server = Server()
    with server.page() as page:
        send(page, "setup", setup={})
        receive(page, "ready")
        send(page, "run")
        receive(page, "frame")
        children = server.children()
        server.process.kill()
        server.process.wait()
    end = time.monotonic() + 15
    while any(running(child) for child in children) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(running(child) for child in children)
    server.process.stdout.close()
    server.process.stderr.close()


def running(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_port_in_use_and_another_address_are_told(capsys):
    server = Server("--host", "127.0.0.1")
    try:
        port = server.base.rpartition(":")[2]
        done = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"Error: Cannot listen on 127.0.0.1 port {port}: ")
        assert len(done.stderr.splitlines()) == 1
    finally:
        code, _, err = server.stop()
        server.process.stdout.close()
        server.process.stderr.close()
    assert (code, err) == (0, "")


def test_another_address_is_warned_of(monkeypatch):
    uvicorn = pytest.importorskip("uvicorn")
    monkeypatch.setattr(uvicorn.Server, "run", lambda self, sockets: None)
    said, warned = [], []
    from glassnet.playground.launch import launch

    launch(host="0.0.0.0", port=0, browser=False, say=said.append, warn=warned.append)
    assert "other machines" in warned[0]
    assert said[0].startswith("Playground: http://127.0.0.1:")
    warned.clear()
    launch(host="127.0.0.1", port=0, browser=False, say=said.append, warn=warned.append)
    assert warned == []


def test_an_idle_session_ends_and_says_why():
    from glassnet.playground.session import Session

    told = []

    class Idle:
        async def receive_text(self):
            await asyncio.sleep(60)

        async def send_text(self, text):
            told.append(json.loads(text))

        async def close(self, code, reason):
            told.append(code)

    asyncio.run(Session(Idle(), None, idle=0.2).run())
    assert told[-1] == 1001
    assert "Nothing was asked" in told[-2]["reason"]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (signal.SIGTERM, "The training process was ended by SIGTERM."),
        (signal.SIGKILL, "The training process was killed, perhaps for lack of memory."),
    ],
)
def test_a_page_is_told_how_its_process_ended(sent, words):
    from glassnet.playground.session import Session

    told = []

    class Page:
        async def receive_text(self):
            await asyncio.sleep(0.001)
            return '{"type": "ack"}'  # goes on while the pipe is broken

        async def send_text(self, text):
            told.append(json.loads(text))

        async def close(self, code, reason):
            told.append(code)

    async def serve():
        session = Session(Page(), None)
        running = asyncio.ensure_future(session.run())
        while getattr(session, "_process", None) is None or session._process.pid is None:
            await asyncio.sleep(0.01)
        os.kill(session._process.pid, sent)
        await running

    asyncio.run(serve())
    assert told == [{"type": "stopped", "reason": words}, 1001]


def test_every_way_to_end_has_its_words():
    from glassnet.playground.session import why_ended

    assert "ended by an error" in why_ended(1)
    assert why_ended(0) == why_ended(None) == "The training process ended."
    assert why_ended(-250).endswith("ended by signal 250.")
