"""Bringing accounts to what enrolment files say of them; enrolling the same again changes nothing."""

from collections.abc import Container, Sequence
from enum import StrEnum

import attrs

from application.accounts import Accounts
from domain import lifecycle
from domain.account import Account, AccountStatus, OAuthApplication, default_user_id, user_key
from domain.change import AccountChange
from domain.errors import ConflictError, NotFoundError
from domain.events import EventId
from domain.lifecycle import Act

NOT_NAMED = "no enrolment file names it"


@attrs.frozen(kw_only=True)
class Enrolment:
    """What is wanted of one account. `source` is who says so; without a user id, it is made from the address.

    `application` None means the global one.
    """

    source: str
    email: str
    name: str
    user_id: str | None = None
    application: OAuthApplication | None = None


class Outcome(StrEnum):
    """What became of one account."""

    ENROLLED = "enrolled"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@attrs.frozen(kw_only=True)
class Enrolled:
    """An account as it is wanted now; `fields` names what was changed. The account may lack its client secrets."""

    user_id: str
    outcome: Outcome
    fields: tuple[str, ...] = ()
    status: AccountStatus | None = None
    """None where nothing was written and the account is yet to be enrolled."""


@attrs.define
class Roster:
    """Who is enrolled, and which of them a source has named so far."""

    accounts: dict[str, Account] = attrs.field(factory=dict)
    """By user key, without client secrets."""
    holders: dict[str, str] = attrs.field(factory=dict)
    """The user id under which an address is enrolled."""
    sources: dict[str, str] = attrs.field(factory=dict)
    """Who named a user id, by user key."""
    addresses: dict[str, str] = attrs.field(factory=dict)
    """Who named an address."""

    @classmethod
    async def read(cls, accounts: Accounts) -> "Roster":
        """Read all accounts.

        Raises: as `Accounts.every`.
        """
        roster = cls()
        async for account in accounts.every():
            roster.put(account)
        return roster

    def meant(self, wanted: Enrolment) -> Account | str:
        """Return the account that is meant, or the user id of one to be enrolled, and note that it was named.

        Raises:
            ConflictError: the user id or the address was named before, or the address is enrolled under another user
                id. The details name the `field`.
        """
        address = user_key(wanted.email)
        if address in self.addresses:
            raise _named_twice("email", f"Address {wanted.email}", self.addresses[address])
        found = self._by_name(wanted.user_id) if wanted.user_id else self._by_address(wanted.email)
        user_id = self.new_user_id(wanted) if found is None else found.user_id
        key = user_key(user_id)
        if key in self.sources:
            raise _named_twice("user_id", f"User id {wanted.user_id or wanted.email!r}", self.sources[key])
        if found is None or user_key(found.email) != address:
            self._refuse_second_account(wanted)
        self.sources[key] = self.addresses[address] = wanted.source
        return found or user_id

    def new_user_id(self, wanted: Enrolment) -> str:
        """Return the user id that a new account gets: none that an account has or that was named before."""
        return wanted.user_id or default_user_id(wanted.email, {*self.accounts, *self.sources})

    def put(self, account: Account) -> None:
        """Note an account as it is now."""
        before = self.accounts.get(user_key(account.user_id))
        if before is not None and self.holders.get(user_key(before.email)) == before.user_id:
            del self.holders[user_key(before.email)]
        self.accounts[user_key(account.user_id)] = account
        self.holders[user_key(account.email)] = account.user_id

    def not_named(self, spared: Container[str]) -> Sequence[Account]:
        """Return the accounts in use or locked that no source named, but those whose user key is spared."""
        return [
            account
            for key, account in self.accounts.items()
            if key not in self.sources and key not in spared and account.status is not AccountStatus.INACTIVE
        ]

    def _by_name(self, user_id: str) -> Account | None:
        return self.accounts.get(user_key(user_id))

    def _by_address(self, email: str) -> Account | None:
        """Return the account whose user id was made from this address."""
        made = (self.accounts.get(user_key(user_id)) for user_id in (default_user_id(email, ()), email))
        return next((account for account in made if account and user_key(account.email) == user_key(email)), None)

    def _refuse_second_account(self, wanted: Enrolment) -> None:
        holder = self.holders.get(user_key(wanted.email))
        if holder is not None:
            msg = (
                f"Address {wanted.email} is enrolled under user id {holder!r}; no second account is made."
                f" Name that user id, or first give the account its new one:"
                f" iacsgraph account rename {holder} {self.new_user_id(wanted)}"
            )
            raise ConflictError(msg, error_code="ADDRESS_TAKEN", details={"field": "email"})


def _named_twice(field: str, what: str, source: str) -> ConflictError:
    msg = f"{what} is that of {source} already."
    return ConflictError(msg, error_code="NAMED_TWICE", details={"field": field})


@attrs.frozen(kw_only=True)
class Enrolments:
    """`actor` names who did it, for the audit trail."""

    accounts: Accounts

    async def plan(self, roster: Roster, wanted: Enrolment) -> Enrolled:
        """Return what `apply` would do, and note it; nothing is written.

        Raises:
            ConflictError: as `Roster.meant`.
            EncryptionError: the account's client secrets do not open.
            DatabaseError: the store failed.
        """
        found = roster.meant(wanted)
        if isinstance(found, str):
            return Enrolled(user_id=found, outcome=Outcome.ENROLLED)
        change = await self._change(found, wanted)
        if change is not None:
            roster.put(change.after)
        return Enrolled(
            user_id=found.user_id,
            outcome=Outcome.UPDATED if change else Outcome.UNCHANGED,
            fields=_fields(change),
            status=found.status,
        )

    async def apply(self, roster: Roster, wanted: Enrolment, actor: str) -> Enrolled:
        """Enrol the account or change what differs; where nothing differs, nothing is written.

        What the operator decided stays: an INACTIVE account is not taken into use.

        Raises: as `plan` and `Accounts.enrol`.
        """
        planned = await self.plan(roster, wanted)
        if planned.outcome is Outcome.UNCHANGED:
            return planned
        if planned.outcome is Outcome.ENROLLED:
            account = await self.accounts.enrol(
                email=wanted.email,
                name=wanted.name,
                actor=actor,
                user_id=planned.user_id,
                application=wanted.application,
            )
        else:
            account = await self.accounts.update(
                planned.user_id, actor=actor, name=wanted.name, email=wanted.email, application=wanted.application
            )
        roster.put(account)
        return attrs.evolve(planned, status=account.status)

    async def retire(self, account: Account, actor: str) -> Account:
        """Take an account that nobody names out of use.

        Raises: as `Accounts.deactivate`.
        """
        return await self.accounts.deactivate(account.user_id, actor=actor, reason=NOT_NAMED)

    async def _change(self, found: Account, wanted: Enrolment) -> AccountChange | None:
        whole = await self.accounts.store.get(found.account_id)
        if whole is None:
            msg = f"There is no account {found.user_id!r}."
            raise NotFoundError(msg, error_code="ACCOUNT_UNKNOWN", details={"user_id": found.user_id})
        act = Act(actor=wanted.source, at=self.accounts.clock.now(), event_id=EventId("planned"))
        return lifecycle.update(whole, act, name=wanted.name, email=wanted.email, application=wanted.application)


def _fields(change: AccountChange | None) -> tuple[str, ...]:
    return () if change is None else tuple(item.field for item in change.audit.fields)
