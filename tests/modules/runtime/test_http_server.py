"""The hardened server, over real sockets: what it answers, turns away, logs and bounds."""

import asyncio
import builtins
import json
import logging
from contextlib import suppress
from datetime import timedelta

import pytest
from aiohttp import web

from domain.errors import (
    ConfigurationError,
    ConflictError,
    ConnectionError,  # noqa: A004 - the domain's
    IACSGraphError,
    NotFoundError,
    ThrottledError,
)
from modules.runtime import http_server
from modules.runtime.http_policy import FIXED_HEADERS, SitePolicy
from modules.runtime.http_server import LARGEST_BODY, MOST_HEADERS, open_server
from tests.modules.runtime.web import Reply, hello, raising, serving

FORM = ("Host: localhost", "Content-Type: application/x-www-form-urlencoded")
NOT_HTTP = {
    "no method": b"BREW /?code=canary HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00garbage\r\n\r\n",
    "no version": b"GET /?code=canary\r\n\r\n",
    "control character": b"GET /?code=canary\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "header without a name": b"GET /?code=canary HTTP/1.1\r\n: x\r\n\r\n",
    "two lengths": b"POST /form?code=canary HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "endless line": b"GET /?code=canary" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "endless header": b"GET /?code=canary HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
    "too many headers": b"GET /?code=canary HTTP/1.1\r\n" + b"X: y\r\n" * (MOST_HEADERS + 10) + b"\r\n",
}


def assert_hardened(reply: Reply) -> None:
    for name, value in FIXED_HEADERS.items():
        assert reply.headers[name.lower()] == value
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert "aiohttp" not in str(reply.headers).lower()


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "TRACE", "PATCH"])
@pytest.mark.parametrize("target", ["/", "/health/live", "/nothing", "/%00", "/secret/a/b"])
async def test_every_answer_is_hardened_whatever_is_asked(method: str, target: str) -> None:
    async with serving(hello) as served:
        reply = await served.ask(target, method=method)
    assert_hardened(reply)
    assert reply.status == (404 if target in ("/nothing", "/%00") else 200 if method in ("GET", "HEAD") else 405)
    assert ("allow" in reply.headers) == (reply.status == 405)
    assert reply.headers["x-request-id"]


@pytest.mark.parametrize("request_", NOT_HTTP.values(), ids=NOT_HTTP)
async def test_what_is_not_http_is_answered_shortly_and_logged_without_what_was_sent(
    request_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with serving(hello) as served:
            reply = Reply.of(await served.send(request_))
    assert reply.status == 400
    assert_hardened(reply)
    assert "canary" not in reply.text + caplog.text
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost", 200), ("127.0.0.1:80", 200), ("evil.example", 421), ("", 421), ("mail.example.com", 421)],
)
async def test_a_request_for_another_name_is_misdirected(host: str, status: int) -> None:
    async with serving(hello) as served:
        reply = await served.ask(headers=(f"Host: {host}",))
    assert reply.status == status
    assert_hardened(reply)


async def test_a_request_must_name_one_host() -> None:
    async with serving(hello) as served:
        assert (await served.ask(headers=())).status == 400
        assert (await served.ask(headers=("Host: localhost", "Host: evil.example"))).status == 400


