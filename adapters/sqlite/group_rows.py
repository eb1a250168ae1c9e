"""Consumer groups of the embedded log as rows: members, who holds which partition, commits. On the database's thread.

A member that has not shown for its lease is buried by whoever notices: its row goes, its partitions are free. From then
on it can neither commit nor renew. Whatever changes members or holders moves the group's generation.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import attrs

from adapters.sqlite.log_rows import LogPartition, partitions_of
from adapters.sqlite.row_decoding import any_text, decodes
from adapters.sqlite.sharing import fair_shares
from adapters.sqlite.timestamps import is_held, to_text
from domain.errors import PartitionLostError
from domain.messages import Partition
from domain.topics import is_topic_name
from ports.event_subscriber import Start

LONGEST_LEASE = timedelta(minutes=5)
"""A lease that ends later than this from now is not believed: the clock was set back since."""

_MEMBERS = "SELECT member_id, topics, alive_until FROM log_members WHERE group_id = ?"
_OFFSETS = "SELECT partition_id, committed_offset, member_id FROM log_offsets WHERE group_id = ?"
_GROUPS = (
    "SELECT group_id FROM log_groups WHERE EXISTS (SELECT 1 FROM log_offsets o"
    " WHERE o.group_id = log_groups.group_id AND o.committed_offset IS NOT NULL)"
)
_TAKE = (
    "INSERT INTO log_offsets (group_id, partition_id, committed_offset, member_id) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (group_id, partition_id) DO UPDATE"
    " SET committed_offset = excluded.committed_offset, member_id = excluded.member_id"
)
_COMMIT = "UPDATE log_offsets SET committed_offset = ? WHERE group_id = ? AND partition_id = ? AND member_id = ?"
_RELEASE = "UPDATE log_offsets SET member_id = NULL WHERE group_id = ? AND partition_id = ? AND member_id = ?"
_RELEASE_ALL = "UPDATE log_offsets SET member_id = NULL WHERE group_id = ? AND member_id = CAST(? AS TEXT)"
_REMOVE = "DELETE FROM log_members WHERE group_id = ? AND member_id = CAST(? AS TEXT)"


@attrs.frozen(kw_only=True)
class Member:
    """One member of a group, under an id that it has for one stay in it."""

    group_id: str
    member_id: str
    topics: frozenset[str]
    start: Start
    lease: timedelta


@attrs.frozen(kw_only=True)
class Held:
    """A partition that a member was given, and where it begins to read."""

    partition_id: int
    partition: Partition
    offset: int


@attrs.frozen(kw_only=True)
class GroupView:
    """A group at a moment: the living members, who holds what, and what each should hold."""

    generation: int
    members: frozenset[str]
    dead: frozenset[str]
    overdue: bool
    partitions: Mapping[int, LogPartition]
    committed: Mapping[int, int | None]
    holders: Mapping[int, str]
    shares: Mapping[int, str]

    def held(self, member_id: str) -> list[Held]:
        """Return what the member holds, and where it begins to read."""
        return [
            Held(
                partition_id=each,
                partition=self.partitions[each].partition,
                offset=max(self.committed.get(each) or 0, self.partitions[each].begin),
            )
            for each, holder in self.holders.items()
            if holder == member_id
        ]

    def surplus(self, member_id: str) -> list[Held]:
        """Return what the member holds and should not."""
        return [each for each in self.held(member_id) if self.shares.get(each.partition_id) != member_id]

    def free(self, member_id: str) -> list[LogPartition]:
        """Return what the member should hold and nobody does."""
        return [
            self.partitions[each]
            for each, member in self.shares.items()
            if member == member_id and each not in self.holders
        ]


def view(connection: sqlite3.Connection, group_id: str, member_id: str, now: datetime) -> GroupView:
    """Read the group as this member sees it: it is not dead itself before it is buried, but may be overdue."""
    alive: dict[str, frozenset[str]] = {}
    dead, overdue = set(), False
    for row in _rows(connection, _MEMBERS, group_id):
        topics = _topics(row)
        in_time = is_held(row["alive_until"], now, LONGEST_LEASE)
        overdue |= row["member_id"] == member_id and not in_time
        if topics is not None and (in_time or row["member_id"] == member_id):
            alive[row["member_id"]] = topics
        else:
            dead.add(row["member_id"])
    rows = _rows(connection, _OFFSETS, group_id)
    partitions = {each.partition_id: each for each in partitions_of(connection, frozenset().union(*alive.values()))}
    holders = {
        row["partition_id"]: row["member_id"]
        for row in rows
        if row["member_id"] in alive and row["partition_id"] in partitions
    }
    topics_by_id = {each: partition.partition.topic for each, partition in partitions.items()}
    return GroupView(
        generation=generation(connection, group_id),
        members=frozenset(alive),
        dead=frozenset(dead),
        overdue=overdue,
        partitions=partitions,
        committed={row["partition_id"]: _committed(row) for row in rows},
        holders=holders,
        shares=fair_shares(alive, topics_by_id, holders),
    )


def generation(connection: sqlite3.Connection, group_id: str) -> int:
    """Return the number that moves when members or holders change."""
    row = connection.execute("SELECT group_id, generation FROM log_groups WHERE group_id = ?", (group_id,)).fetchone()
    return 0 if row is None else _generation(row)


def join(connection: sqlite3.Connection, member: Member, now: datetime) -> None:
    """Add the member and give it what it should hold and nobody does."""
    connection.execute(
        "INSERT INTO log_groups (group_id, generation) VALUES (?, 0) ON CONFLICT DO NOTHING", (member.group_id,)
    )
    connection.execute(
        "INSERT INTO log_members (group_id, member_id, topics, alive_until) VALUES (?, ?, ?, ?)",
        (member.group_id, member.member_id, json.dumps(sorted(member.topics)), to_text(now + member.lease)),
    )
    _moved(connection, member.group_id)
    _settle(connection, member, now)


def renew(connection: sqlite3.Connection, member: Member, now: datetime) -> None:
    """Prolong the member's lease, bury the dead, and give it what it should hold; nothing if it was buried itself."""
    cursor = connection.execute(
        "UPDATE log_members SET alive_until = ? WHERE group_id = ? AND member_id = ?",
        (to_text(now + member.lease), member.group_id, member.member_id),
    )
    if cursor.rowcount == 1:
        _settle(connection, member, now)


