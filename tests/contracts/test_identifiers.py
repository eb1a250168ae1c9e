"""The promises of `Identifiers`."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from itertools import count

import pytest

from adapters.memory.identifiers import MemoryIdentifiers
from adapters.system.identifiers import SystemIdentifiers
from ports.identifiers import Identifiers

_prefixes = count()
MAKERS: dict[str, Callable[[], Identifiers]] = {
    "memory": lambda: MemoryIdentifiers(f"process{next(_prefixes)}"),
    "system": SystemIdentifiers,
}


@pytest.fixture(params=MAKERS)
def make(request: pytest.FixtureRequest) -> Callable[[], Identifiers]:
    return MAKERS[request.param]


def test_no_id_is_returned_twice_by_any_instance(make: Callable[[], Identifiers]) -> None:
    instances = [make() for _ in range(5)]
    assert len({instance.unique() for instance in instances for _ in range(1000)}) == 5000


def test_ids_are_lower_case_ascii_without_white_space(make: Callable[[], Identifiers]) -> None:
    identifiers = make()
    for _ in range(100):
        value = identifiers.unique()
        assert value
        assert value.isascii()
        assert value == value.lower()
        assert value.isprintable()
        assert not any(character.isspace() for character in value)


def test_no_secret_is_returned_twice_by_any_instance(make: Callable[[], Identifiers]) -> None:
    instances = [make() for _ in range(5)]
    assert len({instance.secret() for instance in instances for _ in range(1000)}) == 5000


def test_a_secret_is_256_bits_in_43_characters_of_base64url(make: Callable[[], Identifiers]) -> None:
    identifiers = make()
    for _ in range(100):
        value = identifiers.secret()
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", value)
        assert len(urlsafe_b64decode(f"{value}=")) == 32


def test_every_bit_of_secrets_varies(make: Callable[[], Identifiers]) -> None:
    """Each is set in 500 of 1,000, give or take eight standard deviations (16)."""
    identifiers = make()
    drawn = [int.from_bytes(urlsafe_b64decode(f"{identifiers.secret()}=")) for _ in range(1000)]
    assert all(372 < sum(number >> bit & 1 for number in drawn) < 628 for bit in range(256))


def test_fractions_are_at_least_zero_and_less_than_one(make: Callable[[], Identifiers]) -> None:
    identifiers = make()
    assert all(0 <= identifiers.fraction() < 1 for _ in range(1000))


def test_fractions_are_evenly_distributed(make: Callable[[], Identifiers]) -> None:
    """Each tenth gets 1,000 of 10,000, give or take eight standard deviations (30)."""
    identifiers = make()
    tenths = [0] * 10
    for _ in range(10_000):
        tenths[int(identifiers.fraction() * 10)] += 1
    assert all(760 < number < 1240 for number in tenths)
