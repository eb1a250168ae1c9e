"""Accounts in memory."""

import json
from collections.abc import Sequence

import attrs

from adapters.memory.database import CLIENT_SECRETS, HIDDEN, MemoryDatabase
from domain.account import Account, AccountId, user_key
from domain.change import AccountChange, AuditEntry
from ports.account_store import AccountStore
from ports.cipher import Binding


@attrs.frozen
class MemoryAccountStore(AccountStore):
    """Keeps accounts with their client secrets taken out and encrypted."""

    database: MemoryDatabase

    async def save(self, change: AccountChange) -> None:
        """Check, encrypt, store."""
        self.database.check(change)
        after, application = change.after, change.after.application
        if application is not None and application.client_secrets:
            self.database.may_encrypt()
            binding = Binding(after.account_id, CLIENT_SECRETS)
            secrets = json.dumps(application.client_secrets)
            self.database.ciphertexts[binding] = self.database.cipher.encrypt(secrets, binding)
            after = attrs.evolve(after, application=attrs.evolve(application, client_secrets=(HIDDEN,)))
        else:
            self.database.ciphertexts.pop(Binding(after.account_id, CLIENT_SECRETS), None)
        self.database.store(attrs.evolve(change, after=after))

    async def get(self, account_id: AccountId) -> Account | None:
        """Return the account with its secrets put back."""
        account = self.database.accounts.get(account_id)
        return None if account is None else revealed(self.database, account)

    async def find(self, user_id: str) -> Account | None:
        """Look through all accounts."""
        account = self.database.named(user_id)
        return None if account is None else revealed(self.database, account)

    async def page(self, *, after: str | None = None, limit: int = 500) -> Sequence[Account]:
        """Sort, skip, cut."""
        ordered = sorted(self.database.accounts.values(), key=lambda account: user_key(account.user_id))
        behind = [account for account in ordered if after is None or user_key(account.user_id) > after]
        return [revealed(self.database, account) for account in behind[:limit]]

    async def audit_trail(self, account_id: AccountId, *, limit: int = 1000) -> Sequence[AuditEntry]:
        """Filter the one list of all entries."""
        return [entry for entry in self.database.audit if entry.account_id == account_id][-limit:]


def revealed(database: MemoryDatabase, account: Account) -> Account:
    """Return the account with its client secrets decrypted."""
    binding = Binding(account.account_id, CLIENT_SECRETS)
    ciphertext = database.ciphertexts.get(binding)
    if account.application is None or ciphertext is None:
        return account
    secrets = tuple(json.loads(database.cipher.decrypt(ciphertext, binding)))
    return attrs.evolve(account, application=attrs.evolve(account.application, client_secrets=secrets))
