"""`auth status`, `sessions`, `token`, `refresh`, `logout`, `link` and `serve`, against a local Entra ID."""

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest

from modules.simulator.faults import aadsts, status
from tests.modules.auth.seeds import fingerprints, rows, vandalise
from tests.modules.iacsgraph.shell import PATIENCE
from tests.simulator.office import ANNA, KIM, PARK, Office, listening_port, open_office
from tests.simulator.person import Callback, Person

REVOKING = '"User.Read", "User.RevokeSessions.All"'


async def administrator_consents(office: Office, scope: str) -> None:
    """Consent for everybody, on the administrator's page."""
    tenant, web = office.simulator.directory.tenant, office.simulator.directory.application("web")
    query = {
        "client_id": web.client_id,
        "scope": f"https://graph.microsoft.com/{scope}",
        "redirect_uri": "http://localhost/auth/callback",
        "state": "consent",
    }
    async with Person(tenant.administrator) as person:
        url = f"{office.simulator.http_url}/{tenant.tenant_id}/v2.0/adminconsent?{urlencode(query)}"
        assert (await person.sign_in(url)).fields["admin_consent"] == "True"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path) as opened:
        yield opened


async def test_a_token_is_printed_alone_and_is_accepted_by_the_resource(office: Office) -> None:
    await office.signed_in(KIM)
    printed = await office.call("auth", "token", KIM)
    assert printed.code == 0
    me, headers = f"{office.simulator.http_url}/v1.0/me", {"Authorization": f"Bearer {printed.out.strip()}"}
    async with aiohttp.ClientSession() as session, session.get(me, headers=headers) as answer:
        assert (await answer.json())["userPrincipalName"] == office.user(KIM).upn
    as_document = await office.done("auth", "token", KIM)
    assert as_document["access_token"] == printed.out.strip()
    assert set(as_document) == {"user", "expires_at", "scopes", "access_token"}


async def test_a_token_that_has_expired_is_refreshed_and_one_at_hand_asks_nobody(tmp_path: Path) -> None:
    async with open_office(tmp_path, token_lifetime=timedelta(seconds=6)) as office:
        await office.signed_in(KIM)
        first = (await office.call("auth", "token", KIM)).out
        asked = len(office.simulator.requests.of("token"))
        again = (await office.call("auth", "token", KIM)).out
        assert (again == first) == (len(office.simulator.requests.of("token")) == asked)
        async with asyncio.timeout(PATIENCE):
            while (await office.call("auth", "token", KIM)).out == first:
                pass
        assert (await office.status(KIM))["status"] == "ACTIVE"


async def test_a_longer_life_is_asked_for_by_the_caller(tmp_path: Path) -> None:
    async with open_office(tmp_path, token_lifetime=timedelta(hours=1)) as office:
        await office.signed_in(KIM)
        first = (await office.call("auth", "token", KIM, "--min-lifetime", "60")).out
        other = await office.call("auth", "token", KIM, "--min-lifetime", "3590")
        assert (other.code, other.out == first) == (0, False), "the best that a refresh gives"


async def test_who_may_not_have_a_token_hears_why_and_what_to_do(office: Office) -> None:
    await office.signed_in(KIM)
    unknown = await office.call("auth", "token", "nobody")
    assert (unknown.code, unknown.out) == (6, "")
    assert "see: iacsgraph account list" in unknown.err
    needing = await office.call("auth", "token", ANNA)
    assert (needing.code, needing.out) == (4, "")
    assert "its owner must sign in for the first time" in needing.err
    assert "iacsgraph auth login" in needing.err
    await office.done("account", "lock", KIM)
    locked = await office.call("auth", "token", KIM)
    assert (locked.code, locked.out) == (8, "")
    assert "iacsgraph account unlock" in locked.err
    state = await office.status(KIM)
    assert (state["who"], state["act"]) == ("operator", "unlock it")


async def test_a_provider_that_is_down_is_a_temporary_failure_and_a_token_at_hand_goes_on(office: Office) -> None:
    await office.signed_in(KIM)
    office.simulator.faults.add(status(503, retry_after=120))
    assert (await office.call("auth", "token", KIM)).code == 0
    failed = await office.call("auth", "refresh", KIM)
    assert failed.code == 5
    assert "try again later, in 1" in failed.err
    assert (await office.status(KIM))["waiting_until"] is not None


