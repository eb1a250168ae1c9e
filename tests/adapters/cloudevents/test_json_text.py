"""JSON is read by the quicker of two readers that takes it: what comes out is what the standard library's says."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.cloudevents.json_text import read_object

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
PIECES = st.sampled_from([b'"', b"\\", b"u", b"d800", b"{", b"}", b"[", b"]", b":", b",", b"1", b"e", b"-", b"0", b"."])


def typed(value: object) -> str:
    """Return text that tells 1 from 1.0 and from true."""
    return repr(value)


@given(value=st.dictionaries(st.text(), VALUES, max_size=4), escaped=st.booleans())
@example(value={"a": 2**70}, escaped=False)
@example(value={"a": -0.0}, escaped=True)
def test_every_object_is_read_as_the_standard_library_reads_it(*, value: dict[str, object], escaped: bool) -> None:
    text = json.dumps(value, ensure_ascii=escaped).encode(errors="surrogatepass")
    assert typed(read_object(text)) == typed(json.loads(text))


@given(st.lists(PIECES, max_size=10).map(b"".join))
@example(b"1" * 5000)
def test_texts_that_are_nearly_json_are_taken_or_refused_as_the_standard_library_does(middle: bytes) -> None:
    text = b'{"a":' + middle + b"}"
    try:
        expected = typed(json.loads(text))
    except ValueError:
        expected = "refused"
    try:
        found = typed(read_object(text))
    except ValueError:
        found = "refused"
    assert found == expected or "inf" in expected, "but for numbers that no float can be"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b'{"a":"\\ud800"}', {"a": "\ud800"}),
        (b'{"a":1,"a":2}', {"a": 2}),
    ],
)
def test_what_the_quicker_reader_refuses_and_readers_commonly_take_is_read(text: bytes, expected: object) -> None:
    assert read_object(text) == expected


@pytest.mark.parametrize(
    "text", [None, b"", b"[]", b"NaN", b'{"a":NaN}', b'{"a":1e999}', b"{" * 100_000, b'{"\xff":1}']
)
def test_what_is_no_json_object_is_refused_without_being_quoted(text: bytes | None) -> None:
    with pytest.raises(ValueError, match=r"^no JSON( object)?$"):
        read_object(text)
