"""The promises of `SecretStore.promote`: a key that was replaced comes back only on purpose."""

from domain.errors import StaleKeyError
from tests.contracts.rigs import Rig, World
from tests.contracts.scenes import contents_unchanged, refusal, sign_in


async def test_a_key_that_was_replaced_is_not_promoted_by_a_process_that_slept(rig: Rig, world: World) -> None:
    await sign_in(rig)
    async with world.process("new", "old") as promoter:
        await promoter.secrets.promote()
        before = await promoter.contents()
        with refusal(StaleKeyError):
            await rig.secrets.promote()
        assert await contents_unchanged(promoter, before)
        assert await rig.secrets.primary_key() == world.key_id("new")


async def test_a_key_that_was_replaced_is_promoted_again_on_purpose(rig: Rig, world: World) -> None:
    await sign_in(rig)
    async with world.process("new", "old") as promoter:
        await promoter.secrets.promote()
        await rig.secrets.promote(back=True)
        assert await promoter.secrets.primary_key() == world.key_id("old")
        with refusal(StaleKeyError):
            await promoter.secrets.promote()
        await rig.secrets.promote()
        assert await rig.secrets.primary_key() == world.key_id("old")


async def test_every_replaced_key_is_remembered(rig: Rig, world: World) -> None:
    await sign_in(rig)
    async with world.process("new", "old") as second, world.process("newest", "new", "old") as third:
        await second.secrets.promote()
        await third.secrets.promote()
        for late in (rig, second):
            with refusal(StaleKeyError):
                await late.secrets.promote()
        assert await rig.secrets.primary_key() == world.key_id("newest")


async def test_a_first_key_may_be_promoted_before_there_is_any_secret(rig: Rig, world: World) -> None:
    await rig.secrets.promote()
    assert await rig.secrets.primary_key() == world.key_id("old")
