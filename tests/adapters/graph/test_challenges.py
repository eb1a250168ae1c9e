"""What a refusal wants to be shown, in every form that the grammar allows, and in none."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.graph.challenges import LONGEST_CLAIMS, claims_in, parse_challenges, wants_claims

CLAIMS = '{"access_token":{"nbf":{"essential":true, "value":"1635527790"}}}'
RECORDED = (
    'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize",'
    ' client_id="00000003-0000-0000-c000-000000000000", error="insufficient_claims",'
    ' claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwgInZhbHVlIjoiMTYzNTUyNzc5MCJ9fX0="'
)
"""As Graph sent it (continuous access evaluation)."""

TOKENS = st.text("!#$%&'*+.^_`|~-09azAZ", min_size=1, max_size=8)
VALUES = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=20)
SPACES = st.text(" \t", max_size=2)


def said(*headers: str) -> list[tuple[str, dict[str, str]]]:
    return [(one.scheme, dict(one.parameters)) for one in parse_challenges(headers)]


def test_a_recorded_challenge_is_understood() -> None:
    ((scheme, parameters),) = said(RECORDED)
    assert (scheme, parameters["realm"]) == ("bearer", "")
    assert parameters["authorization_uri"] == "https://login.microsoftonline.com/common/oauth2/authorize"
    assert wants_claims([RECORDED])
    assert claims_in([RECORDED]) == CLAIMS


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], []),
        (["Bearer"], [("bearer", {})]),
        (["Basic realm=x", 'BEARER Error="y"'], [("basic", {"realm": "x"}), ("bearer", {"error": "y"})]),
        (['Bearer a="1", Basic realm="z", b="2"'], [("bearer", {"a": "1"}), ("basic", {"realm": "z", "b": "2"})]),
        (['Bearer a="1, Basic b=\\"2\\"", c=3'], [("bearer", {"a": '1, Basic b="2"', "c": "3"})]),
        (["Bearer a = 1 ,, b\t=\t2"], [("bearer", {"a": "1", "b": "2"})]),
        (["Bearer a=1, a=2"], [("bearer", {"a": "1"})]),
        (['Negotiate YWJj==, Bearer a="\\\\"'], [("negotiate", {}), ("bearer", {"a": "\\"})]),
        (["a=1, b=2"], []),
        (['Bearer a=1, b="2'], [("bearer", {"a": "1"})]),
        (['Bearer a="1" b="2", c=3'], [("bearer", {"c": "3"})]),
        (["(), Bearer a=1"], [("bearer", {"a": "1"})]),
        (['Bearer realm=""claims="x", d=4'], [("bearer", {"d": "4"})]),
    ],
)
def test_headers_are_taken_apart_as_the_grammar_says(
    headers: list[str], expected: list[tuple[str, dict[str, str]]]
) -> None:
    found = [(scheme, {} if scheme == "negotiate" else parameters) for scheme, parameters in said(*headers)]
    assert found == expected


@attrs.frozen
class Written:
    """Challenges, and headers that say them."""

    challenges: list[tuple[str, dict[str, str]]]
    headers: list[str]


@st.composite
def written(draw: st.DrawFn) -> Written:
    """Write challenges with any of the freedoms of the grammar."""
    named = st.dictionaries(TOKENS.map(str.lower), VALUES, max_size=4)
    challenges = draw(st.lists(st.tuples(TOKENS.map(str.lower), named), max_size=4))
    headers, line = [], ""
    for scheme, parameters in challenges:
        if line and draw(st.booleans()):
            headers.append(line)
            line = ""
        parts = [
            f"{draw(cases(name))}{draw(SPACES)}={draw(SPACES)}{draw(values(value))}"
            for name, value in parameters.items()
        ]
        line += (f"{draw(SPACES)},{draw(SPACES)}" if line else "") + draw(cases(scheme))
        line += (" " + f"{draw(SPACES)},{draw(SPACES)}".join(parts)) if parts else ""
    return Written(challenges, [*headers, line] if line else headers)


def cases(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from([name, name.upper()])


def values(value: str) -> st.SearchStrategy[str]:
    """Write a value in quotes, with as many escapes as one likes; without quotes if that is possible."""
    needed = "".join(f"\\{character}" if character in '"\\' else character for character in value)
    all_escaped = "".join(f"\\{character}" for character in value)
    bare = value and all(character.isascii() and character.isalnum() for character in value)
    return st.sampled_from([f'"{needed}"', f'"{all_escaped}"', *([value] if bare else [])])


@given(written())
def test_what_is_written_by_the_grammar_is_read_as_it_was_meant(example: Written) -> None:
    assert said(*example.headers) == example.challenges


@given(st.lists(st.text(st.sampled_from('Bearer claims="\\,= eyJ{}\x00ü'), max_size=60), max_size=3))
def test_nothing_that_a_server_says_is_a_defect(headers: list[str]) -> None:
    parse_challenges(headers)
    wants_claims(headers)
    assert claims_in(headers) is None or isinstance(json.loads(claims_in(headers) or ""), dict)


@given(claims=st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=5), padded=st.booleans())
def test_claims_are_read_in_either_alphabet_with_padding_or_without(claims: dict[str, str], *, padded: bool) -> None:
    text = json.dumps(claims, ensure_ascii=False)
    encoders: list[Callable[[bytes], bytes]] = [b64encode, urlsafe_b64encode]
    for encode in encoders:
        value = encode(text.encode()).decode()
        assert claims_in([f'Bearer claims="{value if padded else value.rstrip("=")}"']) == text


@pytest.mark.parametrize(
    "value",
    [
        "",
        "=",
        "e",
        "e3",
        "not base64!",
        b64encode(b"no json").decode(),
        b64encode(b"[1]").decode(),
        b64encode(b'"text"').decode(),
        b64encode(b'{"a": \xff}').decode(),
        b64encode(b"[" * 5000).decode(),
        b64encode(b'{"a":"' + b"x" * LONGEST_CLAIMS + b'"}').decode(),
        "%65yJ9",
        "ü",
    ],
)
def test_claims_that_are_none_are_as_if_nothing_was_asked(value: str) -> None:
    assert claims_in([f'Bearer error="insufficient_claims", claims="{value}"']) is None


def test_the_first_claims_that_can_be_read_are_taken_and_of_other_schemes_none() -> None:
    encoded = b64encode(CLAIMS.encode()).decode()
    headers = [f'PoP claims="{b64encode(b"{}").decode()}"', 'Bearer claims="?"', f"Bearer claims={encoded}"]
    assert claims_in(headers) == CLAIMS
    assert not wants_claims(['PoP error="insufficient_claims"', 'Bearer error="invalid_token"'])


def test_claims_are_in_no_repr() -> None:
    assert "essential" not in repr(parse_challenges([RECORDED]))
    assert "eyJ" not in repr(parse_challenges([RECORDED]))
