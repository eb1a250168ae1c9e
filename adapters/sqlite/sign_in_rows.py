"""Sign-ins and reconnect links as rows. Runs on the database's thread."""

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta

import attrs

from adapters.sqlite.row_decoding import decodes
from adapters.sqlite.secrets import SIGN_IN_SECRETS, may_encrypt
from adapters.sqlite.timestamps import from_text, to_text
from adapters.sqlite.token_rows import text, time
from domain.account import AccountId
from domain.errors import EncryptionError
from domain.sign_in import (
    OPEN_STAGES,
    BrowserSecrets,
    DevicePrompt,
    DeviceSecrets,
    LinkId,
    ReconnectLink,
    SignIn,
    SignInId,
    Stage,
)
from ports.cipher import Cipher

COLUMNS = (
    "sign_in_id",
    "account_id",
    "stage",
    "reason",
    "explanation",
    "begun_at",
    "expires_at",
    "ended_at",
    "redirect_uri",
    "link_id",
    "user_code",
    "verification_uri",
    "interval_seconds",
    "poll_at",
)
KINDS: Mapping[str, type[BrowserSecrets | DeviceSecrets]] = {"browser": BrowserSecrets, "device": DeviceSecrets}
"""What the encrypted JSON calls the kinds of secrets."""

_INSERT = (
    f"INSERT INTO sign_ins ({', '.join(COLUMNS)}, secrets)"  # noqa: S608 - constants
    f" VALUES ({', '.join(f':{column}' for column in COLUMNS)}, :secrets)"
)
_UPDATE = (
    f"UPDATE sign_ins SET {', '.join(f'{column} = :{column}' for column in COLUMNS[1:])},"  # noqa: S608 - constants
    " secrets = CASE WHEN :ended_at IS NULL THEN secrets END WHERE sign_in_id = :sign_in_id"
)


@decodes("sign_ins")
def to_sign_in(row: sqlite3.Row, cipher: Cipher | None) -> SignIn:
    """Return the sign-in of a full row; without a cipher, its secrets are left unread.

    Raises:
        EncryptionError: they do not open, or belong to another sign-in or account.
    """
    return SignIn(
        sign_in_id=SignInId(row["sign_in_id"]),
        account_id=AccountId(row["account_id"]),
        stage=Stage(row["stage"]),
        reason=row["reason"],
        explanation=row["explanation"],
        begun_at=from_text(row["begun_at"]),
        expires_at=from_text(row["expires_at"]),
        redirect_uri=row["redirect_uri"],
        link_id=row["link_id"],
        device=_prompt(row),
        secrets=None if cipher is None else _opened(row, cipher),
    )


@decodes("reconnect_links")
def to_link(row: sqlite3.Row) -> ReconnectLink:
    """Return the link of a full row."""
    return ReconnectLink(
        link_id=LinkId(row["link_id"]),
        account_id=AccountId(row["account_id"]),
        digest=row["digest"],
        expires_at=from_text(row["expires_at"]),
        used_at=time(row["used_at"]),
    )


def insert_sign_in(connection: sqlite3.Connection, sign_in: SignIn, cipher: Cipher) -> None:
    """Write a new sign-in with its secrets.

    Raises:
        StaleKeyError: they must not be encrypted with the cipher's first key.
    """
    connection.execute(_INSERT, {**_values(sign_in, None), "secrets": _encrypted(connection, sign_in, cipher)})


def update_sign_in(connection: sqlite3.Connection, sign_in: SignIn, now: datetime) -> None:
    """Write the sign-in; its secrets are left as they are while it is open, and forgotten when it ends."""
    connection.execute(_UPDATE, _values(sign_in, None if sign_in.stage in OPEN_STAGES else now))


def _values(sign_in: SignIn, ended_at: datetime | None) -> dict[str, object]:
    device = sign_in.device
    return {
        "sign_in_id": sign_in.sign_in_id,
        "account_id": sign_in.account_id,
        "stage": sign_in.stage.value,
        "reason": sign_in.reason,
        "explanation": sign_in.explanation,
        "begun_at": to_text(sign_in.begun_at),
        "expires_at": to_text(sign_in.expires_at),
        "ended_at": text(ended_at),
        "redirect_uri": sign_in.redirect_uri,
        "link_id": sign_in.link_id,
        "user_code": device and device.user_code,
        "verification_uri": device and device.verification_uri,
        "interval_seconds": device and device.interval.total_seconds(),
        "poll_at": device and to_text(device.poll_at),
    }


def _prompt(row: sqlite3.Row) -> DevicePrompt | None:
    if row["user_code"] is None:
        return None
    return DevicePrompt(
        user_code=row["user_code"],
        verification_uri=row["verification_uri"],
        interval=timedelta(seconds=row["interval_seconds"]),
        poll_at=from_text(row["poll_at"]),
    )


def _encrypted(connection: sqlite3.Connection, sign_in: SignIn, cipher: Cipher) -> str | None:
    if sign_in.secrets is None:
        return None
    kind = next(name for name, secrets in KINDS.items() if isinstance(sign_in.secrets, secrets))
    members = {"kind": kind, "account_id": sign_in.account_id, **attrs.asdict(sign_in.secrets)}
    key = may_encrypt(connection, cipher)
    return cipher.encrypt(json.dumps(members), SIGN_IN_SECRETS.binding(sign_in.sign_in_id), under=key)


def _opened(row: sqlite3.Row, cipher: Cipher) -> BrowserSecrets | DeviceSecrets | None:
    if row["secrets"] is None:
        return None
    members = json.loads(cipher.decrypt(row["secrets"], SIGN_IN_SECRETS.binding(row["sign_in_id"])))
    if members.pop("account_id") != row["account_id"]:
        msg = "The secrets of the sign-in belong to another account."
        raise EncryptionError(msg, details={"sign_in_id": row["sign_in_id"]})
    return KINDS[members.pop("kind")](**members)
