"""The server: the page, its files, the catalogue, uploads, exports, and one WebSocket for each session."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from glassnet.errors import GlassnetError, MissingDependencyError
from glassnet.playground.catalogue import catalogue
from glassnet.playground.exports import KINDS
from glassnet.playground.frames import text
from glassnet.playground.guard import Guard
from glassnet.playground.lessons import LESSONS
from glassnet.playground.session import Session
from glassnet.playground.setup import LIMITS
from glassnet.playground.uploads import Uploads

__all__ = ["application", "plotly_file"]

_STATIC = Path(str(files("glassnet.playground"))) / "static"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".json": "application/json",
}


class Playground:
    """What the routes share: sessions, uploads, the files that are served.

    Args:
        uploads: a folder of the server's own.
        idle: seconds without a message after which a session ends.
    """

    def __init__(self, uploads: Path, *, idle: float) -> None:
        self.uploads, self.idle = Uploads(uploads), idle
        self.sessions: dict[str, Session] = {}
        self.files = {
            path.relative_to(_STATIC).as_posix(): path
            for path in _STATIC.rglob("*")
            if path.is_file() and path.suffix in _TYPES
        }
        self.catalogue, self.lessons = text(catalogue()), text([lesson.to_dict() for lesson in LESSONS])

    async def page(self, request: Request) -> Response:
        """Return index.html."""
        return self._file("index.html")

    async def static(self, request: Request) -> Response:
        """Return one of the page's files, by the listing made at the start."""
        return self._file(request.path_params["path"])

    async def plotly(self, request: Request) -> Response:
        """Return plotly.js as the installed plotly package ships it."""
        return FileResponse(plotly_file(), media_type=_TYPES[".js"])

    async def get_catalogue(self, request: Request) -> Response:
        """Return everything that can be chosen."""
        return Response(self.catalogue, media_type="application/json")

    async def get_lessons(self, request: Request) -> Response:
        """Return the ten lessons."""
        return Response(self.lessons, media_type="application/json")

    async def upload(self, request: Request) -> Response:
        """Take a table, as much of it as is allowed."""
        most = LIMITS["upload_bytes"]
        name = Path(unquote(request.headers.get("x-filename", ""))[:200]).name
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > most:
                message = f"{name or 'The file'} is too large: at most {most >> 20} MiB can be uploaded."
                return _told(message, 413)
        try:
            return _json(await run_in_threadpool(self.uploads.add, bytes(content), name))
        except GlassnetError as error:
            return _told(str(error), 400)

    async def export(self, request: Request) -> Response:
        """Return the script, the model or the ONNX file of a session's present state."""
        kind = request.query_params.get("kind", "")
        session = self.sessions.get(request.query_params.get("session", ""))
        if session is None:
            return _told("There is no such session.", 404)
        if kind not in KINDS:
            return _told(f"Export kind must be one of {', '.join(KINDS)}.", 400)
        try:
            content, name = await session.export(kind)
        except GlassnetError as error:
            return _told(str(error), 400)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=KINDS[kind][1], headers=headers)

    async def socket(self, socket: WebSocket) -> None:
        """Open a session, if there is room."""
        await socket.accept()
        if len(self.sessions) >= LIMITS["sessions"]:
            reason = f"{LIMITS['sessions']} sessions are open already; close another tab first."
            await socket.send_text(text({"type": "error", "message": reason, "control": ""}))
            await socket.close(1013, reason)
            return
        session = Session(socket, self.uploads.folder, idle=self.idle)
        self.sessions[session.identity] = session
        try:
            await session.run()
        finally:
            del self.sessions[session.identity]

    def _file(self, name: str) -> Response:
        path = self.files.get(name)
        if path is None:
            return PlainTextResponse("There is no such file.", 404)
        return FileResponse(path, media_type=_TYPES[path.suffix])


def application(
    *, token: str, hosts: frozenset[str], port: int, uploads: Path, idle: float = 1800.0
) -> Starlette:
    """Return the whole application.

    Args:
        token: opens it, as ``GET /?token=``.
        hosts: what a Host header may be; see :func:`glassnet.playground.guard.allowed_hosts`.
        port: of the server, which the cookie is named after.
        uploads: an empty folder of the server's own.
        idle: seconds without a message after which a session ends.

    Raises:
        MissingDependencyError: plotly is missing.
    """
    plotly_file()
    playground = Playground(uploads, idle=idle)
    return Starlette(
        routes=[
            Route("/", playground.page),
            Route("/static/{path:path}", playground.static),
            Route("/plotly.min.js", playground.plotly),
            Route("/api/catalogue", playground.get_catalogue),
            Route("/api/lessons", playground.get_lessons),
            Route("/api/upload", playground.upload, methods=["POST"]),
            Route("/api/export", playground.export),
            WebSocketRoute("/ws", playground.socket),
        ],
        middleware=[Middleware(Guard, hosts=hosts, token=token, port=port)],
    )


def plotly_file() -> Path:
    """Return where the installed plotly package keeps plotly.min.js.

    Raises:
        MissingDependencyError: it does not.
    """
    try:
        path = Path(str(files("plotly"))) / "package_data" / "plotly.min.js"
    except ModuleNotFoundError:
        path = Path()
    if not path.is_file():
        raise MissingDependencyError('The playground needs plotly: pip install "glassnet[playground]".')
    return path


def _json(message: dict[str, Any], status: int = 200) -> Response:
    return Response(text(message), status, media_type="application/json")


def _told(message: str, status: int) -> Response:
    return _json({"message": message}, status)
