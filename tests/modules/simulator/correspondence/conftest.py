"""A world of three mailboxes, and some thousands of its mails, made once."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from modules.simulator.correspondence.generator import Correspondence, Generated
from modules.simulator.mail.content import Address

UNTIL = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWNERS = (
    Address("kim.jiwon@contoso-class.example", "김지원"),
    Address("anna.berg@contoso-class.example", "Anna Berg"),
    Address("lee.dohyun@contoso-class.example", "이도현"),
)
EACH = 1500


@pytest.fixture(scope="session")
def world() -> Correspondence:
    return Correspondence(5, owners=OWNERS, until=UNTIL)


@pytest.fixture(scope="session")
def mailboxes(world: Correspondence) -> Sequence[Sequence[Generated]]:
    """The mails of the first two owners, of whom the first is a chair."""
    return [list(world.mails(owner, EACH)) for owner in OWNERS[:2]]


@pytest.fixture(scope="session")
def mails(mailboxes: Sequence[Sequence[Generated]]) -> Sequence[Generated]:
    return [each for mails in mailboxes for each in mails]
