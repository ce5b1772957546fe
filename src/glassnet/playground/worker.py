"""The training process of one session: it trains, and between two steps does what the page asks.

Messages come as dictionaries and answers go as tuples, both through one pipe. A frame is made only when
the page has drawn the last one, and not more often than the eye needs, so that however slow the page is,
training never waits for it.
"""

from __future__ import annotations

import logging
import signal
import time
import warnings
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from glassnet.errors import GlassnetError, NonFiniteError
from glassnet.playground.controls import ControlError
from glassnet.playground.desk import Desk
from glassnet.playground.exports import exported
from glassnet.playground.frames import text
from glassnet.playground.lookups import neuron, weight
from glassnet.playground.mathematics import mathematics

__all__ = ["MESSAGES", "work"]

_LOOK_EVERY = 0.004
"""Seconds between two looks at the pipe while training."""
_FRAME_EVERY = 1 / 60
_FRAME_SHARE = 0.12
"""Share of the time that making frames may take: rather fewer frames than slower training."""
_FRAME_LATEST = 0.25
"""Seconds after which there is a frame in any case."""
_AT_A_TIME = 16
"""Epochs in one run of the loop, whose beginning and end take time."""
_AT_ONCE = ("ack", "views", "neuron", "mathematics")
"""Messages that are answered without leaving the training loop."""
_BREAKING = ("pause", "setup", "rewind", "reset")


