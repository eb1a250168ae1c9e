"""When a lease ends: as its holder and all others were told alike, and whatever was done to the machine's clock."""

from datetime import timedelta

import pytest

from ports.token_store import Lease
from tests.contracts.rigs import Rig
from tests.contracts.samples import LEASE, MINUTE, NOW, SECOND, due, losing_grant, token, unchanged
from tests.contracts.scenes import held, lease, sign_in

DAY = timedelta(days=1)


@pytest.mark.parametrize("lasting", [SECOND, LEASE, 5 * MINUTE, 6 * MINUTE, DAY])
async def test_the_holder_knows_when_others_may_take_over(rig: Rig, elsewhere: Rig, lasting: timedelta) -> None:
    await sign_in(rig)
    given = await lease(rig, lasting=lasting)
    wait = (await held(elsewhere)).wait
    assert wait is not None
    assert wait.until == given.expires_at


async def test_a_lease_from_before_the_clock_was_set_back_is_not_believed(rig: Rig, elsewhere: Rig) -> None:
    await sign_in(rig)
    late = await lease(rig)
    found = await held(elsewhere, now=NOW - DAY)
    assert found.wait is None
    taken = await elsewhere.tokens.claim(found, "next", NOW - DAY, LEASE)
    assert isinstance(taken, Lease)
    assert taken.fence > late.fence


async def test_a_waiting_from_before_the_clock_was_set_back_is_not_believed(rig: Rig, elsewhere: Rig) -> None:
    await sign_in(rig)
    await rig.tokens.fail(await lease(rig), NOW, MINUTE, 0, unchanged)
    assert (await held(elsewhere, now=NOW - DAY)).wait is None
    await lease(elsewhere, now=NOW - DAY)


async def test_a_token_whose_grant_was_lost_is_kept_and_not_due(rig: Rig) -> None:
    await sign_in(rig)
    await rig.tokens.fail(await lease(rig), NOW, MINUTE, 0, losing_grant())
    found = await held(rig)
    assert (found.access, found.due_at) == (token().access, None)
    await sign_in(rig, "bob")
    assert await rig.tokens.due(NOW, 10) == [("bob", due())]
