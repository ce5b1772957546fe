"""The playground: a page in the browser on which the real library trains while one watches.

``glassnet playground`` starts it (:mod:`glassnet.playground.launch`). Importing this imports neither
starlette nor uvicorn.

The server (:mod:`~glassnet.playground.server`, behind :mod:`~glassnet.playground.guard`) passes messages
between a page and a process of its own that trains (:mod:`~glassnet.playground.worker`); that one is
`net.fit`, step by step (:mod:`~glassnet.playground.run`), and makes pictures between two steps when the
page has drawn the last one (:mod:`~glassnet.playground.painter`).
"""

from __future__ import annotations

from glassnet.playground.lessons import LESSONS, Lesson
from glassnet.playground.setup import DEFAULTS, complete

__all__ = ["DEFAULTS", "LESSONS", "Lesson", "complete"]
