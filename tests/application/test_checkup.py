"""Which applications are in use, and what is found out about each."""

import attrs

from adapters.memory.tenant_directory import MemoryTenantDirectory
from application.applications import Applications
from application.checkup import Checkup
from application.preflight import Preflight
from domain.account import OAuthApplication
from ports.cipher import Binding
from tests.application.rig import APPLICATION, Rig

OWN = attrs.evolve(APPLICATION, client_id="own", client_secrets=("own secret",))


def checkup(rig: Rig, default: OAuthApplication | None = APPLICATION) -> Checkup:
    directory = MemoryTenantDirectory(provider=rig.provider)
    return Checkup(
        accounts=rig.operator,
        applications=Applications(default=default),
        preflight=Preflight(directory=directory, clock=rig.clock),
    )


async def test_each_application_is_examined_once_and_names_its_users(rig: Rig) -> None:
    for user_id in ("ann", "bob"):
        await rig.enrol(user_id, OWN)
    await rig.enrol("old", OWN)
    await rig.operator.deactivate("old", actor="test", reason="a reason")
    before = rig.provider.calls["try_application"]
    found = await checkup(rig).every()
    named = [(each.application and each.application.client_id, each.user_ids) for each in found]
    assert named == [("app", ("kim",)), ("own", ("ann", "bob"))]
    assert rig.provider.calls["try_application"] == before + 2


async def test_only_the_accounts_asked_for_are_looked_at(rig: Rig) -> None:
    account = await rig.enrol("ann", OWN)
    (found,) = await checkup(rig).of([account])
    assert found.user_ids == ("ann",)


async def test_accounts_without_any_application_are_told_together(rig: Rig) -> None:
    await rig.enrol("ann")
    (found,) = await checkup(rig, default=None).every()
    assert (found.application, found.user_ids) == (None, ("ann", "kim"))
    assert [finding.code for finding in found.findings] == ["OAUTH_NOT_CONFIGURED"]


async def test_secrets_that_do_not_open_are_a_finding_and_stop_nothing(rig: Rig) -> None:
    account = await rig.enrol("ann", OWN)
    rig.database.ciphertexts[Binding(account.account_id, "client_secret")] = "scribble"
    found = await checkup(rig).every()
    assert [finding.code for each in found if "ann" in each.user_ids for finding in each.findings] == [
        "SECRETS_DO_NOT_OPEN"
    ]
    assert any("kim" in each.user_ids for each in found)
