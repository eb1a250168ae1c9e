"""The settings of the demonstration: its own, from nothing but a directory and a key."""

from pathlib import Path

from modules.auth.settings import AuthSettings, ProviderSettings
from modules.runtime.settings import AzureSettings, DatabaseSettings, EncryptionSettings

CLIENT_ID = "11111111-2222-3333-4444-555555555555"
CLIENT_SECRET = "practice-secret"  # noqa: S105 - of an application that exists only in memory


def demo_settings(directory: Path, keys: tuple[str, ...]) -> AuthSettings:
    """Return settings that mix with nobody else's."""
    return AuthSettings(
        database=DatabaseSettings(path=directory / "demo.db"),
        encryption=EncryptionSettings(keys=keys),
        provider=ProviderSettings(provider="memory"),
        azure=AzureSettings(client_id=CLIENT_ID, client_secrets=(CLIENT_SECRET,)),
    )
