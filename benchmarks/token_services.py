"""The token service on a database full of accounts, composed as the programs compose it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import attrs

from adapters.fernet.cipher import FernetCipher
from adapters.sqlite.database import Database, open_database
from application.applications import Applications
from application.token_service import TokenService
from benchmarks.accounts import APPLICATION, add_accounts
from modules.runtime.compose import open_provider, open_tokens
from modules.runtime.provider import Provider
from modules.runtime.settings import EncryptionSettings, ProviderSettings

NOWHERE: Final = "http://127.0.0.1:9"
"""Tokens that are valid are asked for nowhere."""


@attrs.frozen(kw_only=True)
class TokenOffice:
    """An open database with accounts 0 to `count` - 1, and what opens the token service on it."""

    database: Database
    cipher: FernetCipher
    count: int
    _provider: Provider
    _encryption: EncryptionSettings

    @asynccontextmanager
    async def service(self, provider: Provider | None = None) -> AsyncIterator[TokenService]:
        """Open a token service that has seen nothing yet; `provider` stands for the one of the office."""
        applications = Applications(default=APPLICATION)
        async with open_tokens(self.database, provider or self._provider, applications, self._encryption) as service:
            yield service


@asynccontextmanager
async def open_token_office(directory: Path, authority: str, key: str, count: int) -> AsyncIterator[TokenOffice]:
    """Make the database in `directory`, and open it; tokens are asked for at `authority`."""
    cipher = FernetCipher([key])
    async with (
        open_database(directory / f"{count}.db") as database,
        open_provider(ProviderSettings(authority=authority)) as provider,
    ):
        await add_accounts(database, cipher, count)
        yield TokenOffice(
            database=database,
            cipher=cipher,
            count=count,
            provider=provider,
            encryption=EncryptionSettings(keys=(key,)),
        )
