"""Which applications are in use, by whom, and what is found out about each."""

from collections.abc import AsyncIterator, Sequence

import attrs

from application.accounts import Accounts
from application.applications import Applications
from application.preflight import Preflight
from domain.account import Account, AccountStatus, OAuthApplication
from domain.errors import ConfigurationError, EncryptionError
from domain.registration import Finding, fault


@attrs.frozen(kw_only=True)
class Examined:
    """One application (None: there is none), the user ids of its accounts, and what was found out about it."""

    application: OAuthApplication | None
    user_ids: tuple[str, ...]
    findings: tuple[Finding, ...]


@attrs.frozen(kw_only=True)
class Checkup:
    """Examines the applications of accounts, each once however many accounts share it."""

    accounts: Accounts
    applications: Applications
    preflight: Preflight

    async def every(self) -> Sequence[Examined]:
        """Examine the global application, if there is one, and those of all accounts that are not INACTIVE.

        Raises: as `Accounts.every`.
        """
        users: dict[OAuthApplication, list[str]] = {}
        if self.applications.default is not None:
            users[self.applications.default] = []
        wanted = [a async for a in self.accounts.every() if a.status is not AccountStatus.INACTIVE]
        return await self._examine(wanted, users)

    async def of(self, accounts: Sequence[Account]) -> Sequence[Examined]:
        """Examine the applications of these accounts.

        Raises:
            DatabaseError: the store failed.
        """
        return await self._examine(accounts, {})

    async def _examine(
        self, accounts: Sequence[Account], users: dict[OAuthApplication, list[str]]
    ) -> Sequence[Examined]:
        unusable: dict[tuple[OAuthApplication | None, Finding], list[str]] = {}
        async for account, found in self._applications(accounts):
            if isinstance(found, OAuthApplication):
                users.setdefault(found, []).append(account.user_id)
            else:
                unusable.setdefault((account.application, found), []).append(account.user_id)
        results = await self.preflight.examine(list(users))
        return [
            *(
                Examined(application=application, user_ids=tuple(user_ids), findings=(finding,))
                for (application, finding), user_ids in unusable.items()
            ),
            *(
                Examined(application=application, user_ids=tuple(user_ids), findings=tuple(results[application]))
                for application, user_ids in users.items()
            ),
        ]

    async def _applications(
        self, accounts: Sequence[Account]
    ) -> AsyncIterator[tuple[Account, OAuthApplication | Finding]]:
        for account in accounts:
            try:
                whole = account if account.application is None else await self.accounts.store.get(account.account_id)
                if whole is not None:
                    yield account, self.applications.of(whole)
            except EncryptionError as error:
                remedy = "put the missing key back into ENCRYPTION_KEY; see: iacsgraph doctor"
                yield account, fault("SECRETS_DO_NOT_OPEN", error.message, remedy)
            except ConfigurationError:
                missing = "The account uses the global application, and none is configured."
                yield account, fault("OAUTH_NOT_CONFIGURED", missing, "set AZURE_CLIENT_ID and AZURE_CLIENT_SECRET")
