-- When an event was put here, which its own time does not tell; NULL for those of before.
ALTER TABLE outbox ADD COLUMN appended_at TEXT;

-- Where mail is or was, in any mailbox; path is how the folder was called last.
CREATE TABLE mail_folders (
    folder      INTEGER PRIMARY KEY,
    account_id  TEXT NOT NULL REFERENCES accounts (account_id),
    folder_id   TEXT NOT NULL,
    path        TEXT,
    UNIQUE (account_id, folder_id)
);

-- How far a folder is copied. While window_open, mail received before window_before (NULL: now) is still to be fetched.
CREATE TABLE folder_syncs (
    folder         INTEGER PRIMARY KEY REFERENCES mail_folders (folder),
    path           TEXT NOT NULL,
    since          TEXT,
    window_open    INTEGER NOT NULL CHECK (window_open IN (0, 1)),
    window_before  TEXT,
    phase          TEXT NOT NULL CHECK (phase IN ('round', 'verifying', 'following', 'ended')),
    cursor         TEXT,
    round          INTEGER NOT NULL,
    complete_at    TEXT,
    asked_at       TEXT,
    revision       INTEGER NOT NULL
);

-- What changes often, in small rows; mail grows in the order of storing. round is the folder's in which it was met last,
-- 0 if in none; parts tells what mail_contents has: 1 body, 2 headers, 4 attachments; told counts the events after
-- the first.
CREATE TABLE mails (
    mail        INTEGER PRIMARY KEY,
    mail_id     TEXT NOT NULL UNIQUE,
    folder      INTEGER NOT NULL REFERENCES mail_folders (folder),
    message_id  TEXT NOT NULL,
    version     TEXT,
    parts       INTEGER NOT NULL,
    round       INTEGER NOT NULL,
    is_deleted  INTEGER NOT NULL DEFAULT 0,
    deleted_at  TEXT,
    state       TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'announced', 'dropped')),
    told        INTEGER NOT NULL DEFAULT 0,
    CHECK (is_deleted = (deleted_at IS NOT NULL))
);
CREATE INDEX mails_by_round ON mails (folder, is_deleted, round, state);
CREATE INDEX mails_by_message ON mails (folder, message_id) WHERE is_deleted = 0;

-- The mail as the mailbox told it last. A correspondent is a JSON object of address and name; there and in recipients,
-- reply_to and categories JSON null or [] is none.
CREATE TABLE mail_details (
    mail                 INTEGER PRIMARY KEY REFERENCES mails (mail),
    stored_at            TEXT NOT NULL,
    received_at          TEXT NOT NULL,
    sent_at              TEXT,
    changed_at           TEXT,
    internet_message_id  TEXT,
    conversation_id      TEXT,
    subject              TEXT,
    sender               TEXT NOT NULL,
    sent_by              TEXT NOT NULL,
    to_recipients        TEXT NOT NULL,
    cc_recipients        TEXT NOT NULL,
    bcc_recipients       TEXT NOT NULL,
    reply_to             TEXT NOT NULL,
    is_read              INTEGER NOT NULL,
    is_draft             INTEGER NOT NULL,
    importance           TEXT NOT NULL,
    has_attachments      INTEGER NOT NULL,
    categories           TEXT NOT NULL,
    web_link             TEXT,
    preview              TEXT
);

-- The parts that were fetched: headers is a JSON array of [name, value], attachments one of objects.
CREATE TABLE mail_contents (
    mail         INTEGER PRIMARY KEY REFERENCES mails (mail),
    body_format  TEXT,
    body         TEXT,
    headers      TEXT,
    attachments  TEXT
);

-- One row for each mail in state 'new', and only for those. attempts counts claims; problem is how the last one failed.
CREATE TABLE mail_queue (
    mail       INTEGER PRIMARY KEY REFERENCES mails (mail),
    queued_at  TEXT NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    owner      TEXT,
    until      TEXT,
    retry_at   TEXT,
    problem    TEXT
);
CREATE INDEX mail_queue_by_attempts ON mail_queue (attempts);
CREATE INDEX mail_queue_owned ON mail_queue (owner) WHERE owner IS NOT NULL;

-- What became of processed mails; info is what was found, as JSON, without the body. Restoring leaves when and why a
-- mail had been dropped.
CREATE TABLE mail_results (
    mail          INTEGER PRIMARY KEY REFERENCES mails (mail),
    info          TEXT NOT NULL,
    announced_at  TEXT,
    dropped_at    TEXT,
    drop_reason   TEXT,
    restored_at   TEXT,
    restored_by   TEXT
);
CREATE INDEX mail_results_dropped ON mail_results (dropped_at) WHERE dropped_at IS NOT NULL;

-- Which mail was announced first with an internetMessageId, in whatever mailbox.
CREATE TABLE first_announcements (
    internet_message_id  TEXT PRIMARY KEY NOT NULL,
    mail                 INTEGER NOT NULL REFERENCES mails (mail)
) WITHOUT ROWID;

-- Messages that could not be read; mail_id as the mail would have, NULL with message_id where that is not known.
CREATE TABLE unreadable_mails (
    entry       INTEGER PRIMARY KEY,
    mail_id     TEXT UNIQUE,
    message_id  TEXT,
    folder      INTEGER NOT NULL REFERENCES mail_folders (folder),
    problem     TEXT NOT NULL,
    raw         BLOB NOT NULL,
    first_at    TEXT NOT NULL,
    last_at     TEXT NOT NULL
);
CREATE UNIQUE INDEX unreadable_mails_without_id ON unreadable_mails (folder) WHERE mail_id IS NULL;
CREATE INDEX unreadable_mails_by_folder ON unreadable_mails (folder);

-- What an analyst found, by a digest of what it was asked; keywords is a JSON array.
CREATE TABLE analyses (
    analysis_key  TEXT PRIMARY KEY NOT NULL,
    deadline      TEXT,
    keywords      TEXT NOT NULL,
    kept_at       TEXT NOT NULL
) WITHOUT ROWID;
