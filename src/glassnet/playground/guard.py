"""The guard: looks at every request before anything else does.

A page of another site can make the browser send requests here, so that a request is answered only if

1. its Host is one of ours (else 421): a name of somebody else's that he points at 127.0.0.1 is not,
2. it carries the cookie that the token was exchanged for (else 403),
3. it comes from our own page, if it is a WebSocket or changes anything: its Origin is ours (else 403).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["HEADERS", "Guard", "allowed_hosts", "cookie_name"]

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
        "script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers of every answer."""

_NO_KEY = """<!doctype html><html lang="en"><meta charset="utf-8"><title>glassnet playground</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem;
color-scheme:light dark}</style><h1>Not from this address</h1>
<p>Open the address that <code>glassnet playground</code> printed in the terminal:
it carries the key, as in <code>http://127.0.0.1:8173/?token=&hellip;</code></p></html>"""


def allowed_hosts(port: int, names: Iterable[str] = ()) -> frozenset[str]:
    """Return what a Host header may be: this machine's own names and `names`, with the port.

    >>> sorted(allowed_hosts(8173, ["lab.example"]))
    ['127.0.0.1:8173', '[::1]:8173', 'lab.example:8173', 'localhost:8173']
    """
    hosts = {"127.0.0.1", "localhost", "[::1]", *(name.lower() for name in names)}
    with_port = {f"{host}:{port}" for host in hosts}
    return frozenset(with_port | hosts if port == 80 else with_port)


def cookie_name(port: int) -> str:
    """Return the cookie's name: browsers send cookies to every port of a host, so each port has its own.

    >>> cookie_name(8173)
    'glassnet_8173'
    """
    return f"glassnet_{port}"


class Guard:
    """ASGI middleware that stands before all routes.

    Args:
        app: what it protects.
        hosts: allowed Host headers.
        token: exchanged for the cookie at ``GET /?token=``.
        port: of this server, which the cookie is named after.
    """

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str], token: str, port: int) -> None:
        self.app, self.hosts, self.token = app, hosts, token
        self.name, self.cookie = cookie_name(port), secrets.token_urlsafe(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, refuse or pass on one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = self.refusal(scope)
        if refusal is None:
            await self.app(scope, receive, with_headers)
        elif scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, with_headers)

    def refusal(self, scope: Scope) -> Response | None:
        """Return the answer to a request that does not get further, None for one that does."""
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if len(headers.getlist("host")) != 1 or host not in self.hosts:
            return PlainTextResponse(
                "The playground is unknown by this name; allow it by glassnet playground --allow-host NAME",
                421,
            )
        is_http = scope["type"] == "http"
        if is_http and scope["method"] == "GET" and scope["path"] == "/" and self._has_token(scope):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(self.name, self.cookie, path="/", httponly=True, samesite="strict")
            return answer
        if not self._has_cookie(headers):
            return HTMLResponse(_NO_KEY, 403)
        safe = is_http and scope["method"] in ("GET", "HEAD")
        if not safe and headers.getlist("origin") != [f"http://{host}"]:
            return PlainTextResponse("This request does not come from the playground's own page.", 403)
        return None

    def _has_token(self, scope: Scope) -> bool:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])
        return len(given) == 1 and hmac.compare_digest(given[0].encode(), self.token.encode())

    def _has_cookie(self, headers: Headers) -> bool:
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load("; ".join(headers.getlist("cookie")))
        except CookieError:
            return False
        given = jar[self.name].value if self.name in jar else ""
        return hmac.compare_digest(given.encode(), self.cookie.encode())
