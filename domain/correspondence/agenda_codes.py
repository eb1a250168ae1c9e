"""Agenda codes: `PL25007b_KRa` is what KR writes, for the first time, on the second round of PL's agenda 7 of 2025.

    code    = panel year number [version] [["_"] author [version]] | panel year number "_" version author [version]
    panel   = "PL" | "PS" | "JWG-" letters
    year    = 20 to 29
    number  = 3 digits, or 4 after PL and PS
    author  = letters of a society or of the chair | "PL" | "PS" | "JWG-SDT" | "JWG-CS"
    version = letter | "*", which is none

Case does not matter. One blank before the year and a hyphen for the `_` are careless spellings of the same. No letter
or digit, of any alphabet, stands right before or after a code; but for the letters of scripts that put no blanks around
foreign words, as in Korean, where particles follow. What has a hyphen and a digit behind it is a part number, as
`PL25015-04`, and what stands in a web address is no code. Where letters can be read in several ways, these rules
decide, in this order; case never does, as there would be two readings of one code:

1. Known authors win over unknown ones, and the longest known author wins: `DNVb` is DNV b, not d NV b.
2. What stands before the `_` belongs to the agenda. What stands behind it begins with the author if it can: `_ABV` is
   AB v, but `_bILa` is b IL a.
3. Without a `_`, two authors of one length may fit, with the version before or behind. Versions are given in the order
   of the alphabet, so the earlier letter is the likelier version: `aBV` is a BV, `KRI` is KR i. If it is the same
   letter, it is the response's, as these mostly have one: `CCC` is CC c.

Behind a `_`, unknown letters are not part of the code: `PL25015_XYZa` is agenda PL25015, nobody's response. Right
behind the number or the version, they show that this is no code: `PL25015XYZ`.
"""

import re
from functools import lru_cache
from string import ascii_lowercase
from typing import Final
from unicodedata import normalize

import attrs

from domain.correspondence.societies import CHAIR_LETTERS, SOCIETY_BY_LETTERS
from domain.errors import ValidationError

PANELS: Final = ("PL", "PS", "JWG-SDT", "JWG-CS")
"""Those whose letters may stand as author; there may be further joint working groups."""

_AUTHORS: Final = frozenset((*SOCIETY_BY_LETTERS, CHAIR_LETTERS, *PANELS))
_LONGEST_TAIL: Final = 24  # longer than any author with two versions, a sign, and what follows

_HYPHEN: Final = "\\-\N{HYPHEN}-\N{HORIZONTAL BAR}\N{MINUS SIGN}"  # programs for writing put others for the plain one
_EAST_ASIAN: Final = (  # Hangul, Kana and Han; not the full-width forms of Latin letters and of digits
    r"\u1100-\u11ff\u3041-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff"
    r"\U00020000-\U0003ffff"
)
_LETTER: Final = rf"(?:[^\W_{_EAST_ASIAN}]|[\u0300-\u036f])"  # or digit, or an accent that makes another letter
_CODE: Final = re.compile(
    # First a letter of few, for which a text is searched fast; then what was before it. Found is all that follows it:
    # the rest of the agenda, and what may be letters behind it.
    rf"[PpJj](?<!{_LETTER}.)(?<![Ww][Gg][{_HYPHEN}].)(?=("
    rf"(?:(?<=[Pp])[LlSs][^\S\r\n]?2[0-9]{{4,5}}|(?<=[Jj])[Ww][Gg][{_HYPHEN}][A-Za-z]{{1,20}}+[^\S\r\n]?2[0-9]{{4}})"
    rf"(?![0-9]))([\w*\u0300-\u036f{_HYPHEN}]{{0,{_LONGEST_TAIL}}}))"
)
_FOUND: Final = re.compile(r"([A-Za-z](?:[A-Za-z].[A-Za-z]+)?)\s?([0-9]{2})([0-9]+)")
_JOINT: Final = rf"[A-Za-z*]?[Jj][Ww][Gg][{_HYPHEN}]"
_LETTERS: Final = rf"(\*?(?:{_JOINT}|(?!{_JOINT}))[A-Za-z]*+\*?)(?!{_LETTER})"
_BEFORE: Final = re.compile(_LETTERS)
_BEHIND: Final = re.compile(rf"[_{_HYPHEN}]{_LETTERS}")
_PART_NUMBER: Final = re.compile(rf"[{_HYPHEN}][0-9]++(?![^\W_])")  # not `-2nd round`
_ADDRESS: Final = re.compile(r"(?:\b(?:https?|ftp|file)://|\bwww\.)[^\s<>\"]*+", re.IGNORECASE)
_HYPHENS: Final = re.compile(f"[{_HYPHEN}]")
_SYLLABLES: Final = re.compile("[\u1100-\u11ff]+")  # no more than these: in longer runs of marks it takes squared time
_INVISIBLE: Final = re.compile(
    "[\N{SOFT HYPHEN}\N{ZERO WIDTH SPACE}-\N{RIGHT-TO-LEFT MARK}\N{LEFT-TO-RIGHT EMBEDDING}-\N{RIGHT-TO-LEFT OVERRIDE}"
    "\N{WORD JOINER}-\N{INVISIBLE PLUS}\N{LEFT-TO-RIGHT ISOLATE}-\N{POP DIRECTIONAL ISOLATE}"
    "\N{ZERO WIDTH NO-BREAK SPACE}]+"
)