async def test_a_form_of_another_site_is_refused() -> None:
    async with serving(hello) as served:
        ours = await served.ask("/form", method="POST", headers=(*FORM, "Sec-Fetch-Site: same-origin"), body="a=1")
        theirs = await served.ask("/form", method="POST", headers=(*FORM, "Sec-Fetch-Site: cross-site"), body="a=1")
        old_browser = await served.ask(
            "/form", method="POST", headers=(*FORM, "Origin: https://evil.example"), body="a=1"
        )
    assert [ours.status, theirs.status, old_browser.status] == [200, 403, 403]
    assert_hardened(theirs)


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (NotFoundError("There is none."), 404, None),
        (ConflictError("Somebody was faster."), 409, None),
        (ConnectionError("The database cannot be opened."), 503, None),
        (ThrottledError("Wait.", retry_after=timedelta(seconds=7.4)), 503, "7"),
        (ThrottledError("Wait.", retry_after=timedelta(0)), 503, "1"),
        (ConfigurationError("The path /secret/place is wrong."), 500, None),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_an_error_is_answered_as_the_table_says(
    error: IACSGraphError, status: int, retry_after: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(raising(error)) as served:
        reply = await served.ask()
    told = json.loads(reply.text)["error"]
    assert (reply.status, reply.headers.get("retry-after")) == (status, retry_after)
    assert (told["code"], told["request_id"]) == (error.error_code, reply.headers["x-request-id"])
    assert (error.message in reply.text) == (status < 500), "what only the operator can mend is for the log"
    assert (error.message in caplog.text) == (status >= 500)
    assert_hardened(reply)


async def test_an_unexpected_error_is_an_id_for_the_client_and_a_traceback_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(raising(ZeroDivisionError("canary"))) as served:
        reply = await served.ask()
    (record,) = [each for each in caplog.records if each.levelno == logging.CRITICAL]
    assert (reply.status, "canary" in reply.text) == (500, False)
    assert getattr(record, "request_id") == reply.headers["x-request-id"]  # noqa: B009 - not a declared attribute
    assert record.exc_info is not None
    assert_hardened(reply)


async def test_a_redirect_that_is_raised_is_one_all_the_same() -> None:
    async with serving(raising(web.HTTPSeeOther("/elsewhere"))) as served:
        reply = await served.ask()
    assert (reply.status, reply.headers["location"]) == (303, "/elsewhere")
    assert_hardened(reply)


async def test_an_expectation_that_nobody_can_meet_is_refused_with_the_same_headers() -> None:
    async with serving(hello) as served:
        reply = await served.ask(headers=("Host: localhost", "Expect: miracles"))
    assert reply.status == 417
    assert_hardened(reply)


async def test_a_log_line_has_the_path_but_neither_query_nor_secrets(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        async with serving(hello) as served:
            await served.ask("/secret/canary-1/kim?code=canary-2&state=canary-3")
            await served.ask("/secret/canary-4", headers=("Host: localhost", "Referer: http://x/?canary-5"))
    assert [each.message for each in caplog.records] == ["GET /secret/***/kim 200", "GET (unknown) 404"]
    assert "canary" not in str([vars(each) for each in caplog.records])


async def test_health_tells_whether_the_process_lives_and_whether_it_can_work(caplog: pytest.LogCaptureFixture) -> None:
    problems: list[Exception] = []

    async def ready() -> None:
        for problem in problems:
            raise problem

    with caplog.at_level(logging.INFO):
        async with serving(hello, ready=ready) as served:
            good = [await served.ask("/health/live"), await served.ask("/health/ready")]
            quiet = [*caplog.records]
            problems.append(ConnectionError("The database cannot be opened."))
            bad = [await served.ask("/health/live"), await served.ask("/health/ready")]
    assert [reply.status for reply in (*good, *bad)] == [200, 200, 200, 503]
    assert json.loads(bad[1].text) == {"status": "not ready", "error_code": "CONNECTION_ERROR"}
    assert not quiet, "probes come every few seconds"
    assert "cannot be opened" in caplog.text


async def test_a_check_that_hangs_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "READY_WITHIN", timedelta(milliseconds=20))
    async with serving(hello, ready=asyncio.Event().wait) as served:
        reply = await served.ask("/health/ready")
    assert (reply.status, json.loads(reply.text)["error_code"]) == (503, "TIMEOUT")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("", []),
        ("a=1&b=2&a=3", [["a", "1"], ["b", "2"], ["a", "3"]]),
        ("a=&b", [["a", ""], ["b", ""]]),
        ("a=%EA%B9%80+x", [["a", "김 x"]]),
    ],
)
async def test_a_form_is_read_in_its_order(body: str, fields: list[list[str]]) -> None:
    async with serving(hello) as served:
        reply = await served.ask("/form", method="POST", headers=FORM, body=body)
    assert json.loads(reply.text) == fields


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/x-www-form-urlencoded", "a=" + "x" * LARGEST_BODY, 413),
        ("application/x-www-form-urlencoded", "&".join(f"a{n}=1" for n in range(60)), 400),
        ("application/x-www-form-urlencoded", "a=\xff", 400),
        ("application/x-www-form-urlencoded; charset=no-such", "a=1", 200),
        ("application/json", "{}", 415),
        ("multipart/form-data; boundary=x", "--x--", 415),
        ("text/plain", "a=1", 415),
    ],
)
async def test_what_is_too_much_or_no_form_is_refused(content_type: str, body: str, status: int) -> None:
    async with serving(hello) as served:
        headers = ("Host: localhost", f"Content-Type: {content_type}")
        reply = await served.ask("/form", method="POST", headers=headers, body=body)
    assert reply.status == status
    assert_hardened(reply)


