"""A process that lives as long as its peer is measured: python -m benchmarks.worker NAME.

Reads one JSON request a line and writes one JSON reply a line. The libraries' own output goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from benchmarks.cases import Case
from benchmarks.peers import Peer, Unavailable, create
from benchmarks.timing import Work, calibrate, timed


def main(name: str) -> None:
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    prepared: dict[str, tuple[Work, int]] = {}
    peer: Peer | None = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "start":
                peer = create(name)
                reply: dict[str, Any] = peer.facts()
            else:
                reply = answer(peer, prepared, request)
        except Unavailable as reason:
            reply = {"error": str(reason)}
        except ModuleNotFoundError as error:
            reply = {"error": f"not installed: {error.name}"}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
        print(json.dumps(reply), file=replies)


def answer(peer: Any, prepared: dict[str, tuple[Work, int]], request: dict[str, Any]) -> dict[str, Any]:
    """Do "prepare" (set up a task and find how often to repeat it), "run" or "clear"."""
    if request["do"] == "clear":
        prepared.clear()
        return {}
    key = request["key"]
    if request["do"] == "prepare":
        work = getattr(peer, request["task"])(Case.from_dict(request["case"]))
        seconds = request["seconds"]
        prepared[key] = work, calibrate(work, seconds) if seconds else 1
        return {"repeats": prepared[key][1]}
    return {"seconds": timed(*prepared[key])}


if __name__ == "__main__":
    main(sys.argv[1])