_AGENDA: Final = re.compile(r"P[LS] 2[0-9] [0-9]{3,4}|JWG-[A-Z]{1,20} 2[0-9] [0-9]{3}")
_VERSIONS: Final = frozenset((None, *ascii_lowercase))
_PLAIN_PANELS: Final = {"L": "PL", "l": "PL", "S": "PS", "s": "PS"}  # by what follows the P


def _canonical(author: str | None) -> str | None:
    """Return what is the same for all letters of one society, and for all of a chair."""
    if author is None:
        return None
    society = SOCIETY_BY_LETTERS.get(author)
    return CHAIR_LETTERS if society is None else society.canonical


def _no_code() -> ValidationError:
    return ValidationError("These are not the parts of an agenda code.", error_code="NO_AGENDA_CODE")


@attrs.frozen(kw_only=True)
class Agenda:
    """What a code begins with; `year` has two digits.

    Raises: ValidationError if there is no such agenda.
    """

    panel: str
    year: str
    number: str

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot be written."""
        if not _AGENDA.fullmatch(f"{self.panel} {self.year} {self.number}"):
            raise _no_code()


@attrs.frozen(kw_only=True)
class Tail:
    """What stands behind a code's number. Two are equal if they mean the same, whatever letters of a society it has.

    Raises: ValidationError if that cannot stand there.
    """

    version: str | None = None
    author: str | None = attrs.field(default=None, eq=_canonical)
    response_version: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot be written."""
        is_known = self.author in _AUTHORS or (self.author is None and self.response_version is None)
        if not is_known or self.version not in _VERSIONS or self.response_version not in _VERSIONS:
            raise _no_code()


@attrs.frozen(kw_only=True)
class AgendaCode:
    """A code. Two are equal if they mean the same, whatever letters of a society, or of a chair, are in them.

    Its parts check themselves, and are shared: most codes are answers to few agendas, with few letters behind them.
    """

    agenda: Agenda
    tail: Tail

    @property
    def panel(self) -> str:
        return self.agenda.panel

    @property
    def year(self) -> str:
        """Two digits."""
        return self.agenda.year

    @property
    def number(self) -> str:
        return self.agenda.number

    @property
    def version(self) -> str | None:
        """The agenda's, in lower case; None: none, or not known yet."""
        return self.tail.version

    @property
    def author(self) -> str | None:
        """In upper case, in the letters that were chosen; None: this is the agenda's own code."""
        return self.tail.author

    @property
    def response_version(self) -> str | None:
        """In lower case."""
        return self.tail.response_version

    @property
    def organization(self) -> str | None:
        """The canonical name of the society whose letters these are."""
        return None if self.is_chair else _canonical(self.author)

    @property
    def is_chair(self) -> bool:
        """Whether the chair's letters, or a panel's, stand as author."""
        return self.author is not None and self.author not in SOCIETY_BY_LETTERS

    @property
    def base(self) -> str:
        """The agenda, whatever its version: `PL25007`."""
        return f"{self.panel}{self.year}{self.number}"

    @property
    def base_version(self) -> str:
        """The agenda with its version: `PL25007b`."""
        return f"{self.panel}{self.year}{self.number}{self.version or ''}"

    @property
    def display(self) -> str:
        """How it is shown: `PL25015_KRa`, `PL25016aIRa`. It is read as this code.

        With an agenda version there is a `_` only where the letters would be read otherwise without: `PL25016d_NVa`.
        """
        if self.author is None:
            return self.base_version
        return self.base + _shown(self.version, self.author, self.response_version)

    @property
    def key(self) -> str:
        """What is the same for equal codes and for no others: `PL25007b_KRa`, `PL25015_DNVb`. It is a code, too."""
        author = _canonical(self.author)
        return self.base_version if author is None else f"{self.base_version}_{author}{self.response_version or ''}"


