"""The promises of `SignInStore`, with one process and with several."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import attrs
import pytest

from domain.account import AccountId
from domain.errors import AuthenticationError, EncryptionError, NotFoundError, StaleKeyError, ThrottledError
from domain.sign_in import (
    COMPLETION,
    GIVEN_UP,
    OPEN_IN_ALL,
    OPEN_PER_ACCOUNT,
    REPLACED,
    SIGN_IN_LASTS,
    LinkId,
    SignIn,
    SignInId,
    SignInTransition,
    Stage,
    cancelled,
    done,
    failed,
    poll,
    slow_down,
)
from tests.contracts.rigs import Rig, Secret, World
from tests.contracts.samples import MINUTE, NOW, SECOND
from tests.contracts.scenes import contents_unchanged, enrol, refusal
from tests.contracts.sign_in_samples import (
    approving,
    bare,
    browser,
    complete,
    device,
    opened,
    reconnect_link,
    taking,
    unchanged,
)

DAY = timedelta(days=1)
ENDINGS: dict[str, SignInTransition] = {
    "done": done,
    "failed": lambda current: failed(current, "code_rejected", "The code was used before."),
    "cancelled": lambda current: cancelled(current, GIVEN_UP),
}


async def begin(rig: Rig, sign_in: SignIn) -> SignIn:
    """Begin it."""
    await rig.sign_ins.begin(sign_in)
    return sign_in


async def stages(rig: Rig, *sign_ins: SignIn) -> list[Stage | None]:
    """Return where each one stands; None for one that is forgotten."""
    found = [await rig.sign_ins.find(sign_in.sign_in_id) for sign_in in sign_ins]
    return [None if sign_in is None else sign_in.stage for sign_in in found]


# Beginning and finding


@pytest.mark.parametrize("make", [browser, device])
async def test_what_was_begun_is_found_and_open_without_secrets_and_applied_with_them(
    rig: Rig, elsewhere: Rig, make: Callable[[AccountId], SignIn]
) -> None:
    sign_in = await begin(rig, make((await enrol(rig)).account_id))
    assert await elsewhere.sign_ins.find(sign_in.sign_in_id) == bare(sign_in)
    assert await elsewhere.sign_ins.open(NOW) == [bare(sign_in)]
    assert await opened(elsewhere, sign_in.sign_in_id) == sign_in


async def test_every_field_of_a_sign_in_is_kept(rig: Rig) -> None:
    sign_in = browser((await enrol(rig)).account_id, link_id=LinkId("a link"))
    odd = attrs.evolve(sign_in, reason="why", explanation="Why, in a sentence: \N{CAT FACE}\n'\"", begun_at=NOW)
    await begin(rig, odd)
    assert await opened(rig, odd.sign_in_id) == odd


async def test_a_sign_in_without_secrets_is_kept_too_and_records_no_key(rig: Rig) -> None:
    sign_in = await begin(rig, bare(browser((await enrol(rig)).account_id)))
    assert await opened(rig, sign_in.sign_in_id) == sign_in
    assert await rig.secrets.primary_key() is None


async def test_nobody_knows_a_sign_in_that_was_never_begun(rig: Rig) -> None:
    assert await rig.sign_ins.find(SignInId("nobody's")) is None
    assert list(await rig.sign_ins.open(NOW)) == []
    with refusal(AuthenticationError, "SIGN_IN_UNKNOWN"):
        await rig.sign_ins.apply(SignInId("nobody's"), unchanged, NOW)


async def test_the_account_must_exist(rig: Rig) -> None:
    before = await rig.contents()
    with refusal(NotFoundError):
        await rig.sign_ins.begin(browser(AccountId("nobody")))
    with refusal(NotFoundError):
        await rig.sign_ins.add_link(reconnect_link(AccountId("nobody")))
    assert await contents_unchanged(rig, before)


async def test_what_was_begun_outlives_the_process(world: World) -> None:
    async with world.process("old") as rig:
        sign_in = await begin(rig, browser((await enrol(rig)).account_id))
        link = reconnect_link(sign_in.account_id)
        await rig.sign_ins.add_link(link)
    async with world.process("old") as rig:
        assert await opened(rig, sign_in.sign_in_id) == sign_in
        assert await rig.sign_ins.find_link(link.link_id) == link


async def test_open_ones_are_told_oldest_first_until_their_time_is_over(rig: Rig) -> None:
    ann, bob = (await enrol(rig, "ann")).account_id, (await enrol(rig, "bob")).account_id
    late = await begin(rig, browser(ann, NOW + 2 * SECOND))
    early = await begin(rig, device(bob, NOW - SECOND))
    middle = await begin(rig, browser(bob, NOW))
    over = await begin(rig, browser(bob, NOW))
    await rig.sign_ins.apply(over.sign_in_id, ENDINGS["cancelled"], NOW)
    assert await rig.sign_ins.open(NOW) == [bare(early), bare(middle), bare(late)]
    assert await rig.sign_ins.open(middle.expires_at) == [bare(early), bare(late)]
    assert list(await rig.sign_ins.open(NOW + DAY)) == []


# Not too many


async def test_of_one_account_the_oldest_pending_are_replaced(rig: Rig) -> None:
    ann, bob = (await enrol(rig, "ann")).account_id, (await enrol(rig, "bob")).account_id
    others = [await begin(rig, browser(bob, NOW))]
    mine = [await begin(rig, browser(ann, NOW + number * SECOND)) for number in range(OPEN_PER_ACCOUNT + 2)]
    open_ = [Stage.PENDING] * OPEN_PER_ACCOUNT
    assert await stages(rig, *mine, *others) == [Stage.CANCELLED, Stage.CANCELLED, *open_, Stage.PENDING]
    replaced = await rig.sign_ins.find(mine[0].sign_in_id)
    assert replaced is not None
    assert replaced.reason == REPLACED


async def test_what_is_being_completed_is_not_replaced(rig: Rig) -> None:
    account_id = (await enrol(rig)).account_id
    first = await begin(rig, browser(account_id))
    await rig.sign_ins.apply(first.sign_in_id, taking(first.sign_in_id), NOW)
    rest = [await begin(rig, browser(account_id, NOW + number * SECOND)) for number in range(1, OPEN_PER_ACCOUNT + 1)]
    assert await stages(rig, first, *rest) == [Stage.COMPLETING, Stage.CANCELLED, Stage.PENDING, Stage.PENDING]


async def test_what_has_expired_does_not_count_as_open(rig: Rig) -> None:
    account_id = (await enrol(rig)).account_id
    expired = [await begin(rig, browser(account_id)) for _ in range(OPEN_PER_ACCOUNT)]
    newer = await begin(rig, browser(account_id, NOW + SIGN_IN_LASTS))
    assert await stages(rig, *expired, newer) == [Stage.PENDING] * (OPEN_PER_ACCOUNT + 1)
    assert await rig.sign_ins.open(newer.begun_at) == [bare(newer)]


async def test_with_too_many_open_in_all_nothing_is_begun_until_the_first_of_them_ends(rig: Rig) -> None:
    ann, bob = (await enrol(rig, "ann")).account_id, (await enrol(rig, "bob")).account_id
    await begin(rig, browser(ann))
    await rig.crowd_of_sign_ins(OPEN_IN_ALL - 2)
    await begin(rig, browser(bob, NOW + SECOND))
    before = await rig.contents()
    with pytest.raises(ThrottledError) as caught:
        await rig.sign_ins.begin(browser(bob, NOW + MINUTE))
    assert caught.value.error_code == "TOO_MANY_SIGN_INS"
    assert caught.value.retry_after == SIGN_IN_LASTS - MINUTE
    assert await contents_unchanged(rig, before)
    await begin(rig, browser(bob, NOW + SIGN_IN_LASTS))


@pytest.mark.parametrize("ending", ENDINGS)
async def test_what_ended_more_than_a_day_ago_is_forgotten(rig: Rig, ending: str) -> None:
    account_id = (await enrol(rig)).account_id
    over = await begin(rig, browser(account_id))
    await rig.sign_ins.apply(over.sign_in_id, ENDINGS[ending], NOW + SECOND)
    kept = await begin(rig, browser(account_id, NOW + DAY + SECOND))
    assert None not in await stages(rig, over, kept)
    await begin(rig, browser(account_id, NOW + DAY + 2 * SECOND))
    assert await stages(rig, over, kept) == [None, Stage.PENDING]


async def test_what_expired_more_than_a_day_ago_is_forgotten_with_its_secrets(rig: Rig) -> None:
    account_id = (await enrol(rig)).account_id
    expired = await begin(rig, browser(account_id))
    await begin(rig, browser(account_id, expired.expires_at + DAY))
    assert await stages(rig, expired) == [Stage.PENDING]
    await begin(rig, browser(account_id, expired.expires_at + DAY + SECOND))
    assert await stages(rig, expired) == [None]
    assert sum((await rig.secrets.count_by_key()).values()) == 2


async def test_links_that_expired_more_than_thirty_days_ago_are_forgotten(rig: Rig) -> None:
    account_id = (await enrol(rig)).account_id
    link, newer = reconnect_link(account_id), reconnect_link(account_id, NOW + SECOND)
    for added in (link, newer):
        await rig.sign_ins.add_link(added)
    await begin(rig, browser(account_id, link.expires_at + 30 * DAY))
    assert await rig.sign_ins.find_link(link.link_id) == link
    await begin(rig, browser(account_id, link.expires_at + 30 * DAY + SECOND))
    assert await rig.sign_ins.find_link(link.link_id) is None
    assert await rig.sign_ins.find_link(newer.link_id) == newer


# Applying


async def test_what_a_transition_decides_is_stored(rig: Rig, elsewhere: Rig) -> None:
    current = await begin(rig, device((await enrol(rig)).account_id))
    polled, slowed, approved = NOW + 5 * SECOND, NOW + 6 * SECOND, NOW + 7 * SECOND
    for transition, at in (
        (lambda sign_in: poll(sign_in, polled), polled),
        (lambda sign_in: slow_down(sign_in, slowed), slowed),
        (approving(approved), approved),
    ):
        decided = await rig.sign_ins.apply(current.sign_in_id, transition, at)
        assert decided.secrets == current.secrets
        assert decided != current
        current = await opened(elsewhere, decided.sign_in_id)
        assert current == decided
    assert current.expires_at == approved + COMPLETION


async def test_a_transition_that_refuses_writes_nothing(rig: Rig) -> None:
    sign_in = await begin(rig, browser((await enrol(rig)).account_id))
    before = await rig.contents()
    with refusal(AuthenticationError, "SIGN_IN_UNKNOWN"):
        await rig.sign_ins.apply(sign_in.sign_in_id, taking(SignInId("another")), NOW)
    with refusal(AuthenticationError, "SIGN_IN_EXPIRED"):
        await rig.sign_ins.apply(sign_in.sign_in_id, taking(sign_in.sign_in_id, NOW + DAY), NOW + DAY)
    await rig.sign_ins.apply(sign_in.sign_in_id, unchanged, NOW)
    assert await contents_unchanged(rig, before)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("make", [browser, device])
async def test_a_final_stage_keeps_no_secrets(rig: Rig, make: Callable[[AccountId], SignIn], ending: str) -> None:
    sign_in = await begin(rig, make((await enrol(rig)).account_id))
    ended = await rig.sign_ins.apply(sign_in.sign_in_id, ENDINGS[ending], NOW)
    assert await opened(rig, sign_in.sign_in_id) == ended == bare(ended)
    assert dict(await rig.secrets.count_by_key()) == {}


async def test_one_of_many_that_take_the_same_state_at_once_wins(rig: Rig, elsewhere: Rig) -> None:
    sign_in = await begin(rig, browser((await enrol(rig)).account_id))
    taken = taking(sign_in.sign_in_id)
    outcomes = await asyncio.gather(
        *(process.sign_ins.apply(sign_in.sign_in_id, taken, NOW) for process in (rig, elsewhere) * 10),
        return_exceptions=True,
    )
    winners = [outcome for outcome in outcomes if isinstance(outcome, SignIn)]
    codes = {outcome.error_code for outcome in outcomes if isinstance(outcome, AuthenticationError)}
    assert (len(winners), codes) == (1, {"SIGN_IN_USED"})


async def test_many_processes_that_begin_at_once_leave_few_open(rig: Rig, elsewhere: Rig) -> None:
    account_id = (await enrol(rig)).account_id
    begun = [browser(account_id, NOW + number * SECOND) for number in range(20)]
    await asyncio.gather(*((rig, elsewhere)[number % 2].sign_ins.begin(each) for number, each in enumerate(begun)))
    assert len(await rig.sign_ins.open(NOW + 20 * SECOND)) == OPEN_PER_ACCOUNT


# Links


async def test_a_link_is_found_by_everybody_as_it_was_added(rig: Rig, elsewhere: Rig) -> None:
    link = reconnect_link((await enrol(rig)).account_id)
    await rig.sign_ins.add_link(link)
    assert await elsewhere.sign_ins.find_link(link.link_id) == link
    assert await rig.sign_ins.find_link(LinkId("nobody's")) is None


async def test_a_link_is_used_by_the_first_sign_in_that_it_leads_to_and_that_ends_well(rig: Rig) -> None:
    account_id = (await enrol(rig)).account_id
    link, other = reconnect_link(account_id), reconnect_link(account_id)
    for added in (link, other):
        await rig.sign_ins.add_link(added)
    one, two, three = [await begin(rig, browser(account_id, link_id=link.link_id)) for _ in range(3)]
    await rig.sign_ins.apply(one.sign_in_id, ENDINGS["failed"], NOW)
    assert await rig.sign_ins.find_link(link.link_id) == link
    await complete(rig, two, NOW + SECOND)
    used = attrs.evolve(link, used_at=NOW + 2 * SECOND)
    assert await rig.sign_ins.find_link(link.link_id) == used
    assert (await complete(rig, three, NOW + MINUTE)).stage is Stage.DONE
    assert await rig.sign_ins.find_link(link.link_id) == used
    assert await rig.sign_ins.find_link(other.link_id) == other


async def test_a_sign_in_whose_link_is_forgotten_ends_well_all_the_same(rig: Rig) -> None:
    sign_in = await begin(rig, browser((await enrol(rig)).account_id, link_id=LinkId("forgotten")))
    assert (await complete(rig, sign_in)).stage is Stage.DONE


# Keys


async def test_secrets_open_after_they_were_moved_to_a_new_key_while_pending(rig: Rig, world: World) -> None:
    sign_in = await begin(rig, browser((await enrol(rig)).account_id))
    async with world.process("new", "old") as rotator:
        await rotator.secrets.promote()
        assert (await rotator.secrets.reencrypt(10)).moved == 1
    async with world.process("new") as without_old:
        assert (await complete(without_old, sign_in)).stage is Stage.DONE
    assert await stages(rig, sign_in) == [Stage.DONE]


async def test_a_process_whose_first_key_was_replaced_begins_nothing_and_finishes_what_it_can_open(
    rig: Rig, world: World
) -> None:
    account_id = (await enrol(rig)).account_id
    sign_in = await begin(rig, browser(account_id))
    async with world.process("new", "old") as promoter:
        await promoter.secrets.promote()
        before = await rig.contents()
        with refusal(StaleKeyError):
            await rig.sign_ins.begin(browser(account_id))
        assert await contents_unchanged(rig, before)
    assert (await complete(rig, sign_in)).stage is Stage.DONE


async def test_the_first_sign_in_records_the_key_that_it_was_encrypted_with(rig: Rig, world: World) -> None:
    await begin(rig, browser((await enrol(rig)).account_id))
    assert await rig.secrets.primary_key() == world.key_id("old")


async def test_without_the_key_a_sign_in_is_seen_but_not_applied(rig: Rig, world: World) -> None:
    sign_in = await begin(rig, browser((await enrol(rig)).account_id))
    async with world.process("other") as stranger:
        before = await rig.contents()
        with pytest.raises(EncryptionError):
            await stranger.sign_ins.apply(sign_in.sign_in_id, taking(sign_in.sign_in_id), NOW)
        assert await stranger.sign_ins.find(sign_in.sign_in_id) == bare(sign_in)
        assert await stranger.sign_ins.open(NOW) == [bare(sign_in)]
        assert await contents_unchanged(rig, before)


async def test_secrets_that_were_put_in_the_place_of_others_do_not_open(rig: Rig) -> None:
    account_id = (await enrol(rig)).account_id
    one, two = await begin(rig, browser(account_id)), await begin(rig, browser(account_id))
    alien = await rig.ciphertext(one.sign_in_id, Secret.SIGN_IN)
    await rig.put_ciphertext(two.sign_in_id, Secret.SIGN_IN, alien)
    with refusal(EncryptionError):
        await opened(rig, two.sign_in_id)


async def test_secrets_do_not_open_for_another_account(rig: Rig) -> None:
    one = await begin(rig, browser((await enrol(rig, "ann")).account_id))
    text = await rig.ciphertext(one.sign_in_id, Secret.SIGN_IN)
    plain = rig.cipher.decrypt(text, rig.binding(one.sign_in_id, Secret.SIGN_IN))
    other = plain.replace(one.account_id, (await enrol(rig, "bob")).account_id)
    forged = rig.cipher.encrypt(other, rig.binding(one.sign_in_id, Secret.SIGN_IN))
    await rig.put_ciphertext(one.sign_in_id, Secret.SIGN_IN, forged)
    with refusal(EncryptionError):
        await opened(rig, one.sign_in_id)


async def test_no_secret_is_stored_or_shown_as_it_is(rig: Rig) -> None:
    account_id = (await enrol(rig)).account_id
    await begin(rig, browser(account_id))
    await begin(rig, device(account_id))
    link = reconnect_link(account_id)
    await rig.sign_ins.add_link(link)
    shown = [*await rig.sign_ins.open(NOW), browser(account_id), device(account_id), link]
    assert "canary" not in repr(shown)
    assert "canary" not in repr({**await rig.contents(), "ciphertexts": None})
