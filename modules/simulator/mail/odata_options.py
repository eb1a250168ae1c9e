"""The query options of a request for messages, apart from what `$filter` and `$search` say.

A name begins with `$`, in any case; what does not is no option of OData and is left to others.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from modules.simulator.graph_error import GraphError
from modules.simulator.mail.mailbox import Message
from modules.simulator.mail.odata_properties import Property, Value, to_sort

KNOWN: Final = frozenset(
    ("$count", "$expand", "$filter", "$format", "$orderby", "$search", "$select", "$skip", "$skiptoken", "$top")
)
LARGEST_TOP: Final = 1000

_NUMBER: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_BROKER: Final = "RequestBroker--ParseUri"


@attrs.frozen
class Order:
    """One property to sort by."""

    of: Property
    descending: bool = False

    @property
    def path(self) -> str:
        return self.of.path

    def key(self, message: Message) -> tuple[bool, Value]:
        """Nothing comes before everything."""
        value = self.of.read(message)
        return value is not None, value


@attrs.frozen
class Expanded:
    """A relationship that comes along; `options` are those in its parentheses, by their names in lower case."""

    name: str
    options: Mapping[str, str] = attrs.field(factory=dict)


def read_options(query: Iterable[tuple[str, str]], known: frozenset[str] = KNOWN) -> dict[str, str]:
    """Return the options of a query by their names in lower case.

    Raises: GraphError 400 for an option that comes twice, and for one that is not known.
    """
    found: dict[str, str] = {}
    for name, value in query:
        key = name.strip().lower()
        if not key.startswith("$"):
            continue
        if key not in known:
            raise GraphError(400, _BROKER, f"The query parameter '{name}' is not supported.")
        if key in found:
            message = f"Query option '{name}' was specified more than once, but it must be specified at most once."
            raise GraphError(400, "BadRequest", message)
        found[key] = value
    return found


def parse_number(name: str, text: str, lowest: int = 0, highest: int = 999_999_999) -> int:
    """Return the number of an option such as `$top`. Raises: GraphError 400 if it is none, or out of the bounds."""
    if not _NUMBER.fullmatch(text.strip()):
        message = f"Invalid value '{text}' for {name} query option found. The {name} query option requires a "
        raise GraphError(400, "BadRequest", f"{message}non-negative integer value.")
    number = int(text)
    if not lowest <= number <= highest:
        message = f"The value '{number}' of {name} is not in the range from {lowest} to {highest}."
        raise GraphError(400, "ErrorInvalidUrlQuery", message)
    return number


def parse_truth(name: str, text: str) -> bool:
    """Return whether an option such as `$count` is on. Raises: GraphError 400."""
    if text.strip().lower() not in {"true", "false"}:
        raise GraphError(400, "BadRequest", f"Invalid value '{text}' for {name} query option found.")
    return text.strip().lower() == "true"


def parse_order_by(text: str) -> tuple[Order, ...]:
    """Return what `$orderby` says: `path [asc|desc]`, separated by commas. Raises: GraphError 400."""
    return tuple(_order(each.split(), text) for each in text.split(","))


def _order(words: list[str], text: str) -> Order:
    match words:
        case [path]:
            return Order(to_sort(path))
        case [path, direction] if direction.lower() in {"asc", "desc"}:
            return Order(to_sort(path), descending=direction.lower() == "desc")
    raise GraphError(400, "BadRequest", f"Invalid orderby clause: Syntax error in '{text}'.")


def sort(messages: Iterable[Message], orders: tuple[Order, ...]) -> list[Message]:
    """Return the messages in this order; equal ones stay as they were."""
    found = list(messages)
    for each in reversed(orders):
        found.sort(key=each.key, reverse=each.descending)
    return found


def parse_select(text: str, names: Iterable[str], type_name: str = "microsoft.graph.message") -> tuple[str, ...]:
    """Return what `$select` names, once each, as `names` spell it; names in any case, separated by commas.

    Raises: GraphError 400 for a property that is not one of the names.
    """
    spelt = {each.lower(): each for each in names}
    found = [each.strip() for each in text.split(",")]
    for each in found:
        if each.lower() not in spelt:
            message = f"Could not find a property named '{each}' on type '{type_name}'."
            raise GraphError(400, "BadRequest", f"Parsing OData Select and Expand failed: {message}")
    return tuple(dict.fromkeys(spelt[each.lower()] for each in found))


def parse_expand(text: str, names: Iterable[str], type_name: str = "microsoft.graph.message") -> tuple[Expanded, ...]:
    """Return what `$expand` names: `name` or `name($select=a,b;$top=3)`, separated by commas.

    Raises: GraphError 400 for what is not one of the names, for parentheses that do not match, and for an option that
    comes twice or is not known.
    """
    spelt = {each.lower(): each for each in names}
    return tuple(_expanded(each.strip(), spelt, type_name) for each in _parts(text, ","))


def _expanded(text: str, spelt: Mapping[str, str], type_name: str) -> Expanded:
    name, opening, rest = text.partition("(")
    if name.strip().lower() not in spelt:
        message = f"Could not find a property named '{name.strip()}' on type '{type_name}'."
        raise GraphError(400, "BadRequest", f"Parsing OData Select and Expand failed: {message}")
    if opening and not rest.endswith(")"):
        raise _unmatched(text)
    pairs = (each.partition("=")[::2] for each in _parts(rest[:-1], ";")) if opening else ()
    options = read_options(((key, value.strip()) for key, value in pairs))
    return Expanded(spelt[name.strip().lower()], options)


def _parts(text: str, separator: str) -> list[str]:
    """What is between separators that are in no parentheses."""
    parts, depth, start = [], 0, 0
    for at, each in enumerate(text):
        depth += {"(": 1, ")": -1}.get(each, 0)
        if depth < 0:
            break
        if each == separator and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    if depth:
        raise _unmatched(text)
    return [*parts, text[start:]]


def _unmatched(text: str) -> GraphError:
    message = f"Parsing OData Select and Expand failed: Term '{text}' is not valid in a $select or $expand expression."
    return GraphError(400, "BadRequest", message)
