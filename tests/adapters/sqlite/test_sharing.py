"""How partitions are shared out: completely, fairly, and without changing what is fair."""

from collections import Counter
from time import process_time

from hypothesis import given
from hypothesis import strategies as st

from adapters.sqlite.sharing import fair_shares

TOPICS = ("a", "b", "c")
MEMBERS = ("m1", "m2", "m3", "m4", "m5")
Subscribed = dict[str, frozenset[str]]

subscriptions = st.dictionaries(st.sampled_from(MEMBERS), st.frozensets(st.sampled_from(TOPICS), min_size=1))
partitions = st.lists(st.sampled_from(TOPICS), max_size=20).map(lambda topics: dict(enumerate(topics)))
holders = st.dictionaries(st.integers(0, 22), st.sampled_from((*MEMBERS, "gone")))


@given(subscriptions, partitions, holders)
def test_each_partition_that_somebody_wants_goes_to_one_who_wants_it(
    subscribed: Subscribed, topics: dict[int, str], held: dict[int, str]
) -> None:
    shares = fair_shares(subscribed, topics, held)
    wanted = frozenset().union(*subscribed.values())
    assert shares.keys() == {each for each, topic in topics.items() if topic in wanted}
    assert all(topics[each] in subscribed[member] for each, member in shares.items())


@given(subscriptions, partitions, holders)
def test_of_each_topic_all_who_want_it_have_as_many_give_or_take_one(
    subscribed: Subscribed, topics: dict[int, str], held: dict[int, str]
) -> None:
    shares = fair_shares(subscribed, topics, held)
    for topic in set(topics.values()):
        counts = [
            sum(other == member and topics[each] == topic for each, other in shares.items())
            for member, wanted in subscribed.items()
            if topic in wanted
        ]
        assert not counts or max(counts) - min(counts) <= 1


@given(st.integers(1, 5), partitions, holders)
def test_members_with_the_same_topics_have_as_many_in_all_give_or_take_one(
    size: int, topics: dict[int, str], held: dict[int, str]
) -> None:
    members = MEMBERS[:size]
    shares = Counter(fair_shares({each: frozenset(TOPICS) for each in members}, topics, held).values())
    counts = [shares[each] for each in members]
    assert max(counts) - min(counts) <= 1


@given(subscriptions, partitions, holders)
def test_fair_shares_stay_as_they_are(subscribed: Subscribed, topics: dict[int, str], held: dict[int, str]) -> None:
    shares = fair_shares(subscribed, topics, held)
    assert fair_shares(subscribed, topics, shares) == shares


@given(st.integers(1, 5), st.integers(0, 20), holders)
def test_no_more_partitions_of_a_topic_move_than_must(size: int, number: int, held: dict[int, str]) -> None:
    """Those who may have one more are those who have most already."""
    members = MEMBERS[:size]
    shares = fair_shares({each: frozenset("a") for each in members}, dict.fromkeys(range(number), "a"), held)
    counts = sorted((sum(held.get(each) == member for each in range(number)) for member in members), reverse=True)
    fewest, more = divmod(number, size)
    stay = sum(min(has, fewest + (place < more)) for place, has in enumerate(counts))
    assert sum(held.get(each) == member for each, member in shares.items()) == stay


def test_ten_thousand_partitions_are_shared_out_in_a_moment() -> None:
    """Not so with a time that grows with their square: that was twenty seconds."""
    topics = dict.fromkeys(range(10_000), "a")
    subscribed = {each: frozenset("a") for each in MEMBERS}
    started = process_time()
    shares = fair_shares(subscribed, topics, dict.fromkeys(topics, "m1"))
    assert process_time() - started < 2
    assert set(Counter(shares.values()).values()) == {2000}


@given(st.integers(1, 4), st.integers(0, 20))
def test_a_newcomer_to_a_topic_moves_nothing_but_what_it_gets_itself(size: int, number: int) -> None:
    topics = dict.fromkeys(range(number), "a")
    before = fair_shares({each: frozenset(TOPICS) for each in MEMBERS[:size]}, topics, {})
    after = fair_shares({each: frozenset(TOPICS) for each in MEMBERS[: size + 1]}, topics, before)
    assert {member for each, member in after.items() if before[each] != member} <= {MEMBERS[size]}


def test_the_order_in_which_members_are_listed_does_not_matter() -> None:
    topics = dict.fromkeys(range(7), "a")
    forwards = fair_shares({each: frozenset("a") for each in MEMBERS}, topics, {3: "m2"})
    backwards = fair_shares({each: frozenset("a") for each in reversed(MEMBERS)}, topics, {3: "m2"})
    assert forwards == backwards
