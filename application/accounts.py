"""Enrolling accounts and deciding whether they may be used."""

from collections.abc import AsyncIterator, Callable, Sequence

import attrs

from application.refusals import unknown
from domain import lifecycle
from domain.account import Account, AccountId, OAuthApplication, default_user_id, user_key
from domain.change import AccountChange, AuditEntry
from domain.errors import ConflictError
from domain.events import EventId
from domain.lifecycle import UNCHANGED, Act, Unchanged
from ports.account_store import AccountStore
from ports.authentication_log import AuthenticationLog
from ports.clock import Clock
from ports.identifiers import Identifiers

ATTEMPTS = 5
"""How often a change is decided again because somebody else changed the account meanwhile."""


@attrs.frozen(kw_only=True)
class Accounts:
    """What an operator does to accounts. `actor` names who did it, for the audit trail."""

    store: AccountStore
    log: AuthenticationLog
    clock: Clock
    identifiers: Identifiers

    async def enrol(
        self,
        *,
        email: str,
        name: str,
        actor: str,
        user_id: str | None = None,
        stem: str | None = None,
        application: OAuthApplication | None = None,
    ) -> Account:
        """Add an account; without a user id it gets `stem` or the local part, or its address if that is taken.

        Raises:
            ConflictError: the user id is taken; nothing is overwritten.
            ValidationError: a value is not acceptable.
            StaleKeyError, DatabaseError: as `AccountStore.save`.
        """
        change = lifecycle.enrol(
            AccountId(self.identifiers.unique()),
            self._act(actor),
            user_id=user_id or await self._free_user_id(email, stem),
            name=name,
            email=email,
            application=application,
        )
        return await self._save(change)

    async def update(
        self,
        user_id: str,
        *,
        actor: str,
        new_user_id: str | Unchanged = UNCHANGED,
        name: str | Unchanged = UNCHANGED,
        email: str | Unchanged = UNCHANGED,
        application: OAuthApplication | Unchanged | None = UNCHANGED,
    ) -> Account:
        """Change what is given; nothing is written where nothing differs.

        Raises: as `enrol`; NotFoundError: the account is unknown; EncryptionError: its client secrets do not open.
        """
        attempt = 1
        while True:
            account = await self._whole(user_id)
            change = lifecycle.update(
                account, self._act(actor), user_id=new_user_id, name=name, email=email, application=application
            )
            if change is None:
                return account
            try:
                return await self._save(change)
            except ConflictError:
                if attempt == ATTEMPTS:
                    raise
            attempt += 1

    async def activate(self, user_id: str, *, actor: str, reason: str) -> Account:
        """Take an INACTIVE account into use again; like the verbs below, it returns the account without client secrets.

        Raises:
            NotFoundError: the account is unknown.
            IllegalTransitionError: its status does not allow it; nothing was written.
            DatabaseError: the store failed.
        """
        return await self._apply(user_id, lifecycle.activate, actor, reason)

    async def deactivate(self, user_id: str, *, actor: str, reason: str) -> Account:
        """Take an account out of use.

        Raises: as `activate`.
        """
        return await self._apply(user_id, lifecycle.deactivate, actor, reason)

    async def lock(self, user_id: str, *, actor: str, reason: str) -> Account:
        """Forbid the use of an account for now.

        Raises: as `activate`.
        """
        return await self._apply(user_id, lifecycle.lock, actor, reason)

    async def unlock(self, user_id: str, *, actor: str, reason: str) -> Account:
        """Allow the use of a LOCKED account again.

        Raises: as `activate`.
        """
        return await self._apply(user_id, lifecycle.unlock, actor, reason)

    async def find(self, user_id: str) -> Account:
        """Return the account, without its client secrets.

        Raises:
            NotFoundError: the account is unknown.
            DatabaseError: the store failed.
        """
        account = await self.store.find(user_id)
        if account is None:
            raise unknown(user_id)
        return account

    async def every(self, page: int = 500) -> AsyncIterator[Account]:
        """Go through all accounts in the order of their user keys.

        Raises: as `AccountStore.page`.
        """
        after: str | None = None
        while True:
            accounts = await self.store.page(after=after, limit=page)
            for account in accounts:
                yield account
            if len(accounts) < page:
                return
            after = user_key(accounts[-1].user_id)

    async def audit_trail(self, user_id: str) -> Sequence[AuditEntry]:
        """Return the last 1,000 things that were done to the account, oldest first.

        Raises: as `find`.
        """
        return await self.store.audit_trail((await self.find(user_id)).account_id)

    async def _whole(self, user_id: str) -> Account:
        account = await self.store.get((await self.find(user_id)).account_id)
        if account is None:
            raise unknown(user_id)
        return account

    async def _apply(
        self, user_id: str, verb: Callable[[Account, Act, str], AccountChange], actor: str, reason: str
    ) -> Account:
        act = self._act(actor)
        change = await self.store.apply(user_id, lambda account: verb(account, act, reason))
        if change is None:
            return await self.find(user_id)
        self.log.changed(change)
        return change.after

    async def _save(self, change: AccountChange) -> Account:
        await self.store.save(change)
        self.log.changed(change)
        return change.after

    async def _free_user_id(self, email: str, stem: str | None) -> str:
        short = default_user_id(email, (), stem=stem)
        taken = {user_key(short)} if await self.store.find(short) is not None else set()
        return default_user_id(email, taken, stem=stem)

    def _act(self, actor: str) -> Act:
        return Act(actor=actor, at=self.clock.now(), event_id=EventId(self.identifiers.unique()))
