"""Who is behind letters and domains."""

import pytest

from domain.correspondence.societies import (
    SECRETARIAT_DOMAINS,
    SOCIETIES,
    SOCIETY_BY_LETTERS,
    is_secretariat,
    society_of_domain,
)
from tests.modules.simulator.correspondence.reading import DOMAINS
from tests.modules.simulator.correspondence.reading import SOCIETIES as LETTERS


def test_there_are_twelve_and_nothing_belongs_to_two() -> None:
    assert len(SOCIETIES) == 12
    letters = [each for society in SOCIETIES for each in society.all_letters]
    domains = [each for society in SOCIETIES for each in society.domains] + [*SECRETARIAT_DOMAINS]
    assert len(set(letters)) == len(letters)
    assert len(set(domains)) == len(domains)


def test_letters_and_domains_are_those_of_the_register() -> None:
    """The register as the simulator's tests have it, and `ClassNK`, which is also written."""
    names = {letters: society.canonical for letters, society in SOCIETY_BY_LETTERS.items()}
    assert names == {**LETTERS, "CLASSNK": "NK"}
    assert {domain: society.canonical for society in SOCIETIES for domain in society.domains} == DOMAINS


@pytest.mark.parametrize(
    ("domain", "canonical"),
    [
        ("dnv.com", "DNV"),
        ("Mail.DNV.com", "DNV"),
        ("a.b.c.prs.com.pl", "PRS"),
        ("krs.co.kr.", "KR"),
        ("classnk.or.jp", "NK"),
        ("notdnv.com", None),
        ("dnv.com.example", None),
        ("co.kr", None),
        ("gmail.com", None),
        ("outlook.com", None),
        ("iacs.org.uk", None),
        ("DNV.COM\N{ZERO WIDTH SPACE}", None),
        ("l\u0280.org", None),
        ("", None),
        (".", None),
        ("..lr.org", "LR"),
    ],
)
def test_a_domain_is_a_societys_exactly_or_below_it(domain: str, canonical: str | None) -> None:
    society = society_of_domain(domain)
    assert (society.canonical if society else None) == canonical


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("iacs.org.uk", True),
        ("panels.IACS.org.uk", True),
        ("iacs.org", True),
        ("notiacs.org", False),
        ("lr.org", False),
    ],
)
def test_the_secretariat_has_domains_of_its_own(domain: str, *, expected: bool) -> None:
    assert is_secretariat(domain) is expected
