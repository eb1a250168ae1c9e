"""The promises of `MailAnalyst`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Final

import attrs
import pytest

from adapters.memory.identifiers import MemoryIdentifiers
from adapters.memory.mail_analyst import MemoryMailAnalyst
from adapters.offline_text.mail_analyst import OfflineMailAnalyst
from adapters.openai.mail_analyst import open_openai_analyst
from domain.correspondence.analysis import LONGEST_KEYWORD, MOST_KEYWORDS, Analysis, Wording
from domain.errors import (
    APIConnectionError,
    AuthenticationError,
    IACSGraphError,
    ThrottledError,
    ValidationError,
)
from ports.mail_analyst import MailAnalyst
from tests.adapters.openai.server import analysis, open_model_server, refusal
from tests.fakes.hurried_clock import HurriedClock

SENT_ON: Final = date(2025, 5, 21)
ENGLISH: Final = Wording(
    subject="PL25015_ILa: Hatch covers of bulk carriers",
    text="Dear all,\n\nPlease send your comments on UR S26 by 14 June 2025.\n\nThe panel meets on 3 July 2025.",
    sent_on=SENT_ON,
)
KOREAN: Final = Wording(
    subject="PL25016_ILa: 산적화물선 창구덮개",
    text="안녕하세요.\n\n2025년 6월 20일까지 의견을 회신하여 주시기 바랍니다.",
    sent_on=SENT_ON,
)
SILENT: Final = Wording(subject="PL25017_ILc: Ballast tanks", text="The panel meets on 3 July 2025.", sent_on=SENT_ON)
EXPECTED: Final = {
    ENGLISH: Analysis(deadline=date(2025, 6, 14), keywords=("hatch covers", "bulk carriers")),
    KOREAN: Analysis(deadline=date(2025, 6, 20), keywords=("산적화물선", "창구덮개")),
    SILENT: Analysis(keywords=("ballast tanks",)),
}
ODD: Final = ("", " ", "\x00", "\ud800", "x" * 300_000, "\n" * 50_000, "by " * 20_000, "\u202e\U0001f600")


@attrs.frozen(kw_only=True)
class Bench:
    """An analyst; `fail` makes the next calls fail in a way of `FAILURES`, where it can be made to."""

    analyst: MailAnalyst
    fail: Callable[[str], None] | None = None


@asynccontextmanager
async def _memory() -> AsyncIterator[Bench]:
    analyst = MemoryMailAnalyst(answers={wording.subject: each for wording, each in EXPECTED.items()})

    def fail(name: str) -> None:
        kind, wait = FAILURES[name]
        if issubclass(kind, ThrottledError):
            analyst.failures.append(lambda: ThrottledError("busy", retry_after=wait))
        else:
            analyst.failures.append(lambda: kind("no"))

    yield Bench(analyst=analyst, fail=fail)


@asynccontextmanager
async def _offline() -> AsyncIterator[Bench]:
    yield Bench(analyst=OfflineMailAnalyst())


@asynccontextmanager
async def _openai() -> AsyncIterator[Bench]:
    async with open_model_server() as server:
        for wording, each in EXPECTED.items():
            deadline = each.deadline.isoformat() if each.deadline else None
            server.answers[wording.subject] = analysis(deadline, *each.keywords)

        def fail(name: str) -> None:
            server.will(*[REFUSALS[name]] * (4 if name == "fails" else 1))

        opening = open_openai_analyst(server.options(), clock=HurriedClock(), identifiers=MemoryIdentifiers())
        async with opening as analyst:
            yield Bench(analyst=analyst, fail=fail)


FAILURES: Final[dict[str, tuple[type[IACSGraphError], timedelta | None]]] = {
    "is busy": (ThrottledError, timedelta(seconds=90)),
    "fails": (APIConnectionError, None),
    "refuses the key": (AuthenticationError, None),
    "refuses the words": (ValidationError, None),
}
REFUSALS: Final = {
    "is busy": refusal(429, Retry_After="90"),
    "fails": refusal(500),
    "refuses the key": refusal(401),
    "refuses the words": refusal(400),
}
BENCHES: Final = {"memory": _memory, "offline": _offline, "openai": _openai}
FALLIBLE: Final = ("memory", "openai")


@pytest.fixture(params=BENCHES)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with BENCHES[request.param]() as bench:
        yield bench


@pytest.mark.parametrize("wording", EXPECTED, ids=["English", "Korean", "without a deadline"])
async def test_the_deadline_and_keywords_of_a_mail_are_found(bench: Bench, wording: Wording) -> None:
    found = await bench.analyst.analyse(wording)
    assert found.deadline == EXPECTED[wording].deadline
    assert set(EXPECTED[wording].keywords) <= set(found.keywords)


async def test_the_same_words_are_read_the_same_way_again_and_at_the_same_time(bench: Bench) -> None:
    first = await bench.analyst.analyse(ENGLISH)
    several = await asyncio.gather(*(bench.analyst.analyse(each) for each in [ENGLISH, KOREAN] * 6))
    assert several[::2] == [first] * 6
    assert several[1].deadline == EXPECTED[KOREAN].deadline


async def test_its_means_have_a_name_that_stays(bench: Bench) -> None:
    before = bench.analyst.means
    await bench.analyst.analyse(ENGLISH)
    assert bench.analyst.means == before
    assert before.name.strip() == before.name


def test_different_means_have_different_names() -> None:
    assert MemoryMailAnalyst(name="a-1").means != MemoryMailAnalyst(name="a-2").means
    assert not OfflineMailAnalyst().means.is_paid


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
async def test_whatever_the_words_there_is_a_bounded_analysis(bench: Bench, odd: str) -> None:
    found = await bench.analyst.analyse(Wording(subject=odd, text=odd, sent_on=SENT_ON))
    assert len(found.keywords) <= MOST_KEYWORDS
    assert all(len(each) <= LONGEST_KEYWORD for each in found.keywords)


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("name", FALLIBLE)
async def test_a_failure_is_one_that_the_port_names_and_the_next_call_works(name: str, failure: str) -> None:
    kind, wait = FAILURES[failure]
    async with BENCHES[name]() as bench:
        assert bench.fail is not None
        bench.fail(failure)
        with pytest.raises(IACSGraphError) as caught:
            await bench.analyst.analyse(ENGLISH)
        assert type(caught.value) is kind
        assert caught.value.retry_after == wait
        assert caught.value.transient is issubclass(kind, APIConnectionError)
        assert (await bench.analyst.analyse(ENGLISH)).deadline == EXPECTED[ENGLISH].deadline


async def test_the_memory_analyst_remembers_what_it_heard() -> None:
    analyst = MemoryMailAnalyst(failures=[lambda: ValidationError("no")])
    with pytest.raises(ValidationError):
        await analyst.analyse(ENGLISH)
    assert await analyst.analyse(KOREAN) == Analysis()
    assert analyst.heard == [ENGLISH, KOREAN]
    assert analyst.calls == 2
