"""Everything that may be stored as a reason has a text, in two languages that say the same."""

import re
from collections.abc import Iterator
from string import Formatter

import pytest

from adapters.azure_ad import aadsts, outcomes
from adapters.azure_ad.verdicts import Kind, Verdict
from domain import reauth, sign_in
from modules.auth import texts
from modules.auth.reasons import REASONS, UNKNOWN_REASON, Words

HANGUL = re.compile(r"[가-힣]")
DEVICE_ONLY = {"device_code_expired", "device_code_rejected"}


def verdicts() -> Iterator[Verdict]:
    """Return every verdict of the adapter, wherever it is written down."""
    for module in (aadsts, outcomes):
        for value in vars(module).values():
            yield from found_in(value)


def found_in(value: object) -> Iterator[Verdict]:
    if isinstance(value, Verdict):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from found_in(each)
    elif isinstance(value, tuple):
        for each in value:
            yield from found_in(each)


def notices() -> Iterator[texts.Notice]:
    yield from (texts.HOME, texts.REQUEST_FAULT, texts.SERVER_FAULT, *texts.NOTICES.values(), *texts.PROBLEMS.values())


def all_words() -> list[Words]:
    own = [value for value in vars(texts).values() if isinstance(value, Words)]
    said = [words for notice in notices() for words in (notice.title, notice.body)]
    return [*REASONS.values(), UNKNOWN_REASON, *own, *texts.STEPS, *texts.OUT_OF_USE.values(), *said]


def test_every_reason_of_the_domain_has_a_text() -> None:
    assert {*reauth.REMEDIES, sign_in.EXPIRED, sign_in.REPLACED, sign_in.GIVEN_UP} <= REASONS.keys()


def test_every_verdict_of_azure_ad_has_a_text() -> None:
    codes = {verdict.code.lower() for verdict in verdicts() if verdict.kind is not Kind.DECLINED}
    assert len(codes) > 20
    assert codes <= REASONS.keys() | DEVICE_ONLY


@pytest.mark.parametrize("words", all_words(), ids=lambda words: words.en[:40])
def test_both_languages_are_written_and_fill_in_the_same_values(words: Words) -> None:
    english, korean = ({name for _, name, *_ in Formatter().parse(text) if name} for text in (words.en, words.ko))
    assert english == korean <= {"email", "provider"}
    assert HANGUL.search(words.ko)
    assert not HANGUL.search(words.en)
    assert not re.search(r"  |[ ]$|^ ", words.en + "\n" + words.ko)
