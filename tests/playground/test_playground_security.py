import asyncio
import json

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from starlette.routing import WebSocketRoute

from glassnet.playground.guard import HEADERS, allowed_hosts, cookie_name
from glassnet.playground.server import application
from glassnet.playground.setup import LIMITS

HOST, TOKEN = "127.0.0.1:8173", "the-token"
COOKIE = cookie_name(8173)
ORIGIN = f"http://{HOST}"


@pytest.fixture
def make(tmp_path):
    hosts = allowed_hosts(8173, ["lab.example"])
    return lambda: application(token=TOKEN, hosts=hosts, port=8173, uploads=tmp_path)


def cookie_of(app, host=HOST):
    status, headers, _ = ask(app, "GET", "/", host=host, query=f"token={TOKEN}")
    assert status == 303
    return headers["set-cookie"].partition(";")[0]


def scope_of(kind, method, path, headers, query):
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    scope = {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http" if kind == "http" else "ws",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": raw,
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 8173),
        "state": {},
    }
    if kind == "http":
        return {**scope, "method": method}
    return {**scope, "subprotocols": [], "extensions": {"websocket.http.response": {}}}


def ask(app, method, path, *, host=HOST, cookie=None, origin=None, query="", body=(b"",), more=()):
    """Send one request as it would come from the wire; return status, headers, content."""
    kind = "websocket" if method == "WEBSOCKET" else "http"
    headers = [("host", host)] if isinstance(host, str) else [("host", one) for one in host or ()]
    headers += [("cookie", cookie)] if cookie else []
    headers += [("origin", origin)] if origin else []
    sent, parts = [], list(body)

    async def receive():
        if kind == "websocket":
            return (
                {"type": "websocket.connect"} if not sent else {"type": "websocket.disconnect", "code": 1000}
            )
        if parts:
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope_of(kind, method, path, [*headers, *more], query), receive, send))
    first = sent[0]
    if first["type"] == "websocket.accept":
        return 101, {}, b""
    told = {name.decode(): value.decode() for name, value in first.get("headers", ())}
    content = b"".join(message.get("body", b"") for message in sent)
    return first.get("status", 403), told, content


def every_route(app):
    """Yield method and path of every route there is."""
    for route in app.routes:
        path = route.path.replace("{path:path}", "main.js")
        if isinstance(route, WebSocketRoute):
            yield "WEBSOCKET", path
        else:
            for method in sorted(route.methods):
                yield method, path


def test_the_walk_knows_every_route(make):
    assert list(every_route(make())) == [
        ("GET", "/"),
        ("HEAD", "/"),
        ("GET", "/static/main.js"),
        ("HEAD", "/static/main.js"),
        ("GET", "/plotly.min.js"),
        ("HEAD", "/plotly.min.js"),
        ("GET", "/api/catalogue"),
        ("HEAD", "/api/catalogue"),
        ("GET", "/api/lessons"),
        ("HEAD", "/api/lessons"),
        ("POST", "/api/upload"),
        ("GET", "/api/export"),
        ("HEAD", "/api/export"),
        ("WEBSOCKET", "/ws"),
    ]


STRANGE_HOSTS = [
    "evil.example",
    "evil.example:8173",
    "127.0.0.1",
    "127.0.0.1:80",
    "127.0.0.1:8173.evil.example",
    "localhost:8173@evil.example",
    "lab.example",
    "",
    None,
    [HOST, HOST],
    [HOST, "evil.example"],
]
STRANGE_ORIGINS = [
    None,
    "null",
    "http://evil.example",
    "https://127.0.0.1:8173",
    "http://127.0.0.1",
    "http://localhost:8173",
    "http://127.0.0.1:8173.evil.example",
]


def test_every_route_is_closed_without_the_cookie_to_strange_hosts_and_to_strange_origins(make):
    app = make()
    cookie = cookie_of(app)
    wrong = [None, f"{COOKIE}=", f"{COOKIE}={TOKEN}", cookie[:-1], cookie + "x", f"other={cookie}", '"']
    walked = {"cookie": 0, "host": 0, "origin": 0}
    for method, path in every_route(app):
        for bad in wrong:
            status, headers, content = ask(app, method, path, cookie=bad, origin=ORIGIN)
            assert status == 403, (method, path, bad)
            assert b"terminal" in content
            assert all(headers[name.lower()] == value for name, value in HEADERS.items())
            walked["cookie"] += 1
        for query in ("token=", "token=wrong", f"token={TOKEN}&token=x"):
            assert ask(app, method, path, query=query, origin=ORIGIN)[0] == 403
            walked["cookie"] += 1
        for host in STRANGE_HOSTS:
            for sent in (cookie, None):
                origin = f"http://{host}"
                assert ask(app, method, path, host=host, cookie=sent, origin=origin)[0] == 421, (path, host)
                walked["host"] += 1
            assert ask(app, method, path, host=host, query=f"token={TOKEN}")[0] == 421
        if method not in ("GET", "HEAD"):
            for origin in STRANGE_ORIGINS:
                status, _, content = ask(app, method, path, cookie=cookie, origin=origin)
                assert status == 403, (path, origin)
                assert b"own page" in content
                walked["origin"] += 1
    assert walked == {"cookie": 140, "host": 308, "origin": 14}


