"""Starting and ending the server."""

from __future__ import annotations

import ipaddress
import logging
import secrets
import socket
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from glassnet.errors import DataError, GlassnetError, MissingDependencyError

__all__ = ["DEFAULT_PORT", "launch"]

DEFAULT_PORT = 8173


def launch(
    *,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    allow_hosts: Sequence[str] = (),
    browser: bool = True,
    say: Callable[[str], None],
    warn: Callable[[str], None],
) -> None:
    """Serve the playground until Ctrl-C.

    Args:
        host: the address to bind; any but this machine's own needs to be asked for, and is warned of.
        port: 0 takes a free one.
        allow_hosts: further names by which a browser may call the server.
        browser: whether to open one.
        say: gets the one line with the address; warn: gets warnings.

    Raises:
        MissingDependencyError: starlette, uvicorn, websockets or plotly are missing.
        DataError: the address cannot be bound.
    """
    try:
        import uvicorn
        import websockets  # noqa: F401 - uvicorn needs it, and would only say so at the first session

        from glassnet.playground.guard import allowed_hosts
        from glassnet.playground.server import application
    except ImportError as error:
        if isinstance(error, GlassnetError):
            raise
        raise MissingDependencyError(
            f'The playground needs {error.name}: pip install "glassnet[playground]".'
        ) from error
    listening = _bound(host, port)
    port = listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    if not _is_own(host):
        warn(
            f"{host} can be reached from other machines. Whoever has the address with its token can use the "
            "playground; the connection is not encrypted."
        )
    token = secrets.token_urlsafe(32)
    own = [] if _is_any(host) else [shown]
    url = f"http://{'127.0.0.1' if _is_any(host) else shown}:{port}/?token={token}"
    # The listening socket first of all closes, so that nobody waits for an answer that will not come.
    with tempfile.TemporaryDirectory(prefix="glassnet-playground-") as folder, listening:
        hosts = allowed_hosts(port, [*own, *allow_hosts])
        app = application(token=token, hosts=hosts, port=port, uploads=Path(folder))
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=1 << 20,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=3,
        )
        logging.getLogger("uvicorn.error").addFilter(_is_worth_telling)
        say(f"Playground: {url}")
        if browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
        with suppress(KeyboardInterrupt):  # Ctrl-C is how it ends
            uvicorn.Server(config).run(sockets=[listening])


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        hint = " Choose another --port, or 0 for a free one." if port else ""
        raise DataError(f"Cannot listen on {host} port {port}: {error.strerror or error}.{hint}") from error
    except OverflowError:
        raise DataError(f"Port must lie in [0, 65535], got {port}.") from None


def _is_own(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_any(host: str) -> bool:
    return host in ("0.0.0.0", "::")


def _is_worth_telling(record: logging.LogRecord) -> bool:
    """Leave out what uvicorn says of a WebSocket that the guard has refused."""
    return "without completing handshake" not in record.getMessage()
