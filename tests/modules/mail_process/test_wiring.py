"""Who analyses mail, as the settings say, and in what time."""

from pathlib import Path

import pytest

from adapters.sqlite.database import open_database
from domain.errors import ConfigurationError
from modules.mail_process.compose import compose, open_analyst, wire
from modules.mail_process.settings import MailProcessSettings
from modules.runtime.settings import DatabaseSettings, OpenAISettings, ProviderSettings
from ports.outbox import LONGEST_CLAIM
from tests.fakes.mail_path import ScriptedAnalyst


def settings(path: Path, openai: OpenAISettings | None = None) -> MailProcessSettings:
    return MailProcessSettings(database=DatabaseSettings(path=path), openai=openai or OpenAISettings())


async def test_without_a_key_mail_is_analysed_on_this_machine_alone(tmp_path: Path) -> None:
    async with open_database(tmp_path / "x.db") as database, open_analyst(OpenAISettings(), None) as analyst:
        tools = wire(database, settings(tmp_path), analyst)
    assert analyst is None
    assert tools.processing.reading.analysis is None
    assert tools.analysis.startswith("offline-")


async def test_with_a_key_the_model_of_the_settings_is_asked(tmp_path: Path) -> None:
    openai = OpenAISettings(api_key="canary", model="a-model", max_concurrency=7)
    async with open_database(tmp_path / "x.db") as database, open_analyst(openai, None) as analyst:
        assert analyst is not None
        assert analyst.means.is_paid
        tools = wire(database, settings(tmp_path, openai), analyst)
    assert "a-model" in tools.analysis
    found = tools.processing.reading.analysis
    assert found is not None
    assert found.concurrency == 7
    assert "canary" not in repr(tools)


async def test_the_model_is_asked_with_the_trust_of_the_settings(tmp_path: Path) -> None:
    """A file that cannot be read shows that it is used."""
    absent = MailProcessSettings(
        database=DatabaseSettings(path=tmp_path / "x.db"),
        openai=OpenAISettings(api_key="canary"),
        provider=ProviderSettings(ca_file=tmp_path / "none.pem"),
    )
    with pytest.raises(ConfigurationError) as caught:
        await compose(absent).__aenter__()
    assert caught.value.error_code == "CA_FILE_UNREADABLE"


@pytest.mark.parametrize("seconds", [1, 30, 60])
async def test_all_calls_of_a_batch_end_well_before_its_claim_which_is_believed(tmp_path: Path, seconds: int) -> None:
    openai = OpenAISettings(timeout_seconds=seconds)
    async with open_database(tmp_path / "x.db") as database:
        processing = wire(database, settings(tmp_path, openai), ScriptedAnalyst()).processing
    analysis = processing.reading.analysis
    assert analysis is not None
    assert 2 * analysis.times.call < processing.times.lease / 1.4
    assert processing.times.lease < LONGEST_CLAIM
