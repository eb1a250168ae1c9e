"""What `auth token` imports: programs ask it again and again, and starting is most of what it does."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.modules.auth.seeds import OLD, seed
from tests.modules.iacsgraph.test_cli import loaded_by

NEEDLESS = {
    *("aiohttp", "aiokafka", "jinja2", "mcp", "fastmcp", "msgspec", "cattrs", "prometheus_client", "rich", "yaml"),
    *("adapters.azure_ad", "adapters.cloudevents", "adapters.graph", "adapters.http_client", "adapters.kafka"),
    *("domain.events", "domain.mail", "domain.change", "application.token_service"),
}


def test_a_token_at_hand_is_printed_without_what_changes_accounts_or_speaks_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that reads whole accounts loads some of it, which shows that these are the right names."""
    database = tmp_path / "iacsgraph.db"
    seed(database, "ann", age=timedelta(0))
    monkeypatch.chdir(tmp_path)
    for name, value in {"DATABASE_PATH": str(database), "ENCRYPTION_KEY": OLD}.items():
        monkeypatch.setenv(name, value)
    loaded = loaded_by("auth", "token", "ann")
    assert {"aiosqlite", "adapters.fernet.cipher"} <= loaded
    assert loaded.isdisjoint(NEEDLESS)
    assert loaded_by("auth", "status", "ann") >= {"domain.events", "domain.change", "cattrs", "msgspec"}
