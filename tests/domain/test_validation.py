"""Text that a field refuses is refused whatever its length: long text is looked through in another way."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ValidationError
from domain.validation import not_blank

_FILLING = "a" * 500


@attrs.frozen
class _Holder:
    text: str = attrs.field(validator=not_blank)


def _accepts(text: str) -> bool:
    try:
        _Holder(text)
    except ValidationError:
        return False
    return True


@given(st.characters(exclude_categories=[]))
def test_a_character_is_accepted_in_long_text_exactly_if_it_is_in_short_text(character: str) -> None:
    assert _accepts(f"{_FILLING}{character}{_FILLING}") == _accepts(f"a{character}a")


@pytest.mark.parametrize("code", [*range(0x20), 0x7F])
def test_every_control_character_is_refused_in_short_and_in_long_text(code: int) -> None:
    assert not _accepts(f"a{chr(code)}a")
    assert not _accepts(f"{_FILLING}{chr(code)}{_FILLING}")


@pytest.mark.parametrize("code", range(0x20, 0x7F))
def test_all_other_ascii_is_accepted_in_long_text(code: int) -> None:
    assert _accepts(f"{_FILLING}{chr(code)}{_FILLING}")


@pytest.mark.parametrize("text", ["", " ", "\u3000" * 200, f" {_FILLING}", f"{_FILLING}\n", 7, None])
def test_nothing_visible_white_space_around_it_and_what_is_no_text_are_refused(text: str) -> None:
    assert not _accepts(text)
