"""No regular expression is one that an old Python 3.11 matches wrongly, and the finder of such finds them."""

import re
import sys
from pathlib import Path

import pytest

from tests.architecture import patterns

ROOT = Path(__file__).parents[2]
_MORE = "+"  # in the middle of a sample, so that this file has none in it

UNSOUND = [
    f"(?:ab)*{_MORE}",
    f"(?:ab|c)?{_MORE}d",
    f"([a-z])*{_MORE}",
    f"(?:a[b]){{2,3}}{_MORE}",
    f"x(?:(?=a)b{_MORE})+{_MORE}",
    f"(?{'>'}ab)c",
    f"(?:(?<=x)(?:ab)*{_MORE})?",
]
SOUND = ["a*+", "[a-z]++b", r"\s?+\d{2,}+", ".{0,60}+", "(?:a*+b)*", "(?:[ab])*+", "(?=(ab*))\\1", "(?:ab)* +"]


@pytest.mark.parametrize("pattern", UNSOUND)
def test_an_unsound_pattern_is_recognised(pattern: str) -> None:
    assert patterns.is_unsound(pattern)


@pytest.mark.parametrize("pattern", SOUND)
def test_a_sound_pattern_is_no_unsound_one(pattern: str) -> None:
    assert not patterns.is_unsound(pattern)


def test_blanks_count_as_the_flags_say() -> None:
    pattern = f"(?: a )*{_MORE}"
    assert patterns.is_unsound(pattern)
    assert not patterns.is_unsound(pattern, re.VERBOSE)


@pytest.mark.parametrize(
    "source",
    [
        f"import re\ndef found(text):\n    return re.search(r'(?:ab)*{_MORE}', text)",
        f"SPACED = '''(?: ab  # it\n)*{_MORE} c'''",
        f"PART = 'ab'\nWHOLE = rf'{{PART}}*{_MORE}c'",
        f"BODY = f'(?:[ab]c){{{{0,{{2}}}}}}{_MORE}'",
        f"CUT = ('(?{'>'}a' 'b)')",
    ],
    ids=["argument", "verbose", "inserted", "number", "joined"],
)
def test_a_text_that_is_an_unsound_pattern_is_found(tmp_path: Path, source: str) -> None:
    (tmp_path / "domain").mkdir()
    (tmp_path / "domain" / "planted.py").write_text(source)
    (found,) = patterns.unsound_texts(tmp_path)
    assert found.startswith("domain/planted.py:")


@pytest.mark.parametrize("source", ["'a*+b'", "f'[{1}]*+'", "'(?:ab)*' + 'c'", "'(?{'", "b'(*+'", "2 + +1", "f'{1}*'"])
def test_any_other_text_is_not_found(tmp_path: Path, source: str) -> None:
    (tmp_path / "domain").mkdir()
    (tmp_path / "domain" / "planted.py").write_text(f"ANY = {source}")
    assert list(patterns.unsound_texts(tmp_path)) == []


def test_what_a_module_puts_together_and_compiles_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "planted_patterns.py").write_text(
        f"import re\nPART = '(?:ab)*'\nA = re.compile(PART + '{_MORE}', re.ASCII)\nB = re.compile(b'x')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "planted_patterns", raising=False)
    (found,) = patterns.compiled_on_import(tmp_path, ["planted_patterns"])
    assert found.place == "planted_patterns.py:3"
    assert found.flags & re.ASCII
    assert patterns.is_unsound(found.pattern, found.flags)


def test_no_text_of_ours_is_an_unsound_pattern() -> None:
    assert "\n".join(patterns.unsound_texts(ROOT)) == ""


def test_no_module_of_ours_compiles_an_unsound_pattern() -> None:
    compiled = patterns.compiled_by_product(ROOT)
    assert {"domain/correspondence/subjects.py", "adapters/html_text/tokens.py"} <= {
        each.place.rpartition(":")[0] for each in compiled
    }
    assert [each for each in compiled if patterns.is_unsound(each.pattern, each.flags)] == []