async def test_a_revoked_grant_is_found_out_and_told_with_its_remedy(office: Office) -> None:
    await office.signed_in(KIM, ANNA)
    office.simulator.revoke_sessions(office.user(KIM).upn)
    done = await office.call("auth", "refresh", KIM, ANNA, "--json")
    assert done.code == 4
    assert [line["user"] for line in done.document] == [ANNA], "the other one is refreshed all the same"
    assert done.error["details"]["reason"] == "grant_revoked"
    state = await office.status(KIM)
    assert (state["status"], state["who"], state["act"]) == ("REAUTH_REQUIRED", "owner", "sign in again")
    assert (await office.login(KIM)).code == 0
    assert (await office.status(KIM))["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("code", "reason", "who"),
    [
        (50076, "mfa_required", "owner"),
        (53003, "blocked_by_policy", "administrator"),
        (50057, "user_disabled", "administrator"),
        (65001, "consent_required", "owner"),
    ],
)
async def test_who_must_act_is_said(office: Office, code: int, reason: str, who: str) -> None:
    await office.signed_in(KIM)
    office.simulator.faults.add(aadsts(code, user=office.user(KIM).upn))
    assert (await office.call("auth", "refresh", KIM)).code == 4
    state = await office.status(KIM)
    assert (state["reason"], state["who"]) == (reason, who)


async def test_a_fault_of_the_application_changes_no_account(office: Office) -> None:
    await office.signed_in(KIM)
    office.simulator.faults.add(aadsts(7000222, application="web"))
    failed = await office.call("auth", "refresh", KIM)
    assert failed.code == 3
    assert "renew the client secret" in failed.err
    assert (await office.status(KIM))["status"] == "ACTIVE"


async def test_signing_out_forgets_the_tokens_here_only(office: Office) -> None:
    await office.signed_in(KIM)
    assert await office.done("auth", "logout", KIM) == [{"user": KIM, "everywhere": False}]
    state = await office.status(KIM)
    assert (state["reason"], state["freshness"]) == ("signed_out", "none")
    kept = "SELECT count(*) FROM tokens WHERE refresh_token IS NOT NULL OR access_token IS NOT NULL"
    assert rows(office.shell.directory / "iacsgraph.db", kept) == [(0,)]
    (entry,) = [entry for entry in await office.done("account", "audit", KIM) if entry["action"] == "signed_out"]
    assert entry["actor"].startswith("cli:")


async def test_signing_out_everywhere_ends_the_sessions_at_the_provider_and_says_so(office: Office) -> None:
    await administrator_consents(office, "User.RevokeSessions.All")
    office.rewrite(KIM, '"User.Read"', REVOKING)
    await office.signed_in(KIM)
    before = office.user(KIM).grants_of
    done = await office.call("auth", "logout", KIM, "--everywhere", "--yes", "--json")
    assert (done.code, done.document) == (0, [{"user": KIM, "everywhere": True}])
    assert "in EVERY application" in done.err
    assert office.user(KIM).grants_of == before + 1


async def test_signing_out_everywhere_without_the_permission_forgets_nothing(office: Office) -> None:
    await office.signed_in(KIM)
    done = await office.call("auth", "logout", KIM, "--everywhere", "--yes")
    assert done.code == 8
    assert "User.RevokeSessions.All" in done.err
    assert (await office.status(KIM))["status"] == "ACTIVE"


async def test_signing_out_everywhere_is_not_done_where_nobody_can_answer(office: Office) -> None:
    await office.signed_in(KIM)
    asked = len(office.simulator.requests)
    done = await office.call("auth", "logout", KIM, "--everywhere")
    assert done.code == 2
    assert "add --yes" in done.err
    assert len(office.simulator.requests) == asked
    assert (await office.status(KIM))["status"] == "ACTIVE"


async def test_a_reason_that_changes_is_told_by_status_too_and_asking_again_at_once_says_the_same(
    office: Office,
) -> None:
    await office.signed_in(KIM)
    for code, who in ((50076, "owner"), (53003, "administrator")):
        fault = office.simulator.faults.add(aadsts(code, user=office.user(KIM).upn))
        vandalise(office.shell.directory / "iacsgraph.db", "UPDATE tokens SET retry_at = NULL")
        assert (await office.call("auth", "refresh", KIM)).code == 4
        assert (await office.status(KIM))["who"] == who
        office.simulator.faults.remove(fault)
    again = await office.call("auth", "refresh", KIM)
    assert again.code == 4, "not 'try again later': somebody must act"
    assert "its administrator must" in again.err


async def test_people_read_times_in_their_zone_and_programs_in_utc(office: Office) -> None:
    await office.signed_in(KIM)
    shell = office.shell.having(TIMEZONE="Asia/Seoul")
    told = await asyncio.to_thread(shell.call, "auth", "status", KIM)
    assert "+09:00" in told.out
    for_programs = await asyncio.to_thread(shell.call, "auth", "status", KIM, "--json")
    assert for_programs.document[0]["expires_at"].endswith("+00:00")


