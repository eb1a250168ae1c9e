"""Opening and closing: ports, TLS, and an end within about a second whatever clients do."""

import asyncio
import logging
import socket
import time

import aiohttp
import pytest
from attrs import evolve

from modules.simulator.compose import compose
from modules.simulator.faults import slow
from modules.simulator.settings import SimulatorSettings
from tests.modules.simulator.rig import Rig, running_rig
from tests.simulator.running import running_simulator

SETTINGS = SimulatorSettings()


async def test_without_tls_there_is_http_only() -> None:
    async with running_simulator() as simulator:
        assert simulator.http_url.startswith("http://127.0.0.1:")
        assert (simulator.https_url, simulator.ca_file) == (None, None)


async def test_with_tls_both_serve_one_state() -> None:
    async with running_rig(tls=True) as rig:
        simulator = rig.simulator
        assert simulator.https_url is not None
        person = await rig.person(ca_file=simulator.ca_file)
        url = rig.authorize_url().replace(simulator.http_url, simulator.https_url)
        callback = await person.sign_in(url)
        assert (await rig.token(rig.redemption(callback))).status == 200


async def test_the_temporary_certificates_go_with_the_simulator() -> None:
    async with running_simulator(tls=True) as simulator:
        ca_file = simulator.ca_file
        assert ca_file is not None
        assert ca_file.exists()
    assert not ca_file.exists()


async def test_a_taken_port_is_an_error_and_leaves_nothing_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for settings in (evolve(SETTINGS, port=port), evolve(SETTINGS, tls=True, tls_port=port)):
            with pytest.raises(OSError, match="address already in use"):
                async with compose(settings):
                    pass


async def test_a_host_by_its_name_is_kept_in_the_url() -> None:
    async with running_simulator(host="localhost") as simulator:
        assert simulator.http_url.startswith("http://localhost:")


async def test_it_ends_soon_though_clients_hang() -> None:
    """One sends half a request, one waits for a slow answer, one keeps its connection open."""
    async with aiohttp.ClientSession() as http:
        async with running_simulator() as simulator:
            fault = simulator.faults.add(slow())  # for half a minute, unless it is given up
            host, port = simulator.http_url.removeprefix("http://").split(":")
            _, half = await asyncio.open_connection(host, int(port))
            half.write(b"POST /common/oauth2/v2.0/token HTTP/1.1\r\nContent-Length: 100\r\n\r\ngrant")
            await half.drain()
            waiting = asyncio.create_task(http.get(f"{simulator.http_url}/v1.0/me"))
            await simulator.faults.reached(fault)
            began = time.monotonic()
        assert time.monotonic() - began < 20
        await asyncio.gather(waiting, return_exceptions=True)
        half.close()


async def test_its_log_holds_no_secrets(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = await rig.signed_in()
    await rig.refresh(answer.body["refresh_token"])
    secrets = [
        rig.application().secrets[0].value,
        rig.user().password,
        *(answer.body[name] for name in ("access_token", "refresh_token", "id_token")),
    ]
    assert "POST token" in caplog.text
    assert not any(secret in caplog.text for secret in secrets)
    world = repr(rig.simulator.world.grants.refresh_tokens.values()) + repr(rig.simulator.directory.users)
    assert not any(secret in world + repr(rig.application()) for secret in secrets)


async def test_requests_are_noted_with_fingerprints_of_their_secrets(rig: Rig) -> None:
    token = (await rig.signed_in()).body["refresh_token"]
    rig.simulator.requests.clear()
    await rig.refresh(token)
    await rig.refresh(token)
    first, second = rig.simulator.requests.of("token")
    assert first.form["refresh_token"] == second.form["refresh_token"] != token
    assert first.form["refresh_token"].startswith("sha256:")
    assert (first.method, first.path, first.form["grant_type"]) == (
        "POST",
        "/common/oauth2/v2.0/token",
        "refresh_token",
    )
    assert len(rig.simulator.requests) == 2
    assert rig.simulator.requests[0] is first


async def test_passwords_are_not_even_fingerprinted(rig: Rig) -> None:
    await rig.callback()
    (typed,) = rig.simulator.requests.of("sign_in")
    assert typed.form["password"] == "***"
    assert typed.form["upn"] == rig.user().upn
