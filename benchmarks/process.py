"""The controller's end of a worker: starts it, asks it, and gives it up if it hangs or dies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from typing import Any

from benchmarks.options import ROOT
from benchmarks.peers import PEERS, Unavailable

PATIENCE = 900.0
"""Seconds after which an answer is no longer awaited."""


class Failed(Exception):
    """A process ended in an error; the text is its last line."""


def ask_once(module: str, *request: Any, environment: dict[str, str]) -> Any:
    """Return the JSON in the last line of what `python -m module` prints; raises Failed."""
    words = [one if isinstance(one, str) else json.dumps(one) for one in request]
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise Failed((done.stderr.strip().splitlines() or ["without a word"])[-1][:200])
    return json.loads(done.stdout.splitlines()[-1])


class Worker:
    """One peer in a process of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - close() does
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", name],
            cwd=ROOT,
            env={**os.environ, **PEERS[name].environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.facts: dict[str, Any] = {}
        self.broken = ""
        try:
            self.facts = self.ask(do="start")
        except Unavailable as reason:
            self.broken = str(reason)

    def ask(self, **request: Any) -> dict[str, Any]:
        """Return the reply; raises Unavailable with the worker's reason."""
        if self.broken:
            raise Unavailable(self.broken)
        clock = threading.Timer(PATIENCE, self._process.kill)
        clock.start()
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            clock.cancel()
        if not line:
            self.broken = f"its process ended: {self._last_words()}"
            raise Unavailable(self.broken)
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise Unavailable(reply["error"])
        return reply

    def close(self) -> None:
        """End the process."""
        if self._process.poll() is None:
            self._process.stdin.close()  # the worker's loop ends
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def _last_words(self) -> str:
        self._errors.seek(0)
        return (self._errors.read().strip().splitlines() or ["without a word"])[-1][:200]
