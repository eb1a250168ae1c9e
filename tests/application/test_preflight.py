"""What the directory says to applications before anybody signs in: each question is asked once, nothing ever fails."""

import asyncio
from datetime import timedelta
from typing import Any

import attrs
import pytest

from adapters.memory.clock import MemoryClock
from adapters.memory.identifiers import MemoryIdentifiers
from adapters.memory.identity_provider import MemoryIdentityProvider
from adapters.memory.tenant_directory import MemoryTenantDirectory
from application.preflight import Preflight
from domain.account import AuthFlow, OAuthApplication
from domain.errors import APIConnectionError, AuthenticationError, ConfigurationError, IACSGraphError, ThrottledError
from domain.registration import Finding, Level

TENANT = "contoso.example"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----"
REACHED, PLAUSIBLE = "TENANT_REACHED", "SETUP_PLAUSIBLE"


def application(*secrets: str, **fields: Any) -> OAuthApplication:  # noqa: ANN401 - fields of several types
    """Return an application whose set-up is plausible."""
    sound: dict[str, Any] = {
        "client_id": "app",
        "tenant_id": TENANT,
        "scopes": ("Mail.Read", "offline_access"),
        "redirect_uri": "http://localhost:5000/auth/callback",
    }
    return OAuthApplication(**(sound | fields), client_secrets=secrets)


@attrs.define
class World:
    """A directory that knows the application `app` by two credentials."""

    clock: MemoryClock
    provider: MemoryIdentityProvider
    skew: timedelta | None = timedelta(0)

    async def findings(self, asked: OAuthApplication) -> list[Finding]:
        """Return what is found out about one application."""
        return [*(await self.preflight().examine([asked]))[asked]]

    async def codes(self, asked: OAuthApplication) -> list[str]:
        """Return the codes alone."""
        return [finding.code for finding in await self.findings(asked)]

    def preflight(self) -> Preflight:
        """Return the examination."""
        directory = MemoryTenantDirectory(provider=self.provider, clock_offset=self.skew)
        return Preflight(directory=directory, clock=self.clock)


@pytest.fixture
def world() -> World:
    clock = MemoryClock()
    provider = MemoryIdentityProvider(clock=clock, identifiers=MemoryIdentifiers())
    provider.register(application("right", PEM))
    return World(clock, provider)


async def test_where_all_is_well_every_finding_says_so(world: World) -> None:
    found = await world.findings(application("right"))
    assert [finding.code for finding in found] == [PLAUSIBLE, REACHED, "CREDENTIAL_ACCEPTED"]
    assert {finding.level for finding in found} == {Level.OK}
    assert {finding.remedy for finding in found} == {""}


async def test_every_credential_is_tried_and_told_by_its_position(world: World) -> None:
    found = (await world.findings(application("canary-wrong", PEM, "right")))[2:]
    assert [(finding.level, finding.code) for finding in found] == [
        (Level.WARNING, "CREDENTIAL_REJECTED"),
        (Level.OK, "CREDENTIAL_ACCEPTED"),
        (Level.OK, "CREDENTIAL_ACCEPTED"),
    ]
    assert "client secret (credential 1 of 3)" in found[0].message
    assert "certificate (credential 2 of 3)" in found[1].message
    assert "canary" not in repr(found)


async def test_where_no_credential_is_accepted_it_is_a_fault_of_each(world: World) -> None:
    found = (await world.findings(application("canary-1", "canary-2")))[2:]
    assert [(finding.level, finding.code) for finding in found] == [(Level.FAULT, "CREDENTIAL_REJECTED")] * 2
    assert all(finding.remedy for finding in found)
    assert "canary" not in repr(found)


async def test_a_public_client_has_no_credential_to_try(world: World) -> None:
    assert await world.codes(application()) == [PLAUSIBLE, REACHED, "PUBLIC_CLIENT"]


async def test_where_the_tenant_stands_for_many_a_credential_cannot_be_tried(world: World) -> None:
    found = (await world.findings(application("right", tenant_id="common")))[-1]
    assert (found.level, found.code) == (Level.UNKNOWN, "CREDENTIAL_NOT_TRIED")
    assert found.remedy


async def test_an_unknown_application_is_told_once_however_many_credentials_it_has(world: World) -> None:
    found = await world.findings(application("a", "b", client_id="other"))
    assert [finding.code for finding in found] == [PLAUSIBLE, REACHED, "APPLICATION_UNKNOWN"]
    assert found[-1].level is Level.FAULT


async def test_in_an_unknown_tenant_nothing_else_is_asked(world: World) -> None:
    found = await world.findings(application("right", tenant_id="nowhere.example"))
    assert [finding.code for finding in found] == [PLAUSIBLE, "TENANT_UNKNOWN"]
    assert found[-1].level is Level.FAULT
    assert world.provider.calls == {"reach": 1}


