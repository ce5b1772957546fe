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
from glassnet.playground.notices import Notes, explained

__all__ = ["MESSAGES", "work"]

_LOOK_EVERY = 0.004
"""Seconds between two looks at the pipe while training."""
_FRAME_EVERY = 1 / 60
_FRAME_SHARE = 0.12
"""Share of the time that making frames may take: rather fewer frames than slower training."""
_FRAME_LATEST = 0.25
"""Seconds after which there is a frame in any case."""
_TELL_EVERY = 2.0
"""Seconds between two notes of how far the repetition of epochs is."""
_TRY_AGAIN = 5.0
"""Seconds until a frame is tried again after one that failed."""
_AT_A_TIME = 16
"""Epochs in one run of the loop, whose beginning and end take time."""
_AT_ONCE = ("ack", "views", "neuron", "mathematics")
"""Messages that are answered without leaving the training loop."""
_BREAKING = ("pause", "setup", "rewind", "reset")
_CLOSED = (EOFError, ConnectionError)
"""Raised by the pipe when nobody is there any more."""


def work(connection: Connection, uploads: Path, session: str) -> None:
    """Serve one session until the other end of the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's, which then closes the pipe
    worker = Worker(connection, uploads, session)
    logging.getLogger("glassnet").addHandler(Notes(worker.note))
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
        self._look_at = self._frame_at = self._tell_at = 0.0

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
        except NonFiniteError as error:
            desk.stop(str(error))
        except _CLOSED:
            raise
        except Exception as error:
            desk.stop(explained(error))
        self._end_if_stopped(desk)

    def _end_if_stopped(self, desk: Desk) -> None:
        if desk.stopped is not None:
            self.running = False
            self._say({"type": "stopped", "reason": desk.stopped})

    def _between_steps(self) -> bool:
        """Look at the pipe and the clock; True if there is something that training must stop for."""
        now = time.perf_counter()
        if now < self._look_at or self.desk is None:
            return self._must_leave
        self._look_at = now + _LOOK_EVERY
        self._listen(_AT_ONCE)
        if self.running and self.credit and now >= self._frame_at:
            if self.desk.before is None:
                self.desk.look_ahead()  # the frame shows what the next step changes
                self._look_at = 0.0
            elif self.desk.moved:
                self._send_frame(self.desk)
            else:  # the second run is at work
                self._look_at = 0.0
        return self._must_leave

    def _listen(self, at_once: tuple[str, ...]) -> None:
        """Take what has come: follow some of it, keep the rest for later."""
        while self.connection.poll():
            message = self.connection.recv()
            if message["type"] in at_once:
                self._follow(message)
            else:
                self._waiting.append(message)

    @property
    def _must_leave(self) -> bool:
        if self._single:  # one epoch that was asked for is done to its end
            return any(message["type"] in _BREAKING for message in self._waiting)
        return bool(self._waiting)

    def _send_frame(self, desk: Desk) -> None:
        started = time.perf_counter()
        try:
            frame = desk.frame(self.running)
        except _CLOSED:
            raise
        except Exception as error:
            desk.changed, self._frame_at = False, started + _TRY_AGAIN
            self._say({"type": "error", "message": explained(error), "control": "views"})
            return
        self.credit = False
        self.connection.send(("frame", frame))
        took = time.perf_counter() - started
        # The first frame is slow, for kernels are loaded: that must not put off the second for seconds.
        self._frame_at = started + min(max(_FRAME_EVERY, took / _FRAME_SHARE), _FRAME_LATEST)

    # -- messages -------------------------------------------------------------------------------

    def _follow(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        try:
            if kind == "setup":
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
        except _CLOSED:
            raise
        except Exception as error:
            self._say({"type": "error", "message": explained(error), "control": kind})

    def _open(self, setup: Any) -> None:
        views = None if self.desk is None else self.desk.views
        self.desk = Desk(setup, self.uploads, self._between_steps)
        if views is not None:
            self.desk.views = views
        self.running = False  # a set-up that is refused leaves the old one as it was, and running
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
        self._end_if_stopped(desk)

    def _tune(self, desk: Desk, message: Mapping[str, Any]) -> None:
        desk.tune(message)
        self._say({"type": "tuned", "setup": desk.setup})
        if self.running:  # the second run may have come to the end of the last epoch
            if "stop" in message:
                desk.stop_if_reached()
            self._end_if_stopped(desk)

    def _rewind(self, desk: Desk, message: Mapping[str, Any]) -> None:
        epoch, setup = message.get("epoch"), desk.setup
        self._tell_at = time.perf_counter() + _TELL_EVERY / 2
        desk.rewind(epoch, lambda: self._overtaken(desk, epoch))
        self.running = False
        if desk.setup != setup:
            self._say({"type": "tuned", "setup": desk.setup})

    def _overtaken(self, desk: Desk, epoch: Any) -> bool:
        """While epochs are repeated on the way to one, tell of it; True if the page has changed its mind."""
        now = time.perf_counter()
        if now >= self._look_at:
            self._look_at = now + _LOOK_EVERY
            self._listen(("ack", "views"))
        reached = min(run.training.epoch for run in (desk.run, desk.second) if run is not None)
        if now >= self._tell_at:
            self._tell_at = now + _TELL_EVERY
            self.note(f"On the way to epoch {epoch:,}: epoch {reached:,} is repeated.")
        return any(_overtakes(message, reached) for message in self._waiting)

    def _reset(self, desk: Desk, message: Mapping[str, Any]) -> None:
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
        content: bytes | str
        name = ""
        try:
            if self.desk is None:
                raise ControlError("There is nothing to export yet.", "export")
            content, name = exported(self.desk, message["kind"])
        except (GlassnetError, OSError) as error:
            content = str(error)
        except Exception as error:
            content = explained(error)
        self.connection.send(("export", message["id"], content, name))

    def _say(self, message: Mapping[str, Any]) -> None:
        self.connection.send(("text", text(message)))


_COMMANDS: dict[str, Callable[[Worker, Desk, Mapping[str, Any]], None]] = {
    "run": Worker._run,
    "pause": Worker._pause,
    "step": Worker._some,
    "epoch": Worker._some,
    "tune": Worker._tune,
    "rewind": Worker._rewind,
    "reset": Worker._reset,
    "views": Worker._views,
    "weight": Worker._weight,
    "neuron": Worker._neuron,
    "mathematics": Worker._mathematics,
}
MESSAGES = frozenset({"setup", "ack", *_COMMANDS})
"""What a page may send."""


def _overtakes(message: Mapping[str, Any], reached: int) -> bool:
    """Return whether a message makes it needless to go on to an epoch, for one that is repeated by now."""
    epoch = message.get("epoch")
    nearer = message["type"] == "rewind" and type(epoch) is int and 0 <= epoch <= reached
    return nearer or message["type"] in ("setup", "reset")
