"""A simulator with TLS, and clients of Microsoft's that know nothing but its authority and its CA."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from modules.simulator.compose import compose
from modules.simulator.settings import SimulatorSettings
from modules.simulator.simulator import Simulator
from tests.modules.simulator.proof.clients import Clients
from tests.modules.simulator.proof.signed_in import SignedIn, sign_in
from tests.modules.simulator.proof.visits import Visits, open_visits

FOREIGN = (
    "REQUESTS_CA_BUNDLE",  # both are stronger than the `verify` of a session
    "CURL_CA_BUNDLE",
    "AZURE_AUTHORITY_HOST",
    "AZURE_REGIONAL_AUTHORITY_NAME",
    "MSAL_FORCE_REGION",
    "REGION_NAME",
    "BROWSER",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what would reach Microsoft's clients behind the test's back."""
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def ca_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all simulators of these tests keep their certificates."""
    return tmp_path_factory.mktemp("ca")


@pytest.fixture
async def simulator(ca_directory: Path) -> AsyncIterator[Simulator]:
    async with compose(SimulatorSettings(tls=True, certificate_directory=ca_directory)) as running:
        yield running


@pytest.fixture
def clients(simulator: Simulator) -> Clients:
    return Clients(simulator=simulator)


@pytest.fixture
async def visits(simulator: Simulator) -> AsyncIterator[Visits]:
    async with open_visits(simulator) as opened:
        yield opened


@pytest.fixture
async def signed_in(clients: Clients, visits: Visits) -> SignedIn:
    return await sign_in(clients, visits)
