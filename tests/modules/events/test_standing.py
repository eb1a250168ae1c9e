"""`events topics` and `events lag`."""

from tests.modules.auth.seeds import fingerprints
from tests.modules.events.using import publish, tailed
from tests.modules.iacsgraph.shell import Shell


def test_topics_are_made_as_the_settings_say_and_shown_with_what_they_hold(shell: Shell) -> None:
    made = shell.having(EVENT_PARTITIONS="2", EVENT_RETENTION_DAYS="30")
    publish(made, "orders", {"n": 1}, {"n": 2}, {"n": 3})
    publish(shell.having(EVENT_RETENTION_DAYS="0"), "for-ever", {"n": 1})
    before = fingerprints(shell.directory)
    assert shell.call("events", "topics", "--json").document == [
        {"topic": "for-ever", "partitions": 6, "messages": 1, "retention_seconds": None},
        {"topic": "orders", "partitions": 2, "messages": 3, "retention_seconds": 2_592_000.0},
    ]
    table = shell.call("events", "topics").out.splitlines()
    assert [line.split() for line in table] == [
        ["topic", "partitions", "messages", "retention"],
        ["for-ever", "6", "1", "for", "ever"],
        ["orders", "2", "3", "30", "d"],
    ]
    assert fingerprints(shell.directory) == before


def test_lag_counts_what_a_group_has_yet_to_read(shell: Shell) -> None:
    shell = shell.having(EVENT_PARTITIONS="1")
    publish(shell, "orders", {"n": 1}, {"n": 2}, {"n": 3})
    assert shell.call("events", "lag").err == "No consumer group has read anything yet.\n"
    assert shell.call("events", "lag", "--json").document == {"behind": 0, "partitions": []}
    tailed(shell, "orders", "--group", "slow", "-n", "1")
    tailed(shell, "orders", "--group", "fast")
    slow = {"group": "slow", "topic": "orders", "partition": 0, "committed": 1, "end": 3, "behind": 2}
    fast = {"group": "fast", "topic": "orders", "partition": 0, "committed": 3, "end": 3, "behind": 0}
    assert shell.call("events", "lag", "--json").document == {"behind": 2, "partitions": [fast, slow]}
    assert shell.call("events", "lag", "fast", "--json").document == {"behind": 0, "partitions": [fast]}
    assert shell.call("events", "lag", "slow").out.splitlines()[-1] == "2 behind in all."


def test_an_unknown_group_is_not_found(shell: Shell) -> None:
    publish(shell, "orders", {"n": 1})
    done = shell.call("events", "lag", "nobody", "--json")
    assert (done.code, done.error["error_code"]) == (6, "GROUP_UNKNOWN")


def test_without_any_topic_there_is_nothing_to_show(shell: Shell) -> None:
    assert shell.call("db", "migrate").code == 0
    done = shell.call("events", "topics")
    assert (done.code, done.said) == (0, "There is no topic yet.\n")