def release(connection: sqlite3.Connection, member: Member, partition_ids: Iterable[int]) -> None:
    """Free the partitions."""
    connection.executemany(_RELEASE, [(member.group_id, each, member.member_id) for each in partition_ids])
    _moved(connection, member.group_id)


def leave(connection: sqlite3.Connection, member: Member) -> None:
    """Remove the member and free what it holds."""
    _remove(connection, member.group_id, member.member_id)
    _moved(connection, member.group_id)


def commit(connection: sqlite3.Connection, member: Member, offsets: Mapping[int, int]) -> None:
    """Write the offsets, by partition id.

    Raises:
        PartitionLostError: the member does not hold one of them.
    """
    for partition_id, offset in offsets.items():
        place = (offset, member.group_id, partition_id, member.member_id)
        if connection.execute(_COMMIT, place).rowcount != 1:
            raise lost(member.group_id)


def lost(group_id: str) -> PartitionLostError:
    """Return the error of a commit that came too late."""
    msg = f"A partition belongs to another member of group {group_id} by now: nothing was committed."
    return PartitionLostError(msg, details={"group_id": group_id})


def committed_offsets(connection: sqlite3.Connection, group_id: str) -> dict[int, int]:
    """Return what the group has committed, by partition id."""
    offsets = {row["partition_id"]: _committed(row) for row in _rows(connection, _OFFSETS, group_id)}
    return {partition_id: offset for partition_id, offset in offsets.items() if offset is not None}


def topics_of_group(connection: sqlite3.Connection, group_id: str, now: datetime) -> set[str]:
    """Return the topics in which the group has committed, and those of its living members."""
    rows = connection.execute(
        "SELECT topic FROM log_offsets JOIN log_partitions USING (partition_id)"
        " WHERE group_id = ? AND committed_offset IS NOT NULL",
        (group_id,),
    )
    found = {row["topic"] for row in rows}
    for row in _rows(connection, _MEMBERS, group_id):
        if is_held(row["alive_until"], now, LONGEST_LEASE):
            found |= _topics(row) or frozenset()
    return found


def group_ids(connection: sqlite3.Connection, now: datetime) -> list[str]:
    """Return the groups that have committed something or have living members, in order."""
    found = {row["group_id"] for row in connection.execute(_GROUPS)}
    members = _rows(connection, "SELECT group_id, alive_until FROM log_members")
    found |= {row["group_id"] for row in members if is_held(row["alive_until"], now, LONGEST_LEASE)}
    return sorted(found)


def _settle(connection: sqlite3.Connection, member: Member, now: datetime) -> None:
    """Bury the dead and take what is free and the member's share."""
    group = view(connection, member.group_id, member.member_id, now)
    for dead in group.dead:
        _remove(connection, member.group_id, dead)
    free = group.free(member.member_id)
    for each in free:
        _take(connection, member, each, group.committed.get(each.partition_id))
    if group.dead or free:
        _moved(connection, member.group_id)


def _take(connection: sqlite3.Connection, member: Member, source: LogPartition, committed: int | None) -> None:
    """Take the partition. That a group began at its end is committed: else the next start would be later than that.

    A committed offset that does not exist yet, as after a backup was put back, counts as none.
    """
    if committed is not None and committed > source.end:
        committed = None
    if committed is None and member.start is Start.LATEST:
        committed = source.end
    connection.execute(_TAKE, (member.group_id, source.partition_id, committed, member.member_id))


def _remove(connection: sqlite3.Connection, group_id: str, member_id: str) -> None:
    place = (group_id, member_id.encode(errors="surrogateescape"))  # the bytes: a damaged id is not always Unicode
    connection.execute(_RELEASE_ALL, place)
    connection.execute(_REMOVE, place)


def _rows(connection: sqlite3.Connection, query: str, *values: str) -> list[sqlite3.Row]:
    with any_text(connection):
        return connection.execute(query, values).fetchall()


def _moved(connection: sqlite3.Connection, group_id: str) -> None:
    connection.execute("UPDATE log_groups SET generation = generation + 1 WHERE group_id = ?", (group_id,))


@decodes("log_groups", "group_id")
def _generation(row: sqlite3.Row) -> int:
    return int(row["generation"])


@decodes("log_offsets", "partition_id")
def _committed(row: sqlite3.Row) -> int | None:
    return None if row["committed_offset"] is None else int(row["committed_offset"])


def _topics(row: sqlite3.Row) -> frozenset[str] | None:
    try:
        topics = frozenset(map(str, json.loads(row["topics"])))
    except (ValueError, TypeError, RecursionError):
        return None
    return topics if all(map(is_topic_name, topics)) else None
