"""A client for each test."""

import pytest

from tests.modules.simulator.mail.graph_client import Client, client_of
from tests.modules.simulator.rig import Rig


@pytest.fixture
def client(rig: Rig) -> Client:
    return client_of(rig)
