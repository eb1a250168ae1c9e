"""The promises of `SecretStore`: counting, promoting, moving and diagnosing, while others read and write."""

import asyncio

import pytest

from domain.errors import StaleKeyError
from domain.sign_in import SignInId
from ports.secret_store import Position, Reencrypted
from tests.contracts.rigs import Rig, Secret, World
from tests.contracts.samples import CANARIES, NOW, application, due, signing_in, token, unchanged
from tests.contracts.scenes import account_of, contents_unchanged, enrol, held, lease, refusal, sign_in, stored_token
from tests.contracts.sign_in_samples import browser, opened

USER_IDS = ("ann", "bob", "cid", "dan")
DAMAGES = ["", "0000", "short", "no ciphertext at all", "00000000", "00000000:", "00000000:garbage", "é" * 20]


async def _fill(rig: Rig) -> int:
    """Store sixteen secrets: three of each of four accounts, and those of its sign-in."""
    for user_id in USER_IDS:
        held = await sign_in(rig, user_id, application(*CANARIES))
        await rig.sign_ins.begin(browser(held.account_id, sign_in_id=_sign_in_id(user_id)))
    return 4 * len(USER_IDS)


def _sign_in_id(user_id: str) -> SignInId:
    return SignInId(f"sign-in-{user_id}")


async def _owner(rig: Rig, user_id: str, secret: Secret) -> str:
    """Return whose secret it is: the account's, or its sign-in's."""
    return _sign_in_id(user_id) if secret is Secret.SIGN_IN else (await account_of(rig, user_id)).account_id


async def _rotate(rig: Rig, limit: int, after: Position | None = None) -> list[Reencrypted]:
    """Move everything, batch by batch, to the end."""
    batches: list[Reencrypted] = []
    while True:
        batches.append(await rig.secrets.reencrypt(limit, after))
        after = batches[-1].after
        if after is None:
            return batches


async def _everything_opens(rig: Rig) -> bool:
    for user_id in USER_IDS:
        assert (await account_of(rig, user_id)).application == application(*CANARIES)
        assert await stored_token(rig, user_id, now=NOW) == token()
        found = await opened(rig, _sign_in_id(user_id))
        assert found == browser(found.account_id, sign_in_id=found.sign_in_id)
    return not await rig.secrets.faults()


async def test_an_empty_store_has_no_key_and_no_secrets(rig: Rig) -> None:
    assert await rig.secrets.primary_key() is None
    assert dict(await rig.secrets.count_by_key()) == {}
    assert list(await rig.secrets.faults()) == []


async def test_an_account_without_secrets_records_no_key(rig: Rig) -> None:
    await enrol(rig, app=application())
    assert await rig.secrets.primary_key() is None


async def test_the_first_secret_records_the_key_that_it_was_encrypted_with(rig: Rig, world: World) -> None:
    await enrol(rig, app=application(*CANARIES))
    async with world.process("new") as other:
        assert await other.secrets.primary_key() == world.key_id("old")


async def test_secrets_are_counted_by_key_also_by_who_has_no_key_to_open_them(rig: Rig, world: World) -> None:
    number = await _fill(rig)
    async with world.process("other") as other:
        assert await other.secrets.count_by_key() == {world.key_id("old"): number}


async def test_promoting_records_the_first_key_for_everybody(rig: Rig, world: World) -> None:
    number = await _fill(rig)
    async with world.process("new", "old") as promoter:
        await promoter.secrets.promote()
        assert await rig.secrets.primary_key() == world.key_id("new")
        with refusal(StaleKeyError):
            await enrol(rig, "eve", application("secret"))
        await enrol(promoter, "eve", application("secret"))
        assert await promoter.secrets.count_by_key() == {world.key_id("old"): number, world.key_id("new"): 1}