def work(connection: Connection, uploads: Path, session: str) -> None:
    """Serve one session until the other end of the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's, which then closes the pipe
    worker = Worker(connection, uploads, session)
    logging.getLogger("glassnet").addHandler(_Notes(worker.note))
    with warnings.catch_warnings(), suppress(EOFError, OSError):
        warnings.showwarning = lambda message, *_, **__: worker.note(str(message))
        worker.serve()


class Worker:
    """Follows the messages of one page.

    Args:
        connection: to the server. Dictionaries come in; ("text", str), ("frame", bytes) and
            ("export", id, bytes or error message, name) go out.
        uploads: the folder of uploaded tables.
        session: its name, which the page is told.
    """

    def __init__(self, connection: Connection, uploads: Path, session: str) -> None:
        self.connection, self.uploads, self.session = connection, uploads, session
        self.desk: Desk | None = None
        self.running = False
        self.credit = True
        self._single = False
        self._waiting: deque[dict[str, Any]] = deque()
        self._look_at = self._frame_at = 0.0

    def serve(self) -> None:
        """Go on until the pipe closes, which raises EOFError."""
        while True:
            if self._waiting:
                self._follow(self._waiting.popleft())
            elif self.running and self.desk is not None:
                self._train(self.desk)
            else:
                if self.desk is not None and self.credit and self.desk.changed:
                    self._send_frame(self.desk)
                self._follow(self.connection.recv())

    def note(self, message: str) -> None:
        """Tell the page something that is no error."""
        self._say({"type": "note", "message": message})

    # -- training -------------------------------------------------------------------------------

    def _train(self, desk: Desk) -> None:
        try:
            desk.advance(_AT_A_TIME)
            if desk.stopped is None:
                return
        except NonFiniteError as error:
            desk.stop(str(error))
        self.running = False
        self._say({"type": "stopped", "reason": desk.stopped})

    def _between_steps(self) -> bool:
        """Look at the pipe and the clock; True if there is something that training must stop for."""
        now = time.perf_counter()
        if now < self._look_at or self.desk is None:
            return self._must_leave
        self._look_at = now + _LOOK_EVERY
        while self.connection.poll():
            message = self.connection.recv()
            if message["type"] in _AT_ONCE:
                self._follow(message)
            else:
                self._waiting.append(message)
        if self.running and self.credit and now >= self._frame_at:
            if self.desk.before is None:
                self.desk.look_ahead()  # the frame shows what the next step changes
                self._look_at = 0.0
            elif self.desk.moved:
                self._send_frame(self.desk)
        return self._must_leave

    @property
    def _must_leave(self) -> bool:
        if self._single:  # one epoch that was asked for is done to its end
            return any(message["type"] in _BREAKING for message in self._waiting)
        return bool(self._waiting)

    def _send_frame(self, desk: Desk) -> None:
        started = time.perf_counter()
        self.credit = False
        self.connection.send(("frame", desk.frame(self.running)))
        took = time.perf_counter() - started
        # The first frame is slow, for kernels are loaded: that must not put off the second for seconds.
        self._frame_at = started + min(max(_FRAME_EVERY, took / _FRAME_SHARE), _FRAME_LATEST)

    # -- messages -------------------------------------------------------------------------------

    def _follow(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        try:
            if kind == "setup":
                self.running = False
                self._open(message.get("setup"))
            elif kind == "ack":
                self.credit = True
            elif kind == "export":
                self._export(message)
            elif self.desk is None:
                raise ControlError("Send a set-up first.", kind)
            else:
                _COMMANDS[kind](self, self.desk, message)
        except GlassnetError as error:
            self._say({"type": "error", "message": str(error), "control": getattr(error, "control", kind)})
        except MemoryError:
            self._say({"type": "error", "message": "There is not enough memory for this.", "control": kind})

    def _open(self, setup: Any) -> None:
        views = None if self.desk is None else self.desk.views
        self.desk = Desk(setup, self.uploads, self._between_steps)
        if views is not None:
            self.desk.views = views
        self._say({**self.desk.ready(), "session": self.session})

    def _run(self, desk: Desk, _: Mapping[str, Any]) -> None:
        desk.resume()
        self.running = True

    def _pause(self, desk: Desk, _: Mapping[str, Any]) -> None:
        self.running, desk.changed = False, True

    def _some(self, desk: Desk, message: Mapping[str, Any]) -> None:
        """Do one step or one epoch."""
        self.running, self._single = False, True
        try:
            desk.one_step() if message["type"] == "step" else desk.one_epoch()
        except NonFiniteError as error:
            desk.stop(str(error))
        finally:
            self._single = False
        if desk.stopped is not None:
            self._say({"type": "stopped", "reason": desk.stopped})

    def _rewind(self, desk: Desk, message: Mapping[str, Any]) -> None:
        desk.rewind(message.get("epoch"))

    def _reset(self, desk: Desk, message: Mapping[str, Any]) -> None:
        self.running = False
        new = message.get("weights") == "new"
        self._open({**desk.setup, "seed": desk.setup["seed"] + new})

    def _views(self, desk: Desk, message: Mapping[str, Any]) -> None:
        desk.look_at(message)

    def _weight(self, desk: Desk, message: Mapping[str, Any]) -> None:
        self._say(weight(desk, message))

    def _neuron(self, desk: Desk, message: Mapping[str, Any]) -> None:
        self.connection.send(("frame", neuron(desk, message)))

    def _mathematics(self, desk: Desk, message: Mapping[str, Any]) -> None:
        self._say(mathematics(desk.run, message.get("rows")))

    def _export(self, message: Mapping[str, Any]) -> None:
        try:
            if self.desk is None:
                raise ControlError("There is nothing to export yet.", "export")
            content, name = exported(self.desk, message["kind"])
        except (GlassnetError, OSError) as error:
            self.connection.send(("export", message["id"], str(error), ""))
            return
        self.connection.send(("export", message["id"], content, name))

    def _say(self, message: Mapping[str, Any]) -> None:
        self.connection.send(("text", text(message)))


_COMMANDS: dict[str, Callable[[Worker, Desk, Mapping[str, Any]], None]] = {
    "run": Worker._run,
    "pause": Worker._pause,
    "step": Worker._some,
    "epoch": Worker._some,
    "rewind": Worker._rewind,
    "reset": Worker._reset,
    "views": Worker._views,
    "weight": Worker._weight,
    "neuron": Worker._neuron,
    "mathematics": Worker._mathematics,
}
MESSAGES = frozenset({"setup", "ack", *_COMMANDS})
"""What a page may send."""


class _Notes(logging.Handler):
    """Passes what the library logs on to the page."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._note = note

    def emit(self, record: logging.LogRecord) -> None:
        self._note(record.getMessage())
