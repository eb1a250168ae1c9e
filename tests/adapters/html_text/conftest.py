"""Generated mail with HTML of Outlook's kind."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice

import pytest

from modules.simulator.correspondence.generator import Correspondence, Generated
from modules.simulator.mail.content import Address

UNTIL = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWNER = Address("anna.berg@contoso-class.example", "Anna Berg")


@pytest.fixture(scope="session")
def generated() -> Callable[[int], list[Generated]]:
    world = Correspondence(8, owners=(OWNER,), until=UNTIL)
    return lambda count: list(islice(world.mails(OWNER, count), count))
