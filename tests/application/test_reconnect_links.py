"""Reconnect links: good for one successful sign-in of one account, for a while."""

from datetime import timedelta

import pytest

from domain.errors import AuthenticationError, NotFoundError
from domain.sign_in import Stage
from ports.identity_provider import AuthorizationResponse
from tests.application.rig import Rig, open_rig

WEEK = timedelta(days=7)


async def refused(rig: Rig, text: str) -> str:
    """Return the code with which a link is refused."""
    with pytest.raises(AuthenticationError) as caught:
        await rig.sign_ins.follow_link(text)
    return caught.value.error_code


async def test_a_link_leads_to_its_account_however_often_it_is_followed_and_whoever_is_asked(rig: Rig) -> None:
    text = await rig.sign_ins.issue_link("kim", WEEK)
    first = await rig.sign_ins.follow_link(text)
    assert first[0].user_id == "kim"
    async with open_rig(rig) as other:
        assert await other.sign_ins.follow_link(text) == first


async def test_links_of_different_accounts_lead_to_different_accounts(rig: Rig) -> None:
    await rig.enrol()
    kims, lees = await rig.sign_ins.issue_link("kim", WEEK), await rig.sign_ins.issue_link("lee", WEEK)
    assert (await rig.sign_ins.follow_link(lees))[0].user_id == "lee"
    assert (await rig.sign_ins.follow_link(kims))[0].user_id == "kim"
    crossed = f"{kims.partition('.')[0]}.{lees.partition('.')[2]}"
    assert await refused(rig, crossed) == "LINK_UNKNOWN"


async def test_a_link_is_used_up_by_a_sign_in_that_ends_well_and_by_no_other(rig: Rig) -> None:
    await rig.enrol()
    text = await rig.sign_ins.issue_link("lee", WEEK)
    _, link_id = await rig.sign_ins.follow_link(text)
    failing, working = [await rig.sign_ins.begin("lee", link_id=link_id) for _ in range(2)]
    state, _ = rig.visit(failing, "lee@office.example")
    ended, _ = await rig.sign_ins.complete(state, AuthorizationResponse(error="access_denied"))
    assert ended.stage is Stage.FAILED
    assert (await rig.sign_ins.follow_link(text))[1] == link_id
    ended, _ = await rig.sign_ins.complete(*rig.visit(working, "lee@office.example"))
    assert ended.stage is Stage.DONE
    assert await refused(rig, text) == "LINK_USED"


async def test_two_sign_ins_of_one_link_may_both_end_well(rig: Rig) -> None:
    text = await rig.sign_ins.issue_link("kim", WEEK)
    _, link_id = await rig.sign_ins.follow_link(text)
    for departure in [await rig.sign_ins.begin("kim", link_id=link_id) for _ in range(2)]:
        ended, _ = await rig.sign_ins.complete(*rig.visit(departure, "kim@office.example"))
        assert ended.stage is Stage.DONE
    assert await refused(rig, text) == "LINK_USED"


async def test_a_sign_in_without_the_link_does_not_use_it(rig: Rig) -> None:
    text = await rig.sign_ins.issue_link("kim", WEEK)
    await rig.sign_ins.complete(*rig.visit(await rig.sign_ins.begin("kim"), "kim@office.example"))
    assert (await rig.sign_ins.follow_link(text))[0].user_id == "kim"


async def test_a_link_expires(rig: Rig) -> None:
    text = await rig.sign_ins.issue_link("kim", WEEK)
    await rig.clock.advance(WEEK - timedelta(seconds=1))
    await rig.sign_ins.follow_link(text)
    await rig.clock.advance(timedelta(seconds=1))
    assert await refused(rig, text) == "LINK_EXPIRED"


@pytest.mark.parametrize("text", ["", ".", "nobody.secret", "é.ü", "\udc80.x"])
async def test_a_made_up_link_is_nobodys(rig: Rig, text: str) -> None:
    assert await refused(rig, text) == "LINK_UNKNOWN"


async def test_a_link_that_was_cut_short_is_nobodys_and_its_secret_is_not_kept(rig: Rig) -> None:
    text = await rig.sign_ins.issue_link("kim", WEEK)
    assert await refused(rig, text[:-1]) == "LINK_UNKNOWN"
    assert await refused(rig, text.partition(".")[0]) == "LINK_UNKNOWN"
    assert text.partition(".")[2] not in f"{rig.database.links} {rig.log.entries}"


async def test_the_account_must_be_there_when_a_link_is_issued_and_when_it_is_followed(rig: Rig) -> None:
    with pytest.raises(NotFoundError):
        await rig.sign_ins.issue_link("nobody", WEEK)
    text = await rig.sign_ins.issue_link("kim", WEEK)
    rig.database.accounts.clear()
    with pytest.raises(NotFoundError):
        await rig.sign_ins.follow_link(text)