async def test_a_mailbox_is_handed_over_to_a_new_owner_on_purpose_only(office: Office) -> None:
    await office.signed_in(KIM)
    kim, anna = office.user(KIM), office.user(ANNA)
    await office.call("auth", "logout", KIM)
    office.rewrite(ANNA, anna.upn, "anna.elsewhere@contoso-class.example")
    office.rewrite(KIM, kim.upn, anna.upn)
    await office.enroll()
    refused = await office.login(KIM, instead=anna)
    assert refused.code == 8, "the address is hers, and yet the owner is known"
    await office.done("auth", "logout", KIM, "--forget-owner")
    accepted = await office.login(KIM, instead=anna)
    assert accepted.code == 0, accepted.said
    assert (await office.status(KIM))["status"] == "ACTIVE"


@pytest.mark.parametrize("listen", ["0.0.0.0:5000", "127.0.0.1:0"])
async def test_a_link_that_nobody_could_open_is_not_made(office: Office, listen: str) -> None:
    await office.enroll()
    shell = office.shell.having(AUTH_LISTEN=listen)
    done = await asyncio.to_thread(shell.call, "auth", "link", KIM)
    assert (done.code, done.out) == (3, "")
    assert "set AUTH_PUBLIC_URL" in done.err
    named = shell.having(AUTH_PUBLIC_URL="https://mail.example.com/sign-in/")
    link = (await asyncio.to_thread(named.call, "auth", "link", KIM)).out
    assert link.startswith("https://mail.example.com/sign-in/auth/reconnect/")


async def test_status_and_sessions_write_nothing_and_need_no_network(office: Office) -> None:
    await office.signed_in(KIM)
    shell = office.shell.having(AZURE_AUTHORITY="https://login.invalid", AZURE_GRAPH_URL="https://graph.invalid")
    before = fingerprints(office.shell.directory)
    for command in ("status", "sessions"):
        assert (await asyncio.to_thread(shell.call, "auth", command)).code == 0
    assert fingerprints(office.shell.directory) == before


async def test_status_of_a_database_that_is_not_there_or_of_another_version_is_an_error(office: Office) -> None:
    missing = await office.call("auth", "status")
    assert missing.code == 11
    assert "[DATABASE_MISSING]" in missing.err
    assert not (office.shell.directory / "iacsgraph.db").exists()
    await office.enroll()
    for version, code in ((1, "SCHEMA_OLDER"), (99, "SCHEMA_NEWER")):
        vandalise(office.shell.directory / "iacsgraph.db", f"PRAGMA user_version = {version}")
        other = await office.call("auth", "status")
        assert other.code == 11
        assert f"[{code}]" in other.err


async def test_a_reconnect_link_signs_its_owner_in_once_at_the_server(office: Office) -> None:
    await office.enroll()
    with office.shell.having(AUTH_LISTEN="127.0.0.1:0", LOG_FORMAT="json").start("auth", "serve") as server:
        await asyncio.to_thread(server.wait_for, "is listening")
        port = listening_port(server)
        office.rewrite(KIM, "localhost:5000", f"127.0.0.1:{port}")
        await office.enroll()
        here = office.shell.having(AUTH_LISTEN=f"127.0.0.1:{port}")
        link = (await asyncio.to_thread(here.call, "auth", "link", KIM, "--hours", "1")).out.strip()
        async with Person(office.user(KIM)) as person:
            await person.open(link)
            sent = await person.submit(person.pages[-1].forms[0], {})
            assert isinstance(sent, Callback), "the button leads to the provider"
            assert "connected" in (await person.deliver(await person.sign_in(sent.url)))[1]
        assert (await office.status(KIM))["status"] == "ACTIVE"
        async with Person(office.user(KIM), language="ko") as person:
            await person.open(link)
            assert person.pages[-1].status == 410
            assert "이미 연결" in person.pages[-1].text
            await person.open(f"http://127.0.0.1:{port}/health/ready")
            assert person.pages[-1].status == 200
        done = await asyncio.to_thread(server.stop, signal.SIGTERM)
    assert done.code == 143
    assert link.rpartition(".")[2] not in done.err, "no link's secret is logged"
    assert "code=" not in done.err


async def test_a_server_whose_port_is_taken_says_so(office: Office) -> None:
    with office.shell.having(AUTH_LISTEN="127.0.0.1:0", LOG_FORMAT="json").start("auth", "serve") as server:
        await asyncio.to_thread(server.wait_for, "is listening")
        other = office.shell.having(AUTH_LISTEN=f"127.0.0.1:{listening_port(server)}")
        done = await asyncio.to_thread(other.run, "auth", "serve")
    assert done.code == 3
    assert "[PORT_TAKEN]" in done.err


async def test_wrong_usage_of_login_is_told(office: Office) -> None:
    for arguments in ((), ("--all", KIM), (PARK, "--needing")):
        assert (await office.call("auth", "login", *arguments)).code == 2
