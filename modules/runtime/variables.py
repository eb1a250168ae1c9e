"""One setting, described once: the same description reads it, checks it, explains its faults and writes `.env`."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from attrs import frozen

T = TypeVar("T")

ASKED_BY_ANY = "asked_by_any"
"""Metadata of an optional group that is read if any of its variables is set: what it requires must not be forgotten."""


def _anything(_value: object) -> None:
    return None


class ContradictionError(ValueError):
    """Settings that do not go together, each of which is good alone. `problems`: by variable, what is wrong.

    A group raises it from `__attrs_post_init__`. No problem repeats a value, unless it is one of a few choices.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name} {problem}" for name, problem in problems.items()))
        self.problems = dict(problems)


@frozen(kw_only=True)
class Alternative(Generic[T]):
    """A second variable that may give the same value in another form."""

    name: str
    convert: Callable[[str], T]


@frozen(kw_only=True)
class Variable(Generic[T]):
    """A variable of the environment, used as the validator of the attrs field that holds its value.

    A field without a default is required; a field with `repr=False` is a secret. `convert` and `check` raise
    `ValueError` with a reason that never repeats the value: it may be a secret pasted into the wrong place.
    """

    name: str
    meaning: str
    example: str
    convert: Callable[[str], T]
    check: Callable[[T], None] = _anything
    alternative: Alternative[T] | None = None

    def __call__(self, _instance: object, _attribute: object, value: Any) -> None:  # noqa: ANN401 - T, or None
        """Check a value given in code as one read from the environment; `None` stands for "not set"."""
        if value is None:
            return
        try:
            self.check(value)
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from None

    @property
    def assignment(self) -> str:
        """The example as a line of `.env`."""
        return f"{self.name}={self.example}"