async def test_promoting_twice_does_no_harm(rig: Rig, world: World) -> None:
    await _fill(rig)
    async with world.process("new", "old") as promoter:
        await promoter.secrets.promote()
        await promoter.secrets.promote()
        assert await promoter.secrets.primary_key() == world.key_id("new")


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 16, 100])
async def test_every_secret_is_moved_once_in_batches(rig: Rig, world: World, limit: int) -> None:
    number = await _fill(rig)
    async with world.process("new", "old") as rotator:
        await rotator.secrets.promote()
        batches = await _rotate(rotator, limit)
        assert all(batch.moved <= limit for batch in batches)
        assert sum(batch.moved for batch in batches) == number
        assert not any(batch.faults for batch in batches)
        assert await rotator.secrets.count_by_key() == {world.key_id("new"): number}
        assert await _everything_opens(rotator)
    async with world.process("new") as without_old:
        assert list(await without_old.secrets.faults()) == []


async def test_a_rotation_that_was_interrupted_goes_on_from_the_start_or_from_its_position(
    rig: Rig, world: World
) -> None:
    number = await _fill(rig)
    async with world.process("new", "old") as rotator:
        await rotator.secrets.promote()
        first = await rotator.secrets.reencrypt(2)
    async with world.process("new", "old") as rotator:
        second = await rotator.secrets.reencrypt(2)
        third = await rotator.secrets.reencrypt(2, second.after)
        rest = await _rotate(rotator, 5)
        assert first.moved + second.moved + third.moved + sum(batch.moved for batch in rest) == number
        assert await _everything_opens(rotator)


async def test_rotating_again_moves_nothing(rig: Rig, world: World) -> None:
    await _fill(rig)
    async with world.process("new", "old") as rotator:
        await rotator.secrets.promote()
        await _rotate(rotator, 5)
        before = await rotator.contents()
        assert [batch.moved for batch in await _rotate(rotator, 5)] == [0]
        assert await contents_unchanged(rotator, before)


async def test_two_processes_may_rotate_at_once(rig: Rig, world: World) -> None:
    number = await _fill(rig)
    async with world.process("new", "old") as one, world.process("new", "old") as two:
        await one.secrets.promote()
        await asyncio.gather(_rotate(one, 1), _rotate(two, 2))
        assert await one.secrets.count_by_key() == {world.key_id("new"): number}
        assert await _everything_opens(two)


async def test_others_read_and_write_while_secrets_are_moved(rig: Rig, world: World) -> None:
    await _fill(rig)
    async with world.process("old", "new") as holder, world.process("new", "old") as rotator:
        given = await lease(holder, "bob")
        await rotator.secrets.promote()
        step = await rotator.secrets.reencrypt(1)
        await holder.tokens.commit(given, token("2"), due(), unchanged)
        await rotator.tokens.replace((await held(rotator, "cid")).account_id, token("3"), due(), signing_in())
        await _rotate(rotator, 1, step.after)
        assert set(await rotator.secrets.count_by_key()) == {world.key_id("new")}
        assert await stored_token(rotator, "bob", now=NOW) == token("2")
        assert await stored_token(rotator, "cid", now=NOW) == token("3")


async def test_moving_secrets_is_refused_to_who_has_not_the_recorded_key_first(rig: Rig, world: World) -> None:
    await _fill(rig)
    async with world.process("new", "old") as stale:
        before = await rig.contents()
        with refusal(StaleKeyError):
            await stale.secrets.reencrypt(10)
        assert await contents_unchanged(rig, before)


async def test_moving_secrets_is_no_change_of_an_account(rig: Rig, world: World) -> None:
    await _fill(rig)
    account, outbox = await account_of(rig), await rig.outbox()
    async with world.process("new", "old") as rotator:
        await rotator.secrets.promote()
        await _rotate(rotator, 100)
        assert await account_of(rotator) == account
        assert await rotator.outbox() == outbox


async def test_moving_secrets_fences_nobody_off(rig: Rig, world: World) -> None:
    await _fill(rig)
    async with world.process("new", "old") as rotator:
        await rotator.secrets.promote()
        given = await lease(rotator)
        await _rotate(rotator, 100)
        await rotator.tokens.commit(given, token("2"), due(), unchanged)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("secret", Secret)
