"""Moving all secrets to a new key."""

import pytest

from adapters.memory.cipher import MemoryCipher
from adapters.memory.secret_store import MemorySecretStore
from application.key_rotation import KeyRotation, RotationProgress
from domain.errors import EncryptionError, StaleKeyError, UnknownKeyError
from tests.application.rig import Rig

OLD, NEW = "00000001", "00000002"


def rotation_of(rig: Rig, *keys: str) -> KeyRotation:
    """Return the rotation of a process with these keys."""
    cipher = MemoryCipher(*keys)
    rig.database.cipher = cipher
    return KeyRotation(secrets=MemorySecretStore(rig.database), cipher=cipher)


async def rotate(rotation: KeyRotation, batch: int = 3) -> list[RotationProgress]:
    """Rotate and return every progress."""
    return [progress async for progress in rotation.rotate(batch)]


async def test_a_rotation_moves_everything_batch_by_batch_and_proves_it(rig: Rig) -> None:
    for number in range(4):
        await rig.sign_in(f"user{number}")
    steps = await rotate(rotation_of(rig, NEW, OLD))
    assert [step.left for step in steps] == [10, 7, 4, 1, 0, 0]
    assert steps[-1].moved == 10
    status = await rotation_of(rig, NEW, OLD).status()
    assert (status.primary, dict(status.counts), status.old, status.missing) == (NEW, {NEW: 10}, 0, ())


async def test_a_second_rotation_finds_nothing_to_do(rig: Rig) -> None:
    await rotate(rotation_of(rig, NEW, OLD))
    assert [step.moved for step in await rotate(rotation_of(rig, NEW, OLD))] == [0, 0]


async def test_a_secret_that_does_not_open_stops_no_other_and_is_told(rig: Rig) -> None:
    await rig.sign_in("lee")
    binding = next(iter(rig.database.ciphertexts))
    rig.database.ciphertexts[binding] = f"{OLD}:damaged"
    with pytest.raises(EncryptionError, match="1 secrets remain under old keys") as caught:
        await rotate(rotation_of(rig, NEW, OLD))
    assert caught.value.error_code == "ROTATION_INCOMPLETE"
    assert (await rotation_of(rig, NEW, OLD).status()).counts == {NEW: 3, OLD: 1}


async def test_status_names_keys_that_are_missing(rig: Rig) -> None:
    status = await rotation_of(rig, NEW).status()
    assert (status.missing, status.first, status.primary) == ((OLD,), NEW, OLD)


async def test_going_back_to_a_replaced_key_must_be_meant(rig: Rig) -> None:
    await rotate(rotation_of(rig, NEW, OLD))
    with pytest.raises(StaleKeyError):
        await rotate(rotation_of(rig, OLD, NEW))
    assert (await rotation_of(rig, NEW, OLD).status()).primary == NEW
    steps = [progress async for progress in rotation_of(rig, OLD, NEW).rotate(back=True)]
    assert (steps[-1].moved, steps[-1].left) == (2, 0)


async def test_without_the_recorded_key_nothing_is_begun(rig: Rig) -> None:
    with pytest.raises(UnknownKeyError):
        await rotate(rotation_of(rig, NEW))
    assert rig.database.primary_key == OLD