async def test_a_compressed_body_is_not_unpacked() -> None:
    async with serving(hello) as served:
        reply = await served.ask("/form", method="POST", headers=(*FORM, "Content-Encoding: gzip"), body="a=1")
    assert json.loads(reply.text) == [["a", "1"]]


async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "BODY_WITHIN", timedelta(milliseconds=20))
    async with serving(hello) as served:
        request = "\r\n".join(("POST /form HTTP/1.1", *FORM, "Content-Length: 10", "", "a="))
        reply = Reply.of(await served.send(request.encode(), close=False))
    assert reply.status == 408


async def test_a_header_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "IDLE", timedelta(milliseconds=20))
    async with serving(hello) as served:
        assert await served.send(b"GET / HTTP/1.1\r\nHost: loc") == b""


async def test_a_client_that_leaves_in_the_middle_of_a_body_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        async with serving(hello) as served:
            _, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write("\r\n".join(("POST /form HTTP/1.1", *FORM, "Content-Length: 10", "", "a=")).encode())
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            async with asyncio.timeout(60):
                while not caplog.records:  # noqa: ASYNC110 - a log has no event to wait for
                    await asyncio.sleep(0.005)
    assert [each.message for each in caplog.records] == ["POST /form 400"]


async def test_more_clients_than_bearable_are_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "MOST_CONNECTIONS", 2)
    async with serving(hello) as served:
        idle = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(2)]
        assert await served.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") == b""
        for _, writer in idle:
            writer.close()


async def test_closing_does_not_wait_for_clients_that_hang() -> None:
    """One says nothing, one stops in its header, one in its body, and one waits for an answer that never comes."""
    waiting = asyncio.Event()

    async def hang(_request: web.Request) -> web.Response:
        waiting.set()
        await asyncio.Event().wait()
        raise AssertionError

    header = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
    body = "\r\n".join(("POST /form HTTP/1.1", *FORM, "Content-Length: 5", "", "a=")).encode()
    async with asyncio.timeout(60), serving(hang, grace=timedelta(milliseconds=50)) as served:
        hanging = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(4)]
        for (_, writer), begun in zip(hanging, (b"", header, body, header + b"\r\n"), strict=True):
            writer.write(begun)
            await writer.drain()
        await waiting.wait()
    for reader, writer in hanging:
        with suppress(builtins.ConnectionError):
            assert await reader.read() == b""
        writer.close()


async def test_a_request_under_way_is_finished_before_the_server_is_closed() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        begun.set()
        await go_on.wait()
        return web.Response(text="finished")

    async with asyncio.TaskGroup() as group, serving(slow, grace=timedelta(seconds=10)) as served:
        answer = group.create_task(served.ask())
        await begun.wait()
        asyncio.get_running_loop().call_later(0.02, go_on.set)
    assert answer.result().text == "finished"


async def test_a_taken_port_is_told_before_anything_is_served() -> None:
    async with serving(hello) as served:
        app = web.Application()
        with pytest.raises(ConfigurationError) as caught:
            async with open_server(app, host="127.0.0.1", port=served.port):
                pass
    assert caught.value.error_code == "PORT_TAKEN"


async def test_https_is_insisted_on_where_the_public_address_has_it() -> None:
    async with serving(hello, policy=SitePolicy(secure=True)) as served:
        replies = [await served.ask(), await served.ask("/nothing"), Reply.of(await served.send(b"rubbish\r\n\r\n"))]
    assert all(reply.headers["strict-transport-security"] == "max-age=31536000" for reply in replies)
