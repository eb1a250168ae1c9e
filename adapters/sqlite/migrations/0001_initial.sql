-- Times are UTC ISO 8601 text with microseconds, so that text order is time order.
-- accounts.client_secret, tokens.access_token and tokens.refresh_token hold ciphertexts "<key id>:...", bound to row and field.

CREATE TABLE accounts (
    account_id       TEXT PRIMARY KEY NOT NULL,
    user_id          TEXT NOT NULL,
    user_key         TEXT NOT NULL UNIQUE,
    name             TEXT NOT NULL,
    email            TEXT NOT NULL,
    client_id        TEXT,
    tenant_id        TEXT,
    flow             TEXT,
    scopes           TEXT,
    redirect_uri     TEXT,
    client_secret    TEXT,
    status           TEXT NOT NULL CHECK (status IN ('ACTIVE', 'INACTIVE', 'LOCKED', 'REAUTH_REQUIRED')),
    status_reason    TEXT,
    status_since     TEXT NOT NULL,
    reauth_reason    TEXT,
    identity_tenant  TEXT,
    identity_object  TEXT,
    version          INTEGER NOT NULL,
    created_at       TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE audit (
    entry       INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id  TEXT NOT NULL REFERENCES accounts (account_id),
    at          TEXT NOT NULL,
    actor       TEXT NOT NULL,
    action      TEXT NOT NULL,
    reason      TEXT,
    fields      TEXT NOT NULL
);
CREATE INDEX audit_by_account ON audit (account_id, entry);

CREATE TABLE tokens (
    account_id     TEXT PRIMARY KEY NOT NULL REFERENCES accounts (account_id),
    access_token   TEXT,
    refresh_token  TEXT,
    obtained_at    TEXT,
    expires_at     TEXT,
    refresh_at     TEXT,
    scopes         TEXT,
    due_at         TEXT,
    wake_at        TEXT,
    fence          INTEGER NOT NULL DEFAULT 0,
    owner          TEXT,
    leased_until   TEXT,
    retry_at       TEXT,
    failures       INTEGER NOT NULL DEFAULT 0,
    attempts       TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX tokens_by_wake_at ON tokens (wake_at) WHERE wake_at IS NOT NULL;

-- One row per account, numbered anew at each write of the account or its token: what other processes poll.
CREATE TABLE news (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id  TEXT NOT NULL UNIQUE REFERENCES accounts (account_id)
);

-- Final bytes of events, appended in the transaction of the change that they tell of.
CREATE TABLE outbox (
    position      INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id      TEXT NOT NULL UNIQUE,
    topic         TEXT NOT NULL,
    key           TEXT NOT NULL,
    value         BLOB NOT NULL,
    headers       TEXT NOT NULL,
    published_at  TEXT
);
CREATE INDEX outbox_unpublished ON outbox (position) WHERE published_at IS NULL;

CREATE TABLE encryption (
    only_row     INTEGER PRIMARY KEY CHECK (only_row = 1),
    primary_key  TEXT NOT NULL
);

-- Keys that were the primary one before: only recorded again on purpose.
CREATE TABLE replaced_keys (
    key_id  TEXT PRIMARY KEY NOT NULL
) WITHOUT ROWID;
