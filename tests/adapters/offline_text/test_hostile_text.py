"""Texts made to stop the rules: time grows with their length alone, and is bounded."""

import time
from collections.abc import Callable
from datetime import date

import pytest

from adapters.offline_text.mail_analyst import LONGEST_TEXT, OfflineMailAnalyst
from domain.correspondence.analysis import Analysis, Wording

SENT_ON = date(2025, 5, 21)
MADE: dict[str, Callable[[int], str]] = {
    "one letter": lambda n: "a" * n,
    "digits": lambda n: "1" * n,
    "blanks": lambda n: "a " + " " * n,
    "lines": lambda n: "a\n" * n,
    "dates": lambda n: "14 June 2025 " * (n // 13),
    "dates with limits": lambda n: "by 14 June 2025 " * (n // 16),
    "limits": lambda n: "by " * (n // 3),
    "labels": lambda n: "deadline " * (n // 9) + "14 June 2025",
    "almost dates": lambda n: "14 Ju" * (n // 5),
    "almost figures": lambda n: "1.1." * (n // 4),
    "days of the week": lambda n: "Friday " * (n // 7),
    "requests without an end": lambda n: "please reply " * (n // 13) + "by 14 June 2025",
    "Korean limits": lambda n: "6월 14일까지 " * (n // 9),
    "Korean labels": lambda n: "기한 " * (n // 3) + "6월 14일",
    "one Korean word": lambda n: "회" * n,
    "brackets": lambda n: "(" * n,
    "hyphens": lambda n: "a-" * (n // 2),
    "addresses": lambda n: "a@" * (n // 2) + "<https://" * (n // 9),
    "acronyms": lambda n: "UR S2." * (n // 6),
    "prefixes": lambda n: "re: " * (n // 4),
    "ligatures": lambda n: "\ufdfa" * n,
    "fractions": lambda n: "⅕" * n,
    "no letters": lambda n: ".?!;" * (n // 4),
}


async def analysed(text: str) -> tuple[float, Analysis]:
    """Return how long it takes at best, and what was found."""
    wording = Wording(subject=text, text=text, sent_on=SENT_ON)
    best, found = float("inf"), Analysis()
    for _ in range(2):
        begun = time.thread_time()
        found = await OfflineMailAnalyst().analyse(wording)
        best = min(best, time.thread_time() - begun)
    return best, found


@pytest.mark.parametrize("name", MADE)
async def test_eight_times_as_much_takes_some_eight_times_as_long(name: str) -> None:
    """Were it the square of the length, it would be 64 times."""
    small, _ = await analysed(MADE[name](LONGEST_TEXT // 64))
    large, _ = await analysed(MADE[name](LONGEST_TEXT // 8))
    assert large < max(small * 30, 0.05)


async def test_of_a_text_without_end_the_beginning_is_read() -> None:
    text = "Please reply by 14 June 2025.\n\n" + "The hatch cover moves. " * 500_000
    seconds, found = await analysed(text)
    assert found.deadline == date(2025, 6, 14)
    assert found.keywords[:1] == ("hatch cover",)
    assert seconds < 3


async def test_the_text_goes_before_the_subject() -> None:
    analyst = OfflineMailAnalyst()
    subject = "PL25015_ILa: reply by 14 June 2025"
    extended = Wording(subject=subject, text="The deadline is extended to 20 June 2025.", sent_on=SENT_ON)
    silent = Wording(subject=subject, text="Kind reminder.", sent_on=SENT_ON)
    assert (await analyst.analyse(extended)).deadline == date(2025, 6, 20)
    assert (await analyst.analyse(silent)).deadline == date(2025, 6, 14)
