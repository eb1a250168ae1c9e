"""Text that is no Unicode: halves of surrogate pairs, which JSON can write and nothing else can store or send."""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import attrs

T = TypeVar("T")

REPLACEMENT: Final = "\ufffd"
_HALF: Final = re.compile(r"[\ud800-\udfff]")


def as_unicode(value: T) -> T:
    """Return the value with `REPLACEMENT` for each half of a surrogate pair in a text of it, however deep.

    Looked into are attrs values, tuples, lists and mappings.
    """
    replaced: T = _as_unicode(value)
    return replaced


def _as_unicode(value: Any) -> Any:  # noqa: ANN401 - any value that holds texts
    if isinstance(value, str):
        return value if value.isascii() else _HALF.sub(REPLACEMENT, value)
    if isinstance(value, Mapping):
        return {_as_unicode(key): _as_unicode(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(map(_as_unicode, value))
    if attrs.has(type(value)):
        parts = {field.name: getattr(value, field.name) for field in attrs.fields(type(value)) if field.init}
        replaced = {name: _as_unicode(part) for name, part in parts.items()}
        changed = {name: part for name, part in replaced.items() if part is not parts[name] and part != parts[name]}
        return attrs.evolve(value, **changed) if changed else value
    return value
