"""Accounts as rows, and the one place where a change of an account is written. Runs on the database's thread."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec.json import Encoder

from adapters.sqlite.row_decoding import decodes
from adapters.sqlite.secrets import CLIENT_SECRET, may_encrypt
from adapters.sqlite.timestamps import from_text, to_text
from domain.account import Account, AccountId, AccountStatus, AuthFlow, Identity, OAuthApplication, user_key
from domain.change import AccountChange, AuditEntry, FieldChange
from domain.errors import ConflictError, NotFoundError
from ports.cipher import Cipher
from ports.event_codec import EncodedEvent, EventCodec

_ENCODE: Final = Encoder().encode

COLUMNS = (
    "account_id",
    "user_id",
    "user_key",
    "name",
    "email",
    "client_id",
    "tenant_id",
    "flow",
    "scopes",
    "redirect_uri",
    "status",
    "status_reason",
    "status_since",
    "reauth_reason",
    "reauth_claims",
    "identity_tenant",
    "identity_object",
    "version",
    "created_at",
)
_INSERT = f"INSERT INTO accounts ({', '.join(COLUMNS)}) VALUES ({', '.join(f':{column}' for column in COLUMNS)})"  # noqa: S608 - constants
_UPDATE = (
    f"UPDATE accounts SET {', '.join(f'{column} = :{column}' for column in COLUMNS[1:])}"  # noqa: S608 - constants
    " WHERE account_id = :account_id"
)


@decodes("accounts")
def to_account(row: sqlite3.Row, cipher: Cipher | None) -> Account:
    """Return the account of a full row; without a cipher, its client secrets are left unread."""
    return Account(
        account_id=AccountId(row["account_id"]),
        user_id=row["user_id"],
        name=row["name"],
        email=row["email"],
        application=_application(row, cipher),
        status=AccountStatus(row["status"]),
        status_reason=row["status_reason"],
        status_since=from_text(row["status_since"]),
        reauth_reason=row["reauth_reason"],
        reauth_claims=row["reauth_claims"],
        identity=_identity(row),
        version=row["version"],
        created_at=from_text(row["created_at"]),
    )


@decodes("accounts")
def to_status(row: sqlite3.Row) -> AccountStatus:
    """Return the status alone."""
    return AccountStatus(row["status"])


def load(connection: sqlite3.Connection, account_id: AccountId, cipher: Cipher | None) -> Account | None:
    """Return the account, with its client secrets if a cipher is given."""
    row = connection.execute("SELECT * FROM accounts WHERE account_id = ?", (account_id,)).fetchone()
    return None if row is None else to_account(row, cipher)


def write_change(connection: sqlite3.Connection, change: AccountChange, codec: EventCodec) -> None:
    """Write account, audit entry, event and news; the account's client secrets are left as they are.

    Raises:
        ConflictError: the account was changed meanwhile, or its user id is taken.
        NotFoundError: the account to be changed does not exist.
    """
    after = change.after
    _check_current(connection, change)
    holder = connection.execute("SELECT account_id FROM accounts WHERE user_key = ?", (user_key(after.user_id),))
    taken = holder.fetchone()
    if taken is not None and taken["account_id"] != after.account_id:
        msg = f"User id {after.user_id!r} belongs to another account; nothing was overwritten."
        raise ConflictError(msg, error_code="USER_ID_TAKEN", details={"user_id": after.user_id})
    connection.execute(_INSERT if change.before is None else _UPDATE, _row(after))
    _append_audit(connection, change.audit)
    append_event(connection, codec.encode(change.event), change.audit.at)
    touch(connection, after.account_id)


def write_client_secrets(connection: sqlite3.Connection, account: Account, cipher: Cipher) -> None:
    """Encrypt the account's client secrets into its row, or clear them.

    Raises:
        StaleKeyError: they must not be encrypted with the cipher's first key.
    """
    ciphertext = None
    if account.application is not None and account.application.client_secrets:
        key = may_encrypt(connection, cipher)
        secrets = json.dumps(account.application.client_secrets)
        ciphertext = cipher.encrypt(secrets, CLIENT_SECRET.binding(account.account_id), under=key)
    connection.execute("UPDATE accounts SET client_secret = ? WHERE account_id = ?", (ciphertext, account.account_id))


def append_event(connection: sqlite3.Connection, event: EncodedEvent, now: datetime) -> None:
    """Append the event to the outbox."""
    append_events(connection, [event], now)


def append_events(connection: sqlite3.Connection, events: Sequence[EncodedEvent], now: datetime) -> None:
    """Append events to the outbox, in this order."""
    at = to_text(now)
    connection.executemany(
        "INSERT INTO outbox (event_id, topic, key, value, headers, appended_at) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (each.event_id, each.topic, each.key, each.value, _ENCODE(dict(each.headers)).decode(), at)
            for each in events
        ],
    )


def touch(connection: sqlite3.Connection, account_id: AccountId) -> None:
    """Make it news that the account or its token was written."""
    connection.execute("INSERT OR REPLACE INTO news (account_id) VALUES (?)", (account_id,))


@decodes("audit")
def to_audit_entry(row: sqlite3.Row) -> AuditEntry:
    """Return the audit entry of a full row."""
    return AuditEntry(
        account_id=AccountId(row["account_id"]),
        at=from_text(row["at"]),
        actor=row["actor"],
        action=row["action"],
        reason=row["reason"],
        fields=tuple(FieldChange(field=field, old=old, new=new) for field, old, new in json.loads(row["fields"])),
    )


def _append_audit(connection: sqlite3.Connection, entry: AuditEntry) -> None:
    fields = json.dumps([(item.field, item.old, item.new) for item in entry.fields], ensure_ascii=False)
    connection.execute(
        "INSERT INTO audit (account_id, at, actor, action, reason, fields) VALUES (?, ?, ?, ?, ?, ?)",
        (entry.account_id, to_text(entry.at), entry.actor, entry.action, entry.reason, fields),
    )


def _application(row: sqlite3.Row, cipher: Cipher | None) -> OAuthApplication | None:
    if row["client_id"] is None:
        return None
    secrets: tuple[str, ...] = ()
    if cipher is not None and row["client_secret"] is not None:
        binding = CLIENT_SECRET.binding(row["account_id"])
        secrets = tuple(json.loads(cipher.decrypt(row["client_secret"], binding)))
    return OAuthApplication(
        client_id=row["client_id"],
        tenant_id=row["tenant_id"],
        flow=AuthFlow(row["flow"]),
        scopes=tuple(json.loads(row["scopes"])),
        redirect_uri=row["redirect_uri"],
        client_secrets=secrets,
    )


def _identity(row: sqlite3.Row) -> Identity | None:
    if row["identity_tenant"] is None:
        return None
    return Identity(tenant_id=row["identity_tenant"], object_id=row["identity_object"])


def _row(account: Account) -> dict[str, object]:
    application, identity = account.application, account.identity
    return {
        "account_id": account.account_id,
        "user_id": account.user_id,
        "user_key": user_key(account.user_id),
        "name": account.name,
        "email": account.email,
        "client_id": application and application.client_id,
        "tenant_id": application and application.tenant_id,
        "flow": application and application.flow.value,
        "scopes": application and json.dumps(application.scopes),
        "redirect_uri": application and application.redirect_uri,
        "status": account.status.value,
        "status_reason": account.status_reason,
        "status_since": to_text(account.status_since),
        "reauth_reason": account.reauth_reason,
        "reauth_claims": account.reauth_claims,
        "identity_tenant": identity and identity.tenant_id,
        "identity_object": identity and identity.object_id,
        "version": account.version,
        "created_at": to_text(account.created_at),
    }


def _check_current(connection: sqlite3.Connection, change: AccountChange) -> None:
    after, before = change.after, change.before
    row = connection.execute("SELECT version FROM accounts WHERE account_id = ?", (after.account_id,)).fetchone()
    if row is None and before is not None:
        msg = f"Account {before.user_id!r} does not exist."
        raise NotFoundError(msg, details={"user_id": before.user_id})
    if row is not None and (before is None or before.version != row["version"]):
        raise _changed_meanwhile(after)


def _changed_meanwhile(account: Account) -> ConflictError:
    msg = f"Account {account.user_id!r} was changed meanwhile: read it again and decide again."
    return ConflictError(msg, error_code="VERSION_CONFLICT", details={"user_id": account.user_id})