@pytest.mark.parametrize(
    ("skew", "level", "word"),
    [
        (timedelta(seconds=59), None, ""),
        (timedelta(minutes=1), Level.WARNING, "1 min behind"),
        (timedelta(minutes=-2), Level.WARNING, "2 min ahead"),
        (timedelta(minutes=5), Level.FAULT, "5 min behind"),
        (timedelta(hours=-9), Level.FAULT, "540 min ahead"),
        (None, None, ""),
    ],
)
async def test_a_clock_that_goes_wrong_is_told(
    world: World, skew: timedelta | None, level: Level | None, word: str
) -> None:
    world.skew = skew
    found = [each for each in await world.findings(application("right")) if each.code == "CLOCK_SKEWED"]
    assert [each.level for each in found] == ([] if level is None else [level])
    assert all(word in each.message for each in found)


@pytest.mark.parametrize("error", [APIConnectionError("It is away."), ThrottledError("It asks to wait.")])
@pytest.mark.parametrize("before", [0, 1], ids=["tenant", "credential"])
async def test_what_cannot_be_asked_is_unknown_with_what_to_do(
    world: World, error: IACSGraphError, before: int
) -> None:
    world.provider.interventions.extend([_nothing] * before + [error])
    found = (await world.findings(application("right")))[-1]
    assert (found.level, found.message) == (Level.UNKNOWN, error.message)
    assert "iacsgraph account check" in found.remedy


@pytest.mark.parametrize("error", [ConfigurationError("Disabled.", error_code="X"), AuthenticationError("No.")])
async def test_any_other_refusal_is_a_fault_with_its_own_code(world: World, error: IACSGraphError) -> None:
    world.provider.interventions.extend([_nothing, error])
    found = (await world.findings(application("right")))[-1]
    assert (found.level, found.code) == (Level.FAULT, error.error_code)


async def _nothing() -> None:
    return


async def test_faults_of_the_set_up_are_told_together_with_what_the_directory_says(world: World) -> None:
    asked = application("wrong", scopes=(), redirect_uri=None, flow=AuthFlow.DEVICE_CODE)
    assert await world.codes(asked) == [
        "OFFLINE_ACCESS_MISSING",
        "SCOPES_WITHOUT_PERMISSION",
        REACHED,
        "CREDENTIAL_REJECTED",
    ]


async def test_each_tenant_and_each_credential_is_asked_for_once_however_many_share_them(world: World) -> None:
    asked = [application("right", "wrong", scopes=("offline_access", f"Mail.{number}")) for number in range(50)]
    found = await world.preflight().examine([*asked, *asked])
    assert list(found) == asked
    assert world.provider.calls == {"reach": 1, "try_application": 2}
    assert len({tuple(findings) for findings in found.values()}) == 1


async def test_not_more_than_a_few_are_asked_at_once(world: World) -> None:
    under_way = most = 0

    async def meet() -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(10):
            await asyncio.sleep(0)
        under_way -= 1

    world.provider.interventions.extend([meet] * 100)
    preflight = attrs.evolve(world.preflight(), at_once=3)
    await preflight.examine([application("x", client_id=f"app-{n}", tenant_id=f"t{n}.example") for n in range(30)])
    assert most == 3


async def test_after_a_while_nobody_else_is_asked(world: World) -> None:
    async def take_long() -> None:
        await world.clock.advance(timedelta(seconds=40))

    world.provider.interventions.extend([take_long] * 9)
    asked = [application("x", tenant_id=f"t{number}.example") for number in range(5)]
    preflight = attrs.evolve(world.preflight(), at_once=1, patience=timedelta(minutes=1))
    found = await preflight.examine(asked)
    assert world.provider.calls["reach"] == 2
    assert [findings[-1].code for findings in found.values()] == ["TENANT_UNKNOWN"] * 2 + ["TENANT_UNREACHABLE"] * 3


async def test_without_a_directory_only_what_can_be_seen_is_told(world: World) -> None:
    asked = application("right", scopes=("Mail.Read",))
    found = await attrs.evolve(world.preflight(), directory=None).examine([asked])
    assert [finding.code for finding in found[asked]] == ["OFFLINE_ACCESS_MISSING"]
    assert not world.provider.calls


async def test_a_cancelled_examination_leaves_no_question_behind(world: World) -> None:
    asked = asyncio.Event()

    async def hang() -> None:
        asked.set()
        await asyncio.Event().wait()

    world.provider.interventions.extend([hang] * 2)
    task = asyncio.create_task(world.preflight().examine([application("right"), application(tenant_id="common")]))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_no_application_no_question() -> None:
    clock = MemoryClock()
    assert asyncio.run(Preflight(directory=None, clock=clock).examine([])) == {}