async def test_a_secret_that_does_not_open_is_left_as_it_is_and_told_and_all_others_are_moved(
    rig: Rig, world: World, secret: Secret, damage: str
) -> None:
    number = await _fill(rig)
    owner = await _owner(rig, "bob", secret)
    await rig.put_ciphertext(owner, secret, damage)
    async with world.process("new", "old") as rotator:
        await rotator.secrets.promote()
        batches = await _rotate(rotator, 2)
        faults = [fault for batch in batches for fault in batch.faults]
        assert [fault.binding for fault in faults] == [rig.binding(owner, secret)]
        assert sum(batch.moved for batch in batches) == number - 1
        assert (await rotator.secrets.count_by_key())[world.key_id("new")] == number - 1
        assert await rotator.ciphertext(owner, secret) == damage
        assert [fault.binding for fault in await rotator.secrets.faults()] == [rig.binding(owner, secret)]


@pytest.mark.parametrize("damage", DAMAGES)
async def test_damaged_secrets_are_counted_too(rig: Rig, damage: str) -> None:
    number = await _fill(rig)
    await rig.put_ciphertext((await account_of(rig)).account_id, Secret.REFRESH_TOKEN, damage)
    assert sum((await rig.secrets.count_by_key()).values()) == number


async def test_a_fault_names_the_key_where_there_is_one_and_never_what_was_stored(rig: Rig, world: World) -> None:
    account_id = (await sign_in(rig)).account_id
    alien = world.cipher("other").encrypt("canary", rig.binding(account_id, Secret.ACCESS_TOKEN))
    await rig.put_ciphertext(account_id, Secret.ACCESS_TOKEN, alien)
    await rig.put_ciphertext(account_id, Secret.REFRESH_TOKEN, "canary-canary: never encrypted")
    faults = {fault.binding: fault for fault in await rig.secrets.faults()}
    assert faults[rig.binding(account_id, Secret.ACCESS_TOKEN)].key_id == world.key_id("other")
    assert faults[rig.binding(account_id, Secret.REFRESH_TOKEN)].key_id is None
    assert "canary" not in str(faults)
    assert all(fault.problem.strip() for fault in faults.values())


async def test_secrets_that_were_moved_to_other_places_are_faults(rig: Rig) -> None:
    await _fill(rig)
    ann, bob = (await account_of(rig, "ann")).account_id, (await account_of(rig, "bob")).account_id
    swapped = await rig.ciphertext(ann, Secret.ACCESS_TOKEN), await rig.ciphertext(bob, Secret.ACCESS_TOKEN)
    await rig.put_ciphertext(ann, Secret.ACCESS_TOKEN, swapped[1])
    await rig.put_ciphertext(bob, Secret.ACCESS_TOKEN, swapped[0])
    await rig.put_ciphertext(bob, Secret.CLIENT_SECRETS, await rig.ciphertext(bob, Secret.REFRESH_TOKEN))
    expected = {
        rig.binding(ann, Secret.ACCESS_TOKEN),
        rig.binding(bob, Secret.ACCESS_TOKEN),
        rig.binding(bob, Secret.CLIENT_SECRETS),
    }
    assert {fault.binding for fault in await rig.secrets.faults()} == expected


async def test_of_faults_as_many_are_told_as_were_asked_for(rig: Rig, world: World) -> None:
    number = await _fill(rig)
    async with world.process("other") as other:
        assert len(await other.secrets.faults()) == number
        told = await other.secrets.faults(limit=5)
        assert len(told) == 5
        assert all(fault.key_id == world.key_id("old") for fault in told)


async def test_looking_changes_nothing(rig: Rig) -> None:
    await _fill(rig)
    before = await rig.contents()
    await rig.secrets.primary_key()
    await rig.secrets.count_by_key()
    await rig.secrets.faults()
    assert await contents_unchanged(rig, before)
