"""The memory that the in-memory stores share, as the SQLite stores share one file."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from adapters.memory.bell import Bell
from adapters.memory.mail_memory import MailMemory
from domain.account import Account, AccountId, user_key
from domain.change import AccountChange, AuditEntry
from domain.errors import ConflictError, NotFoundError, StaleKeyError
from domain.events import Event, EventId
from domain.messages import Handled
from domain.refreshing import RefreshState
from domain.sign_in import LinkId, ReconnectLink, SignIn, SignInId
from domain.token import AccessToken
from ports.cipher import Binding, Cipher, KeyId
from ports.event_codec import EncodedEvent, EventCodec

CLIENT_SECRETS = "client_secret"
ACCESS_TOKEN = "access_token"  # noqa: S105 - a field's name
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a field's name
SIGN_IN_SECRETS = "secrets"
HIDDEN = "hidden"


@attrs.define(kw_only=True)
class TokenRow:
    """What is kept of one account's token; the secrets themselves are among the ciphertexts."""

    access: AccessToken | None = None
    due_at: datetime | None = None
    state: RefreshState = attrs.field(factory=RefreshState)


@attrs.frozen(kw_only=True)
class SignInRow:
    """A sign-in without its secrets, and when it ended if it did."""

    sign_in: SignIn
    ended_at: datetime | None = None


@attrs.define(kw_only=True)
class Relaying:
    """What became of the outbox's events, and who relays them; one that is neither published nor parked is pending."""

    appended: dict[EventId, datetime] = attrs.field(factory=dict)
    published: dict[EventId, datetime] = attrs.field(factory=dict)
    parked: dict[EventId, tuple[datetime, str]] = attrs.field(factory=dict)
    owner: str | None = None
    until: datetime | None = None


@attrs.define(kw_only=True)
class MemoryDatabase:
    """Plain dictionaries. Every method of a store runs without awaiting, so that each is a transaction."""

    cipher: Cipher
    codec: EventCodec
    accounts: dict[AccountId, Account] = attrs.field(factory=dict)
    audit: list[AuditEntry] = attrs.field(factory=list)
    outbox: list[EncodedEvent] = attrs.field(factory=list)
    relaying: Relaying = attrs.field(factory=Relaying)
    appended: Bell = attrs.field(factory=Bell)
    handled: dict[Handled, datetime] = attrs.field(factory=dict)
    tokens: dict[AccountId, TokenRow] = attrs.field(factory=dict)
    sign_ins: dict[SignInId, SignInRow] = attrs.field(factory=dict)
    links: dict[LinkId, ReconnectLink] = attrs.field(factory=dict)
    ciphertexts: dict[Binding, str] = attrs.field(factory=dict, repr=False)
    primary_key: KeyId | None = None
    replaced_keys: set[KeyId] = attrs.field(factory=set)
    written: dict[AccountId, int] = attrs.field(factory=dict)
    writes: int = 0
    mail: MailMemory = attrs.field(factory=MailMemory, repr=False)
    mail_stored: Bell = attrs.field(factory=Bell)

    def named(self, user_id: str) -> Account | None:
        """Return the account with this user id."""
        key = user_key(user_id)
        return next((account for account in self.accounts.values() if user_key(account.user_id) == key), None)

    def may_encrypt(self) -> KeyId:
        """Return the key that everybody encrypts with now, recording this process's first one if there is none.

        Raises:
            StaleKeyError: it is not this process's first.
        """
        self.refuse_stale()
        self.primary_key = self.cipher.key_ids[0]
        return self.primary_key

    def refuse_stale(self) -> None:
        """Check that this process's first key is the recorded one, if one is recorded.

        Raises:
            StaleKeyError: it is not.
        """
        first = self.cipher.key_ids[0]
        if self.primary_key not in (None, first):
            msg = f"Secrets are now encrypted with key {self.primary_key}: restart with it first in ENCRYPTION_KEY."
            raise StaleKeyError(msg, details={"recorded": self.primary_key, "first": first})

    def check(self, change: AccountChange, enrolled: Account | None = None) -> None:
        """Raise what keeps the change from being stored, if anything does; `enrolled` is to be stored before it."""
        current = enrolled or self.accounts.get(change.after.account_id)
        before, after = change.before, change.after
        if before is not None and current is None:
            msg = f"Account {before.user_id!r} does not exist."
            raise NotFoundError(msg)
        if (before is None) != (current is None) or (before and current and before.version != current.version):
            msg = f"Account {after.user_id!r} was changed meanwhile."
            raise ConflictError(msg, error_code="VERSION_CONFLICT", details={"user_id": after.user_id})
        other = self.named(after.user_id)
        if other is not None and other.account_id != after.account_id:
            msg = f"User id {after.user_id!r} belongs to another account."
            raise ConflictError(msg, error_code="USER_ID_TAKEN", details={"user_id": after.user_id})

    def store(self, change: AccountChange) -> None:
        """Store a checked change with its audit entry and its event."""
        message = self.codec.encode(change.event)
        self.accounts[change.after.account_id] = change.after
        self.tokens.setdefault(change.after.account_id, TokenRow())
        self.audit.append(change.audit)
        self._append([message], change.audit.at)
        self.touch(change.after.account_id)

    def change_mail(self, mail: MailMemory, events: Sequence[Event], now: datetime) -> None:
        """Store mails as they are now, with events of what happened to them."""
        messages = [self.codec.encode(event) for event in events]
        self.mail.become(mail)
        if messages:
            self._append(messages, now)

    def touch(self, account_id: AccountId) -> None:
        """Make it news that the account or its token was written."""
        self.writes += 1
        self.written[account_id] = self.writes

    def _append(self, events: Sequence[EncodedEvent], now: datetime) -> None:
        self.outbox.extend(events)
        self.relaying.appended |= {event.event_id: now for event in events}
        self.appended.ring()