def test_with_the_cookie_every_route_answers_with_all_headers(make):
    app = make()
    cookie = cookie_of(app)
    for method, path in every_route(app):
        if method == "WEBSOCKET":
            continue
        status, headers, _ = ask(app, method, path, cookie=cookie, origin=ORIGIN)
        assert status in (200, 400, 404), (method, path, status)
        for name, value in HEADERS.items():
            assert headers[name.lower()] == value
    for path in ("/", "/api/catalogue", "/plotly.min.js", "/api/lessons"):
        assert ask(app, "GET", path, cookie=cookie, host="localhost:8173")[0] == 200
        assert ask(app, "GET", path, cookie=cookie, host="LAB.example:8173")[0] == 200
    for path in ("/nothing", "/api/upload", "/docs"):
        assert ask(app, "GET", path)[0] == 403  # told apart only with the cookie
        assert ask(app, "GET", path, cookie=cookie)[0] in (404, 405)


def test_a_websocket_is_closed_where_a_refusal_cannot_be_told(make):
    app = make()
    sent = []

    async def send(message):
        sent.append(message)

    scope = scope_of("websocket", "", "/ws", [("host", HOST)], "")
    asyncio.run(app({**scope, "extensions": {}}, None, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_the_cookie_is_strict_and_not_the_token(make):
    app = make()
    _, headers, _ = ask(app, "GET", "/", query=f"token={TOKEN}")
    cookie, *flags = headers["set-cookie"].split("; ")
    assert {flag.lower() for flag in flags} == {"httponly", "samesite=strict", "path=/"}
    assert cookie.startswith("glassnet_8173=")
    assert TOKEN not in cookie
    assert len(cookie) > 40
    assert headers["location"] == "/"
    assert ask(make(), "GET", "/", cookie=cookie)[0] == 403  # of another server


def test_two_servers_on_one_machine_do_not_take_each_other_s_cookie(make, tmp_path):
    one = make()
    host = "127.0.0.1:8174"
    other = application(token=TOKEN, hosts=allowed_hosts(8174), port=8174, uploads=tmp_path)
    jar = f"{cookie_of(one)}; {cookie_of(other, host)}"  # browsers send both to either port
    assert ask(one, "GET", "/", cookie=jar)[0] == 200
    assert ask(other, "GET", "/", host=host, cookie=jar)[0] == 200
    assert ask(other, "GET", "/", host=host, cookie=cookie_of(one))[0] == 403
    renamed = cookie_of(one).replace("8173", "8174")
    assert ask(other, "GET", "/", host=host, cookie=renamed)[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/%2e%2e/server.py",
        "/static//etc/passwd",
        "/static/",
        "/static/../guard.py",
    ],
)
def test_only_listed_files_are_served(make, path):
    app = make()
    assert ask(app, "GET", path, cookie=cookie_of(app))[0] == 404


def test_an_upload_is_cut_off_at_its_cap(make):
    app = make()
    cookie = cookie_of(app)
    name = [("x-filename", "my%20data.csv")]
    post = {"cookie": cookie, "origin": ORIGIN, "more": name}
    status, _, content = ask(app, "POST", "/api/upload", body=[b"a,b\n", b"1,2\n3,4\n"], **post)
    assert status == 200
    assert json.loads(content)["n_rows"] == 2
    read = []

    def endless():
        while True:
            read.append(1)
            yield b"0" * (1 << 20)

    parts = endless()
    sent = []

    async def receive():
        return {"type": "http.request", "body": next(parts), "more_body": True}

    async def send(message):
        sent.append(message)

    headers = [("host", HOST), ("cookie", cookie), ("origin", ORIGIN), *name]
    asyncio.run(app(scope_of("http", "POST", "/api/upload", headers, ""), receive, send))
    assert sent[0]["status"] == 413
    assert "my data.csv is too large: at most 32 MiB" in json.loads(sent[1]["body"])["message"]
    assert len(read) == (LIMITS["upload_bytes"] >> 20) + 1
    status, _, content = ask(app, "POST", "/api/upload", body=[b"PK"], **post)
    assert (status, json.loads(content)["message"][:11]) == (400, "my data.csv")


def test_exports_need_a_session_that_is_there(make):
    app = make()
    cookie = cookie_of(app)
    for query in ("", "kind=script", "kind=script&session=x", "session="):
        status, _, content = ask(app, "GET", "/api/export", cookie=cookie, query=query)
        assert status == 404
        assert "no such session" in json.loads(content)["message"]
