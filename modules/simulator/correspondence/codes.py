"""Agenda codes: their parts, and the many ways in which people write them."""

from typing import Final, Literal

import attrs

from modules.simulator.correspondence.dice import Dice
from modules.simulator.correspondence.societies import AUTHORS


@attrs.frozen(kw_only=True)
class Code:
    """A code. Versions are in lower case, or empty; `author` is in upper case, in the letters that were chosen."""

    panel: str
    year: str
    number: str
    version: str = ""
    author: str = ""
    response_version: str = ""

    @property
    def root(self) -> str:
        """The agenda whatever its version: `PL25007`."""
        return f"{self.panel}{self.year}{self.number}"

    @property
    def agenda(self) -> str:
        """The agenda with its version: `PL25007b`."""
        return f"{self.root}{self.version}"

    @property
    def display(self) -> str:
        """The form that is shown: `PL25007b`, `PL25015_KRa`, `PL25007bKRa`; `PL25007d_NVa`, as `dNVa` is DNV a."""
        if not self.author:
            return self.agenda
        sign = "" if self.version and not _is_another(self) else "_"
        return f"{self.agenda}{sign}{self.author}{self.response_version}"

    def by(self, author: str, version: str = "") -> "Code":
        """Return the code of the author's mail about this agenda."""
        return attrs.evolve(self, author=author, response_version=version)


_Case = Literal["mixed", "lower", "upper"]
_CASES: Final[tuple[tuple[float, _Case], ...]] = ((0.8, "mixed"), (0.12, "lower"), (0.08, "upper"))


def spell(code: Code, dice: Dice) -> str:
    """Return the code as somebody may write it: read by the rules of the codes, it means this one and no other."""
    form = _authored(code, dice) if code.author else _alone(code, dice)
    if len(code.panel) == len("PL") and dice.falls(0.04):  # careless, and seen with short panels only
        form = f"{code.panel} {form.removeprefix(code.panel)}"
    case = dice.weighted(_CASES)
    return form if case == "mixed" else form.lower() if case == "lower" else form.upper()


def _alone(code: Code, dice: Dice) -> str:
    return f"{code.root}*" if not code.version and dice.falls(0.04) else code.agenda


def _authored(code: Code, dice: Dice) -> str:
    author, version = code.author, code.response_version or dice.weighted(((0.7, ""), (0.3, "*")))
    if not code.version:
        plain = (
            (0.55, f"{code.root}_{author}{version}"),
            (0.30, f"{code.root}{author}{version}"),
            (0.08, f"{code.root}-{author}{version}"),
            (0.07, f"{code.root}*_{author}{version}"),
        )
        return dice.weighted(plain)
    if is_ambiguous(code):
        return f"{code.agenda}_{author}{version}"
    versioned = (
        (0.45, f"{code.agenda}{author}{version}"),
        (0.35, f"{code.agenda}_{author}{version}"),
        (0.20, f"{code.root}_{code.version}{author}{version}"),
    )
    return dice.weighted(versioned)


def is_ambiguous(code: Code) -> bool:
    """Whether version and author, written together, could be another author: `dNVa` is DNV, `aBV` may be AB v."""
    return not code.response_version or f"{code.version}{code.author}".upper() in AUTHORS


def _is_another(code: Code) -> bool:
    """Whether version and author, written together, are another author: `dNV` is DNV, `cCC` is CC c."""
    letters = f"{code.version}{code.author}".upper()
    if code.response_version:
        return letters in AUTHORS
    return letters in AUTHORS or (letters[:-1] in AUTHORS and letters[-1] <= letters[0])
