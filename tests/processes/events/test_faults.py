"""What becomes of events when their handlers, members and messages are not as they should be: from change to effect."""

import time

from tests.processes.events.conftest import USERS, Stage
from tests.processes.events.effects import HANDLING
from tests.processes.events.findings import find
from tests.processes.events.way import CARRY, CONSUME, Player
from tests.processes.world import wait_until

TOO_LARGE = 1_100_000
"""Bytes: more than either log takes."""
ALL = [0, 1, 2, 3]


def assigned(player: Player) -> list[list[int]]:
    return [said["numbers"] for said in player.worker.notes if said["note"] == "assigned"]


def test_a_handler_that_fails_three_times_with_each_event_has_each_effect_once_and_in_order(stage: Stage) -> None:
    player = stage.way.play(CARRY, {"failures": 3})
    stage.observer.call("append", users=["alice"], rounds=1, burst=2)
    stage.finish()
    assert stage.effects("alice") == [1, 2, 3]
    player.worker.look()
    retried = [said["place"] for said in player.worker.notes if said["note"] == "retried"]
    assert [retried.count(place) for place in set(retried)] == [3] * (len(USERS) + 2)
    assert stage.observer.call("letters") == []


def test_bytes_that_are_no_event_become_dead_letters_and_keep_nobody_back(stage: Stage) -> None:
    stage.way.play(CARRY)
    stage.observer.call("publish", values=["{not JSON", "[]"], key="alice")
    stage.observer.call("append", users=["alice"], rounds=1, burst=3)
    stage.finish()
    assert stage.effects("alice") == [1, 2, 3, 4]
    assert stage.observer.call("letters") == [["EVENT_UNDECODABLE", 1]] * 2


def test_an_event_larger_than_the_log_takes_is_parked_and_keeps_nobody_back(stage: Stage) -> None:
    stage.observer.call("append", users=["alice"], rounds=1, burst=1, reason="x" * TOO_LARGE)
    stage.observer.call("append", users=["alice"], rounds=1, burst=2)
    player = stage.way.play(CARRY)
    player.worker.hear("parked")
    stage.finish(parked=1)
    assert stage.effects("alice") == [1, 3, 4]


def test_a_slow_handler_keeps_its_partition_longer_than_a_silent_member_would(stage: Stage) -> None:
    """Being at work is no silence: the member is not taken for dead. A machine may stall once."""
    slow = stage.way.play(CARRY)
    slow.worker.hear("assigned", numbers=ALL)
    kept = [keeps_its_partitions(stage, slow, user) for user in USERS[:3]]
    assert kept.count(True) >= 2


def keeps_its_partitions(stage: Stage, player: Player, user: str) -> bool:
    player.forget("assigned", "reached")
    player.worker.call("hold", window=HANDLING, user="")
    stage.observer.call("append", users=[user], rounds=1, burst=1)
    player.worker.hear("reached", window=HANDLING)
    wait_until(time.time() + 2 * stage.member)
    player.worker.call("let_go", window=HANDLING, user="")
    stage.finish()
    assert stage.effects(user) == [1, 2]
    return not assigned(player)


def test_of_two_consumers_one_leaves_while_events_come_and_the_other_takes_over(stage: Stage) -> None:
    way, other = stage.way, stage.observer
    stayer = way.play(CARRY)
    stayer.worker.hear("assigned", numbers=ALL)
    leaver = way.play(CONSUME)
    appending = other.send("append", users=USERS, pause=0.01)
    leaver.worker.wait_for(lambda: [len(numbers) for numbers in assigned(leaver)[-1:]] == [len(ALL) / 2], "half")
    leaver.worker.call("hold", window=HANDLING, user="")
    leaver.worker.hear("reached", window=HANDLING)
    leaver.worker.call("let_go", window=HANDLING, user="")
    stayer.forget("assigned")
    way.dismiss(leaver)
    stayer.worker.hear("assigned", numbers=ALL)
    other.call("stop")
    other.answer(appending)
    stage.finish()
    assert find(way, other, finished=True).wrong == {}
