"""The promises of `Inbox`, and of the stores that write to it with the effect."""

import asyncio

from domain import lifecycle
from domain.errors import ConflictError, StaleKeyError
from domain.events import EventId
from domain.messages import Handled
from tests.contracts.rigs import Rig, World
from tests.contracts.samples import CANARIES, MINUTE, NOW, SECOND, act, application, enrolment, renamed, updated
from tests.contracts.scenes import contents_unchanged, enrol, refusal


def handled(event_id: str = "event", group_id: str = "group") -> Handled:
    """Name a handling."""
    return Handled(group_id=group_id, event_id=EventId(event_id))


async def test_an_event_is_accepted_once(rig: Rig, elsewhere: Rig) -> None:
    assert await rig.inbox.accept(handled(), NOW)
    assert not await rig.inbox.accept(handled(), NOW)
    assert not await elsewhere.inbox.accept(handled(), NOW + MINUTE)


async def test_whether_an_event_was_handled_can_be_asked_without_remembering_anything(rig: Rig, elsewhere: Rig) -> None:
    for each in (rig, elsewhere, rig):
        assert await each.inbox.is_handled(handled()) is False
    assert await rig.inbox.accept(handled(), NOW)
    for each in (rig, elsewhere):
        assert await each.inbox.is_handled(handled()) is True
    for other in (handled("other"), handled(group_id="other")):
        assert not await rig.inbox.is_handled(other)


async def test_what_was_forgotten_is_not_handled(rig: Rig) -> None:
    await rig.inbox.accept(handled(), NOW)
    await rig.inbox.trim(NOW + SECOND, 10)
    assert not await rig.inbox.is_handled(handled())


async def test_each_group_handles_an_event_for_itself(rig: Rig) -> None:
    answers = [
        await rig.inbox.accept(handled(event, group), NOW)
        for group in ("a", "b", "a b")
        for event in ("1", "2", "b 1", "Ключ \N{CAT FACE}")
    ]
    assert all(answers)


async def test_of_many_who_accept_at_once_one_is_let(rig: Rig, elsewhere: Rig) -> None:
    answers = await asyncio.gather(*((rig, elsewhere)[n % 2].inbox.accept(handled(), NOW) for n in range(10)))
    assert sum(answers) == 1


async def test_what_was_accepted_long_ago_is_forgotten(rig: Rig) -> None:
    await rig.inbox.accept(handled("old"), NOW)
    await rig.inbox.accept(handled("newer"), NOW + SECOND)
    assert await rig.inbox.trim(NOW + SECOND, 10) == 1
    assert await rig.inbox.trim(NOW + SECOND, 10) == 0
    assert await rig.inbox.accept(handled("old"), NOW)
    assert not await rig.inbox.accept(handled("newer"), NOW)


async def test_no_more_than_was_asked_for_is_forgotten_at_once(rig: Rig) -> None:
    for number in range(5):
        await rig.inbox.accept(handled(str(number)), NOW)
    assert [await rig.inbox.trim(NOW + SECOND, 2) for _ in range(4)] == [2, 2, 1, 0]


async def test_what_was_accepted_is_seen_by_a_process_that_starts_later(world: World) -> None:
    async with world.process("old") as before:
        assert await before.inbox.accept(handled(), NOW)
    async with world.process("old") as after:
        assert not await after.inbox.accept(handled(), NOW)


async def test_a_change_without_an_event_to_handle_is_saved(rig: Rig) -> None:
    assert await rig.accounts.save(enrolment()) is True


async def test_a_change_that_is_an_effect_is_saved_once(rig: Rig, elsewhere: Rig) -> None:
    """Also when the second handling read the account after the first."""
    account = await enrol(rig)
    assert await rig.accounts.save(updated(account, name="Once"), handled=handled()) is True
    changed = await elsewhere.accounts.find("ann")
    assert changed is not None
    before = await rig.contents()
    assert await elsewhere.accounts.save(updated(changed, name="Twice"), handled=handled()) is False
    assert await contents_unchanged(rig, before)


async def test_an_effect_that_was_made_is_not_checked_again(rig: Rig) -> None:
    """The first one made the change stale."""
    change = updated(await enrol(rig), name="Once")
    await rig.accounts.save(change, handled=handled())
    assert await rig.accounts.save(change, handled=handled()) is False


async def test_the_same_change_may_be_the_effect_for_another_group(rig: Rig) -> None:
    account = await enrol(rig)
    first = updated(account, name="A")
    assert await rig.accounts.save(first, handled=handled(group_id="a"))
    assert await rig.accounts.save(updated(first.after, name="B"), handled=handled(group_id="b"))


async def test_an_effect_that_is_refused_was_not_made(rig: Rig) -> None:
    """Nothing is written, so the event can be handled again."""
    account = await enrol(rig, "ann")
    bob = await enrol(rig, "bob")
    await rig.accounts.save(lifecycle.lock(account, act(), "meanwhile"))
    before = await rig.contents()
    for refused in (updated(account, name="Late"), renamed(bob, "ann")):
        with refusal(ConflictError):
            await rig.accounts.save(refused, handled=handled())
    assert await contents_unchanged(rig, before)
    assert not await rig.inbox.is_handled(handled())
    assert await rig.accounts.save(updated(bob, name="In time"), handled=handled())


async def test_an_effect_that_cannot_be_encrypted_was_not_made(rig: Rig, world: World) -> None:
    account = await enrol(rig, app=application(*CANARIES))
    async with world.process("new", "old") as stale:
        with refusal(StaleKeyError):
            await stale.accounts.save(updated(account, application=application("other")), handled=handled())
    assert await rig.inbox.accept(handled(), NOW)


async def test_what_an_inbox_accepted_a_store_has_handled_and_the_other_way_round(rig: Rig) -> None:
    account = await enrol(rig)
    await rig.inbox.accept(handled("1"), NOW)
    assert await rig.accounts.save(updated(account, name="A"), handled=handled("1")) is False
    assert await rig.accounts.save(updated(account, name="B"), handled=handled("2")) is True
    assert await rig.inbox.is_handled(handled("2"))
    assert not await rig.inbox.accept(handled("2"), NOW)


async def test_effects_are_forgotten_by_the_time_of_their_change(rig: Rig) -> None:
    account = await enrol(rig)
    change = lifecycle.lock(account, act(NOW), "so")
    await rig.accounts.save(change, handled=handled())
    assert await rig.inbox.trim(NOW, 10) == 0
    assert await rig.inbox.trim(NOW + SECOND, 10) == 1


async def test_of_effects_made_at_once_one_is_stored(rig: Rig, elsewhere: Rig) -> None:
    changes = [enrolment(f"user {number}") for number in range(10)]
    outcomes = await asyncio.gather(
        *((rig, elsewhere)[n % 2].accounts.save(change, handled=handled()) for n, change in enumerate(changes))
    )
    assert sum(outcomes) == 1
    assert len(await rig.accounts.page()) == 1
