"""A new key comes into use while several processes go on working."""

from adapters.fernet.cipher import generate_key, key_id
from tests.fakes.shared_provider import AFTER_ANSWER
from tests.processes.driver import WorkerProcess
from tests.processes.session import ROTATING
from tests.processes.world import LONG_AGO, World

OLD, NEW = generate_key(), generate_key()
FRESH = [f"fresh-{number}" for number in range(10)]
EXPIRED = [f"expired-{number}" for number in range(10)]
SECRETS = 3 * (len(FRESH) + len(EXPIRED))
"""A client secret, an access token and a refresh token each."""


def old_process(world: World) -> WorkerProcess:
    """Return a process that has the new key second, with all accounts enrolled under the old one."""
    worker = world.process(keys=(OLD, NEW))
    worker.call("enrol", users=FRESH, secret="canary")
    worker.call("enrol", users=EXPIRED, secret="canary", age=LONG_AGO)
    assert worker.call("keys")["counts"] == {key_id(OLD): SECRETS}
    return worker


def test_keys_rotate_while_other_processes_read_and_refresh_and_no_secret_stays_under_the_old_key(world: World) -> None:
    old = old_process(world)
    rotating, refreshing = world.processes(2, keys=(NEW, OLD))
    rotating.call("hold", window=ROTATING, user="")
    rotation = rotating.send("rotate", batch=2)
    rotating.hear("reached", window=ROTATING)
    reading = [old.send("get", user=user, callers=3) for user in FRESH]
    refreshed = [refreshing.send("refresh", user=user) for user in FRESH]
    renewed = [refreshing.send("get", user=user, callers=3) for user in EXPIRED]
    rotating.call("let_go", window=ROTATING, user="")
    assert rotating.answer(rotation)["left"] == 0
    assert not [code for ticket in reading for code in old.answer(ticket) if code.startswith("!")]
    tokens = [refreshing.answer(ticket) for ticket in renewed]
    assert tokens == [{world.provider.newest(user): 3} for user in EXPIRED]
    assert [refreshing.answer(ticket) for ticket in refreshed] == [world.provider.newest(user) for user in FRESH]
    assert old.call("keys")["counts"] == {key_id(NEW): SECRETS}
    assert [old.call("stored", user=user) for user in FRESH] == [world.provider.newest(user) for user in FRESH]


def test_a_process_with_an_old_first_key_begins_no_refresh_but_stores_under_the_new_key_what_was_in_flight(
    world: World,
) -> None:
    old = old_process(world)
    old.call("hold", window=AFTER_ANSWER, user="expired-0")
    in_flight = old.send("get", user="expired-0")
    old.hear("reached", user="expired-0")
    rotating = world.process(keys=(NEW, OLD))
    assert rotating.call("rotate", batch=7)["left"] == 0
    assert old.call("get", user="expired-1") == {"!STALE_KEY": 1}
    assert old.call("refresh", user="fresh-0") == "!STALE_KEY"
    assert world.provider.calls("refresh") == 1, "nobody asked for what could not be stored"
    old.call("sign_in", user="fresh-0")
    old.call("let_go", window=AFTER_ANSWER, user="expired-0")
    assert old.answer(in_flight) == {world.provider.newest("expired-0"): 1}
    assert rotating.call("stored", user="expired-0") == world.provider.newest("expired-0")
    assert rotating.call("keys")["counts"] == {key_id(NEW): SECRETS}


def test_a_rotation_killed_in_the_middle_of_a_batch_is_finished_by_a_second_run(world: World) -> None:
    old = old_process(world)
    killed = world.process(keys=(NEW, OLD), stall_at=18)
    killed.send("rotate", batch=5)
    killed.hear("stalled")
    world.kill(killed)
    assert old.call("keys") == {
        "counts": {key_id(NEW): 15, key_id(OLD): SECRETS - 15},  # three batches of five; the fourth is rolled back
        "old": 15,
        "first": key_id(OLD),
        "primary": key_id(NEW),
    }
    assert [old.call("stored", user=user) for user in FRESH] == [world.provider.newest(user) for user in FRESH]
    second = world.process(keys=(NEW, OLD))
    assert second.call("rotate", batch=5) == {"moved": SECRETS - 15, "left": 0}
    assert second.call("keys")["counts"] == {key_id(NEW): SECRETS}
    assert second.call("faults") == []
    assert second.call("get", user="expired-0") == {world.provider.newest("expired-0"): 1}, "its secrets open"
