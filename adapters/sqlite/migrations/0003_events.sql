-- An event that the log rejected is parked: it stays, and keeps nobody back.
ALTER TABLE outbox ADD COLUMN parked_at TEXT;
ALTER TABLE outbox ADD COLUMN parked_reason TEXT;
DROP INDEX outbox_unpublished;
CREATE INDEX outbox_pending ON outbox (position) WHERE published_at IS NULL AND parked_at IS NULL;
CREATE INDEX outbox_parked ON outbox (position) WHERE parked_at IS NOT NULL;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

-- Who alone publishes what stands in the outbox, and until when.
CREATE TABLE relay (
    only_row  INTEGER PRIMARY KEY CHECK (only_row = 1),
    owner     TEXT NOT NULL,
    until     TEXT NOT NULL
);

-- Which consumer group has handled which event: written in the transaction of the effect.
CREATE TABLE handled_events (
    group_id    TEXT NOT NULL,
    event_id    TEXT NOT NULL,
    handled_at  TEXT NOT NULL,
    PRIMARY KEY (group_id, event_id)
) WITHOUT ROWID;
CREATE INDEX handled_events_by_time ON handled_events (handled_at);

-- The embedded log of events: topics of partitions of messages. Without retention_microseconds they stay for ever.
CREATE TABLE log_topics (
    topic                   TEXT PRIMARY KEY NOT NULL,
    retention_microseconds  INTEGER
) WITHOUT ROWID;

-- Offsets run from begin_offset (the first that is left) to next_offset (of the next message), and are never used twice.
CREATE TABLE log_partitions (
    partition_id  INTEGER PRIMARY KEY,
    topic         TEXT NOT NULL REFERENCES log_topics (topic),
    number        INTEGER NOT NULL,
    begin_offset  INTEGER NOT NULL DEFAULT 0,
    next_offset   INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, number)
);

-- headers is a JSON array of [name, value], the value's bytes as ISO 8859-1 text.
CREATE TABLE log_messages (
    message        INTEGER PRIMARY KEY,
    partition_id   INTEGER NOT NULL REFERENCES log_partitions (partition_id),
    offset_number  INTEGER NOT NULL,
    at             TEXT NOT NULL,
    key            BLOB,
    value          BLOB,
    headers        TEXT NOT NULL,
    UNIQUE (partition_id, offset_number)
);

-- generation moves with every change of who is a member and who holds what.
CREATE TABLE log_groups (
    group_id    TEXT PRIMARY KEY NOT NULL,
    generation  INTEGER NOT NULL
) WITHOUT ROWID;

-- topics is a JSON array of names.
CREATE TABLE log_members (
    group_id     TEXT NOT NULL REFERENCES log_groups (group_id),
    member_id    TEXT NOT NULL,
    topics       TEXT NOT NULL,
    alive_until  TEXT NOT NULL,
    PRIMARY KEY (group_id, member_id)
) WITHOUT ROWID;

-- How far a group is in a partition, and which member holds it now.
CREATE TABLE log_offsets (
    group_id          TEXT NOT NULL REFERENCES log_groups (group_id),
    partition_id      INTEGER NOT NULL REFERENCES log_partitions (partition_id),
    committed_offset  INTEGER CHECK (committed_offset >= 0),
    member_id         TEXT,
    PRIMARY KEY (group_id, partition_id)
) WITHOUT ROWID;
