-- The claims request (JSON) that the next sign-in must carry.
ALTER TABLE accounts ADD COLUMN reauth_claims TEXT;

-- sign_ins.secrets holds one ciphertext "<key id>:...", bound to the row; NULL once the sign-in is over.
CREATE TABLE sign_ins (
    sign_in_id        TEXT PRIMARY KEY NOT NULL,
    account_id        TEXT NOT NULL REFERENCES accounts (account_id),
    stage             TEXT NOT NULL CHECK (stage IN ('PENDING', 'COMPLETING', 'DONE', 'FAILED', 'CANCELLED')),
    reason            TEXT,
    explanation       TEXT,
    begun_at          TEXT NOT NULL,
    expires_at        TEXT NOT NULL,
    ended_at          TEXT,
    redirect_uri      TEXT,
    link_id           TEXT,
    user_code         TEXT,
    verification_uri  TEXT,
    interval_seconds  REAL,
    poll_at           TEXT,
    secrets           TEXT
) WITHOUT ROWID;
CREATE INDEX sign_ins_open_of_account ON sign_ins (account_id) WHERE stage IN ('PENDING', 'COMPLETING');
CREATE INDEX sign_ins_open ON sign_ins (expires_at) WHERE stage IN ('PENDING', 'COMPLETING');
CREATE INDEX sign_ins_by_end ON sign_ins (coalesce(ended_at, expires_at));

-- Only a digest of a link's secret is kept.
CREATE TABLE reconnect_links (
    link_id     TEXT PRIMARY KEY NOT NULL,
    account_id  TEXT NOT NULL REFERENCES accounts (account_id),
    digest      TEXT NOT NULL,
    expires_at  TEXT NOT NULL,
    used_at     TEXT
) WITHOUT ROWID;
CREATE INDEX reconnect_links_by_expiry ON reconnect_links (expires_at);
