"""`auth login` as a process, against a local Entra ID."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from modules.simulator.people import User
from tests.modules.auth.seeds import rows
from tests.modules.iacsgraph.shell import wait_until
from tests.simulator.office import ANNA, KIM, PARK, Office, asked, listening_port, open_office
from tests.simulator.person import Callback, Person


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path) as opened:
        await opened.enroll()
        yield opened


async def test_several_sign_in_at_once_by_browser_and_by_device_code(office: Office) -> None:
    office.rewrite(PARK, "park_minseo@mail.contoso-class.example", "park.minseo@contoso-class.example")
    await office.enroll()
    done = await office.login("--all", "--json")
    assert done.code == 0, done.said
    assert [(line["user"], line["result"]) for line in done.document] == [
        (ANNA, "signed_in"),
        (KIM, "signed_in"),
        (PARK, "signed_in"),
    ]
    states = await office.done("auth", "status")
    assert {(state["status"], state["freshness"]) for state in states} == {("ACTIVE", "fresh")}
    assert await office.done("auth", "sessions") == []


async def test_only_those_that_need_it_are_asked(office: Office) -> None:
    await office.login(KIM, ANNA)
    await office.call("account", "lock", PARK)
    assert (await office.login("--all", "--needing", "--json")).document == []
    office.simulator.revoke_sessions(office.user(KIM).upn)
    assert (await office.call("auth", "refresh", KIM)).code == 4
    again = await office.login("--all", "--needing", "--json")
    assert [(line["user"], line["result"]) for line in again.document] == [(KIM, "signed_in")]


async def test_an_address_that_is_not_the_sign_in_name_is_known_by_the_directory(office: Office) -> None:
    """Park's enrolled address is her mailbox's; she signs in under another name, and no e-mail claim is asked for."""
    assert office.user(PARK).mail != office.user(PARK).upn
    done = await office.login(PARK)
    assert done.code == 0, done.said


async def test_somebody_else_stores_nothing_and_is_named(office: Office) -> None:
    done = await office.login(KIM, instead=office.user(PARK))
    assert done.code == 8
    assert "park.minseo@contoso-class.example" in done.out
    assert "nothing was stored" in done.out
    assert (await office.status(KIM))["freshness"] == "none"


async def test_the_page_of_a_failure_offers_nothing_that_ends_with_the_command(office: Office) -> None:
    """A button to begin again would lead to a server that is gone."""
    with office.shell.start("auth", "login", "--no-browser", KIM) as login:
        await asyncio.to_thread(login.wait_for, "waiting for the browser")
        ((_, url, _),) = asked(login)
        async with Person(office.user(PARK)) as person:
            status, page = await person.deliver(await person.sign_in(url))
        assert (await asyncio.to_thread(login.end)).code == 8
    assert status == 200
    assert "<form" not in page
    assert "run the sign-in command again" in page


async def test_the_practice_provider_signs_nobody_in(office: Office) -> None:
    done = await asyncio.to_thread(office.shell.having(IDENTITY_PROVIDER="memory").call, "auth", "login", KIM)
    assert done.code == 3
    assert "[PROVIDER_FOR_PRACTICE]" in done.err


async def test_a_device_code_may_be_asked_for_instead_of_a_browser(office: Office) -> None:
    public = office.simulator.directory.application("public").client_id
    web = office.simulator.directory.application("web").client_id
    office.rewrite(KIM, web, public)
    office.rewrite(KIM, '  client_secret: "${AZURE_CLIENT_SECRET}"\n', "")
    await office.enroll()
    done = await office.login(KIM, "--device")
    assert done.code == 0, done.said
    assert "enter the code" in done.err


async def test_one_that_fails_stops_no_other_and_gives_the_exit_code(office: Office) -> None:
    done = await office.login("nobody", KIM)
    assert done.code == 6
    assert "There is no account 'nobody'" in done.err
    assert (await office.status(KIM))["status"] == "ACTIVE"


async def test_an_application_without_people_just_gets_its_token(office: Office) -> None:
    daemon = office.simulator.directory.application("daemon")
    web = office.simulator.directory.application("web")
    office.rewrite(KIM, web.client_id, daemon.client_id)
    office.rewrite(KIM, "${AZURE_CLIENT_SECRET}", daemon.secrets[0].value)
    office.rewrite(KIM, "Authorization Code Flow", "Client Credentials")
    await office.enroll()
    done = await office.login(KIM, "--json")
    assert (done.code, done.document[0]["result"]) == (0, "token_received"), done.said


async def test_a_port_that_is_taken_is_no_obstacle(office: Office) -> None:
    """Entra ignores the port of a redirect URI to localhost."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        office.rewrite(KIM, "localhost:5000", f"localhost:{taken.getsockname()[1]}")
        await office.enroll()
        done = await office.login(KIM)
    assert done.code == 0, done.said


@pytest.mark.parametrize("user_id", [KIM, ANNA])
async def test_an_interruption_gives_up_what_is_open(office: Office, user_id: str) -> None:
    with office.shell.start("auth", "login", "--no-browser", user_id) as login:
        await asyncio.to_thread(login.wait_for, "waiting for the")
        assert len(await office.done("auth", "sessions")) == 1
        done = await asyncio.to_thread(login.stop, signal.SIGINT)
    assert done.code == 130
    assert "Traceback" not in done.err
    assert await office.done("auth", "sessions") == []


async def test_a_sign_in_that_the_person_declines_fails_with_the_reason(office: Office) -> None:
    with office.shell.start("auth", "login", "--no-browser", KIM) as login:
        await asyncio.to_thread(login.wait_for, "waiting for the browser")
        ((_, url, _),) = asked(login)
        await decline(office.user(KIM), url)
        done = await asyncio.to_thread(login.end)
    assert done.code == 14
    assert "declined" in done.out


async def decline(user: User, url: str) -> None:
    """Press the cancel button and let the browser go back."""
    async with Person(user) as person:
        callback = await person.cancel(url)
        assert isinstance(callback, Callback)
        await person.deliver(callback)


async def test_what_a_killed_process_began_is_finished_by_another(office: Office) -> None:
    """Both kinds of sign-in: the server takes the browser's return and polls for the device."""
    with (
        office.shell.start("auth", "login", "--no-browser", KIM, ANNA) as login,
        office.shell.having(AUTH_LISTEN="127.0.0.1:0", LOG_FORMAT="json").start("auth", "serve") as server,
    ):
        await asyncio.to_thread(wait_until, lambda: len(list(asked(login))) == 2)
        login.process.kill()
        await asyncio.to_thread(login.end)
        await asyncio.to_thread(server.wait_for, "is listening")
        port = listening_port(server)
        for user_id, url, code in list(asked(login)):
            await office.follow(office.user(user_id), url, code, port=port)
        database = office.shell.directory / "iacsgraph.db"
        active = "SELECT count(*) FROM accounts WHERE status = 'ACTIVE'"
        await asyncio.to_thread(wait_until, lambda: rows(database, active) == [(2,)])
        assert (await asyncio.to_thread(server.stop, signal.SIGTERM)).code == 143
