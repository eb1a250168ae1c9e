-- What became of an event stands beside it, not in its row: to mark it would write its value once more.

DROP INDEX outbox_pending;
DROP INDEX outbox_published;

-- Events that are neither published nor parked.
CREATE TABLE outbox_pending (
    position  INTEGER PRIMARY KEY REFERENCES outbox (position) ON DELETE CASCADE
);
INSERT INTO outbox_pending (position)
    SELECT position FROM outbox WHERE published_at IS NULL AND parked_at IS NULL;

-- Whoever appends an event makes it pending.
CREATE TRIGGER outbox_appended AFTER INSERT ON outbox BEGIN
    INSERT INTO outbox_pending (position) VALUES (NEW.position);
END;

-- In the order in which they are forgotten.
CREATE TABLE outbox_published (
    published_at  TEXT NOT NULL,
    position      INTEGER NOT NULL,
    PRIMARY KEY (published_at, position)
) WITHOUT ROWID;
INSERT INTO outbox_published (published_at, position)
    SELECT published_at, position FROM outbox WHERE published_at IS NOT NULL;

ALTER TABLE outbox DROP COLUMN published_at;
