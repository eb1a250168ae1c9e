"""What a storm leaves behind is judged rightly."""

from collections.abc import Mapping
from typing import Any

import attrs
import pytest

from tests.processes.events.findings import (
    DISORDER,
    DOUBLED_EFFECT,
    DOUBLED_MESSAGE,
    INVENTED_EVENT,
    LOST_CHANGE,
    LOST_EFFECT,
    LOST_EVENT,
    LOST_MESSAGE,
    UNFINISHED,
    Traces,
    judge,
)

KIM, LEE, LATER = ("kim", 1), ("lee", 1), ("kim", 2)
GOOD = Traces(
    finished=True,
    appended={KIM, LEE, LATER},
    acknowledged={KIM, LATER},
    stored={"a": KIM, "b": LEE, "c": LATER},
    published={"a", "b", "c"},
    log=["b", "a", "c", "a"],
    settled=["a", "b", "c"],
    effects=[LEE, KIM, LATER],
)


def test_what_is_sent_again_and_done_once_is_right() -> None:
    assert judge(GOOD).wrong == {}


@pytest.mark.parametrize(
    ("trace", "wrong"),
    [
        ({"finished": False}, {UNFINISHED: 1}),
        ({"acknowledged": {KIM, LATER, ("kim", 3), ("kim", 4)}}, {LOST_CHANGE: 2}),
        ({"stored": {"a": KIM, "b": LEE}}, {LOST_EVENT: 1}),
        ({"stored": {"a": KIM, "b": LEE, "c": LATER, "d": LATER}}, {INVENTED_EVENT: 1}),
        ({"log": ["a", "b"]}, {LOST_MESSAGE: 1}),
        ({"effects": [LEE, KIM]}, {LOST_EFFECT: 1}),
        ({"effects": [LEE, KIM, LATER, KIM]}, {DOUBLED_EFFECT: 1}),
        ({"settled": ["a", "b", "c", "b"]}, {DOUBLED_MESSAGE: 1}),
        ({"effects": [LATER, LEE, KIM]}, {DISORDER: 1}),
    ],
)
def test_each_kind_of_wrong_is_seen(trace: Mapping[str, Any], wrong: Mapping[str, int]) -> None:
    assert judge(attrs.evolve(GOOD, **trace)).wrong == wrong
