"""Accounts in memory."""

import json
from collections.abc import Sequence

import attrs

from adapters.memory.database import CLIENT_SECRETS, MemoryDatabase
from domain.account import Account, AccountId, user_key
from domain.change import AccountChange, AuditEntry
from domain.errors import NotFoundError
from domain.lifecycle import Transition
from domain.messages import Handled
from ports.account_store import AccountStore
from ports.cipher import Binding


@attrs.frozen
class MemoryAccountStore(AccountStore):
    """Keeps accounts with their client secrets taken out and encrypted."""

    database: MemoryDatabase

    async def save(self, change: AccountChange, *, handled: Handled | None = None) -> bool:
        """Check, encrypt, store."""
        if handled in self.database.handled:
            return False
        self.database.check(change)
        if change.client_secrets_changed:
            self._encrypt(change.after)
        self.database.store(attrs.evolve(change, after=_without_secrets(change.after)))
        if handled is not None:
            self.database.handled[handled] = change.audit.at
        return True

    async def apply(self, user_id: str, transition: Transition) -> AccountChange | None:
        """Decide on what is there."""
        account = self.database.named(user_id)
        if account is None:
            msg = f"There is no account {user_id!r}."
            raise NotFoundError(msg, error_code="ACCOUNT_UNKNOWN", details={"user_id": user_id})
        change = transition(account)
        if change is not None:
            self.database.check(change)
            self.database.store(change)
        return change

    async def get(self, account_id: AccountId) -> Account | None:
        """Return the account with its secrets put back."""
        account = self.database.accounts.get(account_id)
        return None if account is None else revealed(self.database, account)

    async def find(self, user_id: str) -> Account | None:
        """Look through all accounts."""
        return self.database.named(user_id)

    async def page(self, *, after: str | None = None, limit: int = 500) -> Sequence[Account]:
        """Sort, skip, cut."""
        ordered = sorted(self.database.accounts.values(), key=lambda account: user_key(account.user_id))
        behind = [account for account in ordered if after is None or user_key(account.user_id) > after]
        return behind[:limit]

    def _encrypt(self, account: Account) -> None:
        binding, application = Binding(account.account_id, CLIENT_SECRETS), account.application
        if application is None or not application.client_secrets:
            self.database.ciphertexts.pop(binding, None)
            return
        self.database.may_encrypt()
        secrets = json.dumps(application.client_secrets)
        self.database.ciphertexts[binding] = self.database.cipher.encrypt(secrets, binding)

    async def audit_trail(self, account_id: AccountId, *, limit: int = 1000) -> Sequence[AuditEntry]:
        """Filter the one list of all entries."""
        return [entry for entry in self.database.audit if entry.account_id == account_id][
            -limit or len(self.database.audit) :
        ]


def _without_secrets(account: Account) -> Account:
    if account.application is None:
        return account
    return attrs.evolve(account, application=attrs.evolve(account.application, client_secrets=()))


def revealed(database: MemoryDatabase, account: Account) -> Account:
    """Return the account with its client secrets decrypted."""
    binding = Binding(account.account_id, CLIENT_SECRETS)
    ciphertext = database.ciphertexts.get(binding)
    if account.application is None or ciphertext is None:
        return account
    secrets = tuple(json.loads(database.cipher.decrypt(ciphertext, binding)))
    return attrs.evolve(account, application=attrs.evolve(account.application, client_secrets=secrets))
