"""What becomes of batches whose attempts end in every way: none is lost to one before, none disturbs others in vain."""

import asyncio
from datetime import timedelta

import aiokafka.errors as foreign
import attrs
import pytest

from adapters.kafka.connection import KafkaConnection
from adapters.kafka.event_publisher import KafkaEventPublisher
from adapters.kafka.link import KafkaLink
from adapters.kafka.session import Session
from adapters.kafka.topic_creation import TopicMaker
from domain.errors import IACSGraphError, KafkaConnectionError, MessageRejectedError, PermissionDeniedError
from domain.messages import Message, Partition
from domain.topics import TopicPlan
from tests.adapters.kafka.scenes import MOMENT, SECOND, numbered
from tests.adapters.kafka.scripted_cluster import NODE, Fate, ScriptedCluster

CONNECTION = KafkaConnection(servers=("scripted:9092",), answer_within=SECOND)
ALL_REPLICAS = -1
"""Source: https://kafka.apache.org/protocol#The_Messages_Produce"""

LED, LEADERLESS = "led", "leaderless"
ONLY = Partition(topic=LED, number=0)


@attrs.define
class Rig:
    """A cluster and the session with it, which publishers share."""

    cluster: ScriptedCluster
    session: Session
    link: KafkaLink

    def publisher(self, patience: timedelta = 10 * SECOND) -> KafkaEventPublisher:
        return KafkaEventPublisher(link=self.link, maker=TopicMaker(plan=TopicPlan()), patience=patience)

    async def publish(self, value: bytes, patience: timedelta = 10 * SECOND) -> IACSGraphError | None:
        (outcome,) = await self.publisher(patience).publish([Message(topic=LED, key=b"key", value=value)])
        return outcome

    def open_again(self) -> None:
        """Give the link a new session, as it opens one itself where there are sockets."""
        self.session = Session(self.session.connection, self.cluster)
        self.link = KafkaLink(self.session.connection, self.session)


def make(connection: KafkaConnection = CONNECTION, *fates: Fate | int) -> Rig:
    cluster = ScriptedCluster(leaders={LED: {0: NODE}, LEADERLESS: {0: -1}}, fates=list(fates))
    session = Session(connection, cluster)
    return Rig(cluster=cluster, session=session, link=KafkaLink(connection, session))


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (foreign.TopicAuthorizationFailedError, PermissionDeniedError),
        (foreign.MessageSizeTooLargeError, MessageRejectedError),
    ],
)
@pytest.mark.parametrize(
    "fate", [Fate.APPENDED_AND_CUT, foreign.RequestTimedOutError.errno, foreign.NotEnoughReplicasAfterAppendError.errno]
)
async def test_a_batch_is_not_taken_for_one_before_whose_fate_is_not_known(
    fate: Fate | int, refusal: type[foreign.BrokerResponseError], kind: type[IACSGraphError]
) -> None:
    """What came next under the number of the first, which was appended before it was refused, would be dropped."""
    rig = make(CONNECTION, fate, refusal.errno)
    assert type(await rig.publish(b"first")) is kind
    if rig.session.stale:
        rig.open_again()
    assert await rig.publish(b"second") is None
    assert rig.cluster.appended[ONLY] == [b"first", b"second"]


async def test_a_batch_is_appended_when_all_replicas_have_it_each_time_it_is_sent() -> None:
    """One that only its leader has is lost with it, though it was acknowledged."""
    rig = make(CONNECTION, foreign.NotLeaderForPartitionError.errno)
    assert await rig.publish(b"first") is None
    assert rig.cluster.acks == [ALL_REPLICAS] * 2


async def test_a_refusal_of_the_only_attempt_leaves_the_session_to_the_next() -> None:
    rig = make(CONNECTION, foreign.TopicAuthorizationFailedError.errno)
    assert type(await rig.publish(b"first")) is PermissionDeniedError
    assert await rig.publish(b"second") is None
    assert not rig.session.stale
    assert rig.cluster.appended[ONLY] == [b"second"]


async def test_an_answer_that_was_lost_is_asked_for_again_and_the_batch_is_there_once() -> None:
    rig = make(CONNECTION, Fate.APPENDED_AND_CUT, foreign.NotLeaderForPartitionError.errno)
    assert [await rig.publish(b"first"), await rig.publish(b"second")] == [None, None]
    assert not rig.session.stale
    assert rig.cluster.appended[ONLY] == [b"first", b"second"]


async def test_a_partition_without_a_leader_does_not_cut_off_what_goes_to_others() -> None:
    rig = make(CONNECTION, Fate.APPENDED_IN_SILENCE)
    async with asyncio.TaskGroup() as tasks:
        healthy = tasks.create_task(rig.publish(b"value"))
        await rig.cluster.arrived.wait()
        (outcome,) = await rig.publisher(MOMENT).publish(numbered(LEADERLESS, [1]))
        assert outcome is not None
        assert outcome.transient
        assert not rig.session.stale
        rig.cluster.answering.set()
    assert healthy.result() is None
    assert rig.cluster.appended == {ONLY: [b"value"]}


async def test_too_few_replicas_for_as_long_as_patience_lasts_leave_the_session_to_others() -> None:
    """The broker says so before it appends."""
    rig = make(CONNECTION, *[foreign.NotEnoughReplicasError.errno] * 10)
    outcome = await rig.publish(b"first", MOMENT)
    assert outcome is not None
    assert outcome.transient
    assert not rig.session.stale


async def test_a_broker_that_is_connected_to_in_vain_leaves_the_session_to_others() -> None:
    rig = make()
    assert await rig.publish(b"first") is None
    rig.cluster.reachable = False
    assert type(await rig.publish(b"second", MOMENT)) is KafkaConnectionError
    assert not rig.session.stale


async def test_breaking_off_while_an_answer_is_awaited_ends_the_session() -> None:
    rig = make(CONNECTION, Fate.APPENDED_IN_SILENCE)
    assert type(await rig.publish(b"first", MOMENT)) is KafkaConnectionError
    assert rig.session.stale


@pytest.mark.parametrize(("known_for", "written_to"), [(timedelta(0), {0, 1}), (timedelta(minutes=3), {0})])
async def test_partitions_that_were_added_are_written_to_after_a_while(
    known_for: timedelta, written_to: set[int]
) -> None:
    rig = make(attrs.evolve(CONNECTION, known_for=known_for))
    messages = [Message(topic=LED, key=b"%d" % number, value=b"value") for number in range(20)]
    assert not any(await rig.publisher().publish(messages))
    rig.cluster.leaders[LED][1] = NODE
    assert not any(await rig.publisher().publish(messages))
    assert {partition.number for partition in rig.cluster.appended} == written_to
