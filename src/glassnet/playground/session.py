"""A session: one page's WebSocket, and the process that trains for it."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import secrets
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from glassnet.errors import GlassnetError
from glassnet.playground.frames import text
from glassnet.playground.worker import MESSAGES, work

__all__ = ["Session"]

_LONGEST = 256 << 10
"""Characters that a message from the page may have."""
_EXPORT_WAIT = 30.0
_KILLED = -9
"""The exit code after SIGKILL, which the system sends too where memory is short."""


class Session:
    """Passes messages between a page and its training process.

    Args:
        socket: accepted already.
        uploads: the folder of uploaded tables.
        idle: seconds without a message after which it ends.

    Attributes:
        identity: its name, which the page is told.
    """

    def __init__(self, socket: WebSocket, uploads: Path, *, idle: float = 1800.0) -> None:
        self.identity = secrets.token_urlsafe(16)
        self.socket, self.uploads, self.idle = socket, uploads, idle
        self._answers: asyncio.Queue[tuple[Any, ...] | None] = asyncio.Queue()
        self._exports: dict[int, asyncio.Future[tuple[bytes | str, str]]] = {}
        self._heard = time.monotonic()
        self._sending = asyncio.Lock()

    async def run(self) -> None:
        """Serve the page until it goes, is idle too long, or the process ends."""
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = process = context.Process(
            target=work, args=(theirs, self.uploads, self.identity), daemon=True, name="glassnet-training"
        )
        with _without_interrupts():
            process.start()
        theirs.close()
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._listen, args=(loop,), daemon=True).start()
        tasks = [asyncio.ensure_future(task) for task in (self._from_page(), self._to_page(), self._watch())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for waiting in self._exports.values():
                waiting.cancel()
            process.terminate()  # it holds nothing that must be put in order
            await asyncio.to_thread(process.join, 5)
            if process.is_alive():
                process.kill()
            with suppress(OSError):
                self._pipe.close()

    async def export(self, kind: str) -> tuple[bytes, str]:
        """Return the content and the name of an export of the present state.

        Raises:
            GlassnetError: it cannot be made; says why.
        """
        number = id(answer := asyncio.get_running_loop().create_future())
        self._exports[number] = answer
        try:
            await self._ask({"type": "export", "kind": kind, "id": number})
            content, name = await asyncio.wait_for(answer, _EXPORT_WAIT)
        except (OSError, TimeoutError) as error:
            raise GlassnetError("The training process did not answer in time.") from error
        finally:
            del self._exports[number]
        if isinstance(content, str):
            raise GlassnetError(content)
        return content, name

    # -- from the page to the process -------------------------------------------------------------

    async def _from_page(self) -> None:
        with suppress(WebSocketDisconnect):
            while True:
                received = await self.socket.receive_text()
                self._heard = time.monotonic()
                message = _parsed(received)
                if isinstance(message, str):
                    await self._say({"type": "error", "message": message, "control": ""})
                    continue
                with suppress(OSError):  # the process has ended, and _to_page tells of that
                    await self._ask(message)

    async def _ask(self, message: dict[str, Any]) -> None:
        async with self._sending:
            await asyncio.to_thread(self._pipe.send, message)  # waits while the pipe is full

    # -- from the process to the page -------------------------------------------------------------

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hand on, from a thread of its own, what the process sends."""
        with suppress(RuntimeError):  # the loop is closed
            try:
                while True:
                    answer = self._pipe.recv()
                    loop.call_soon_threadsafe(self._answers.put_nowait, answer)
            except (EOFError, OSError):
                loop.call_soon_threadsafe(self._answers.put_nowait, None)

    async def _to_page(self) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):  # the page is gone
            while True:
                answer = await self._answers.get()
                if answer is None:
                    await asyncio.to_thread(self._process.join, 1)
                    await self._end(why_ended(self._process.exitcode))
                    return
                kind, *content = answer
                if kind == "frame":
                    await self.socket.send_bytes(content[0])
                elif kind == "text":
                    await self.socket.send_text(content[0])
                elif content[0] in self._exports and not self._exports[content[0]].done():
                    self._exports[content[0]].set_result((content[1], content[2]))

    async def _watch(self) -> None:
        while (left := self._heard + self.idle - time.monotonic()) > 0:
            await asyncio.sleep(left)
        await self._end(f"Nothing was asked for {self.idle / 60:g} minutes; reload the page to begin again.")

    async def _end(self, reason: str) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._say({"type": "stopped", "reason": reason})
            await self.socket.close(1001, reason[:100])

    async def _say(self, message: dict[str, Any]) -> None:
        await self.socket.send_text(text(message))


def _parsed(received: str) -> dict[str, Any] | str:
    """Return the message of a page, or what is wrong with it."""
    if len(received) > _LONGEST:
        return f"A message may have {_LONGEST:,} characters, this one has {len(received):,}."
    try:
        message = json.loads(received)
    except (ValueError, RecursionError):
        return "The message is not JSON."
    if not isinstance(message, dict) or message.get("type") not in MESSAGES:
        return f"A message must be an object whose type is one of {', '.join(sorted(MESSAGES))}."
    return message


def why_ended(code: int | None) -> str:
    """Return what the page is told of a process that ended with an exit code.

    >>> why_ended(-15)
    'The training process was ended by SIGTERM.'
    """
    if code == _KILLED:
        return "The training process was killed, perhaps for lack of memory."
    if code is not None and code < 0:
        names = {one.value: one.name for one in signal.Signals}
        return f"The training process was ended by {names.get(-code, f'signal {-code}')}."
    if code:
        return "The training process was ended by an error; the terminal tells which."
    return "The training process ended."


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Let the process that is started inside inherit that Ctrl-C is ignored: it is the server's."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
