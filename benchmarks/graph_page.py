"""A page of messages, from its bytes to mails, beside a JSON parser that makes dictionaries, and Microsoft's SDK."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Final

import orjson
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from msgraph.generated.models.message_collection_response import MessageCollectionResponse

from adapters.graph.decoding import decode_page
from benchmarks.harness.plan import Benchmark, Contender, Limit, Plan, Ratio, Size
from benchmarks.harness.timing import cpu_of
from benchmarks.mail_pages import PAGE, Letters, pages

_KINDS: Final = {
    "bodies of 4 KB": Letters(has_bodies=True),
    "no bodies": Letters(has_bodies=False),
    "bodies of 4 KB, strangers": Letters(has_bodies=True, strangers=True),
    "no bodies, strangers": Letters(has_bodies=False, strangers=True),
}
_REPEATS: Final = 3
"""How often one page is read in a turn, so that it takes long enough to be measured."""
_OF_SDK: Final = 20
"""Messages of the page that the SDK reads: it reads each by itself, and a whole page would take a minute."""


@asynccontextmanager
async def _open(size: Size) -> AsyncIterator[Plan]:
    many = size.of(PAGE, 20)
    contenders: list[Contender] = []
    ratios: list[Ratio] = []
    for kind, letters in _KINDS.items():
        contenders += _contenders(kind, letters, many, size)
        ratios += _ratios(kind)
    yield Plan(contenders=tuple(contenders), ratios=tuple(ratios))


def _contenders(kind: str, letters: Letters, many: int, size: Size) -> Iterator[Contender]:
    (page,), ten = pages(letters, 1, many), pages(letters, 10, many)
    few = size.of(_OF_SDK, 2)
    repeats = size.of(_REPEATS, 1)

    def ours(body: bytes) -> object:
        return decode_page(body, letters.asked, updates=True)

    yield _contender(f"ours, {kind}", ours, [page] * repeats, many)
    yield _contender(f"floor, {kind}", orjson.loads, [page] * repeats, many)
    yield _contender(f"SDK, {kind}", _models, pages(letters, 1, few), few)
    yield _contender(f"ours 10x, {kind}", ours, ten, many)


def _contender(name: str, read: Callable[[bytes], object], bodies: list[bytes], many: int) -> Contender:
    def work() -> None:
        for body in bodies:
            read(body)

    async def run() -> float:
        return cpu_of(work, len(bodies) * many)

    return Contender(name=name, run=run)


def _models(body: bytes) -> object:
    node = JsonParseNodeFactory().get_root_parse_node("application/json", body)
    return node.get_object_value(MessageCollectionResponse)


def _ratios(kind: str) -> Iterator[Ratio]:
    ours = f"ours, {kind}"
    yield Ratio(label=f"ours / floor, {kind}", cost_of=ours, over=f"floor, {kind}", limit=Limit(at_most=1.0))
    yield Ratio(label=f"SDK / ours, {kind}", cost_of=f"SDK, {kind}", over=ours, limit=Limit(at_least=10))
    yield Ratio(label=f"ours, 10 pages / 1, {kind}", cost_of=f"ours 10x, {kind}", over=ours, limit=Limit(at_most=1.2))


BENCHMARK: Final = Benchmark(
    name="graph-page", title="A page of 1,000 messages of Microsoft Graph, from its bytes to typed values", open=_open
)