def find_codes(text: str) -> tuple[AgendaCode, ...]:
    """Return the codes in a text, in their order, each as often as it occurs. Invisible characters do not matter."""
    return find_visible_codes(text if text.isascii() else visible(text))


def find_visible_codes(text: str) -> tuple[AgendaCode, ...]:
    """Return the codes in a text that `visible` returned."""
    found = _CODE.findall(_ADDRESS.sub(" ", text) if "/" in text else text)
    if not found:
        return ()
    return tuple([AgendaCode(agenda=_agenda(before), tail=tail) for before, behind in found if (tail := _tail(behind))])


def visible(text: str) -> str:
    """Return a text without invisible characters, and with Korean syllables composed: some programs take them apart."""
    if text.isascii():
        return text
    return _SYLLABLES.sub(_composed, text if text.isprintable() else _INVISIBLE.sub("", text))


def _composed(parts: re.Match[str]) -> str:
    return normalize("NFC", parts[0])


@lru_cache(maxsize=4096)
def _agenda(written: str) -> Agenda:
    """Return the agenda; `written` is what `_CODE` found of one."""
    ((letters, year, number),) = _FOUND.findall(written)
    return Agenda(panel=_PLAIN_PANELS.get(letters) or f"J{_plain(letters)}", year=year, number=number)


@lru_cache(maxsize=4096)  # a mailbox of 20,000 mails has a quarter as many
def _tail(written: str) -> Tail | None:
    """Return what follows a number, or None if there is no code."""
    reading = _read(written)
    if reading is None:
        return None
    version, author, response_version = reading
    return Tail(version=version, author=author, response_version=response_version)


_Reading = tuple[str | None, str | None, str | None]
"""Agenda version, author, response version."""


def _read(tail: str) -> _Reading | None:
    """Return what follows a number means, or None if there is no code."""
    before = _BEFORE.match(tail)
    reading = _best(_plain(before[1])) if before else None
    if before is None or reading is None or reading[1]:
        return reading
    if _PART_NUMBER.match(tail, before.end()):
        return None
    behind = _BEHIND.match(tail, before.end())
    response = _best(_plain(behind[1]), is_response=True) if behind else None
    if response is None or not response[1] or (reading[0] and response[0]):
        return reading
    return (reading[0] or response[0], *response[1:])


def _plain(letters: str) -> str:
    return letters.upper() if letters.isascii() else _HYPHENS.sub("-", letters).upper()


def _best(letters: str, *, is_response: bool = False) -> _Reading | None:
    """Return the best reading of versions and author in upper case, or None if there is none."""
    if letters in _AUTHORS:
        return None, letters, None
    first, last, behind_first, before_last = letters[:1], letters[-1:], letters[1:], letters[:-1]
    is_version_first = not is_response and first < last  # where both are possible
    if behind_first in _AUTHORS and (is_version_first or before_last not in _AUTHORS):
        return _version(first), behind_first, None
    if before_last in _AUTHORS:
        return None, before_last, _version(last)
    if letters[1:-1] in _AUTHORS:
        return _version(first), letters[1:-1], _version(last)
    if letters.endswith("*"):  # it may also stand behind the code
        return _best(letters[:-1], is_response=is_response)
    return (_version(letters), None, None) if len(letters) <= 1 else None


def _version(letter: str) -> str | None:
    return None if letter in {"", "*"} else letter.lower()


@lru_cache(maxsize=1024)
def _shown(version: str | None, author: str, response_version: str | None) -> str:
    """Return the shortest form of versions and author that is read as them."""
    before, behind = version or "", response_version or ""
    forms = (f"{before}{author}{behind}", f"{before}_{author}{behind}", f"{before}_{_canonical(author)}{behind}")
    return next(form for form in forms[version is None :] if _means(form, version, author, response_version))


def _means(tail: str, version: str | None, author: str, response_version: str | None) -> bool:
    reading = _read(tail)
    return reading is not None and (reading[0], _canonical(reading[1]), reading[2]) == (
        version,
        _canonical(author),
        response_version,
    )
