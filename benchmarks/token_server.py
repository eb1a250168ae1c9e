"""A token endpoint in a process of its own that answers every refresh at once, the same for all contenders.

It is no simulator: it checks nothing, so that what is measured is whoever asks. Run as `python -m
benchmarks.token_server` it prints its port, and ends with its standard input.
"""

import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from aiohttp import web

from benchmarks.accounts import CLIENT, SCOPES, TENANT, access_token, refresh_token

_LIFETIME_SECONDS: Final = 3600
_ENOUGH: Final = 500
"""Answers drawn beforehand, given in turn."""


@asynccontextmanager
async def open_token_server() -> AsyncIterator[str]:
    """Start it; yields its address."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.token_server"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment,
        cwd=Path(__file__).parents[1],
    )
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("the server has no pipes")
    try:
        port = int(await child.stdout.readline())
        yield f"http://127.0.0.1:{port}"
    finally:
        child.stdin.close()
        await child.wait()


async def _serve() -> None:
    answers = [_answer() for _ in range(_ENOUGH)]
    served = 0

    async def handle(request: web.BaseRequest) -> web.Response:
        nonlocal served
        served += 1
        body = await request.read()
        answer = answers[served % _ENOUGH]
        if b"openid" in body:
            answer = {**answer, **_person(parse_qs(body.decode())["refresh_token"][0])}
        return web.Response(body=json.dumps(answer).encode(), content_type="application/json")

    runner = web.ServerRunner(web.Server(handle, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    print(runner.addresses[0][1], flush=True)  # noqa: T201 - what it was started for
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


def _answer() -> dict[str, object]:
    return {
        "token_type": "Bearer",
        "scope": " ".join(SCOPES),
        "expires_in": _LIFETIME_SECONDS,
        "ext_expires_in": _LIFETIME_SECONDS,
        "access_token": access_token(),
        "refresh_token": refresh_token(),
    }


def _person(token: str) -> dict[str, str]:
    """Return what Entra adds for those who ask for `openid`, as MSAL does; the refresh token begins with whose it is.

    Contenders that do not ask for it get and store less.
    """
    person = token.partition(".")[0]
    claims = {
        "aud": CLIENT,
        "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
        "sub": person,
        "oid": person,
        "tid": TENANT,
        "preferred_username": f"{person}@office.example",
    }
    return {
        "refresh_token": f"{person}.{refresh_token()}",
        "id_token": ".".join((_encoded({"alg": "none"}), _encoded(claims), "")),
        "client_info": _encoded({"uid": person, "utid": TENANT}),
    }


def _encoded(document: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


if __name__ == "__main__":
    asyncio.run(_serve())
