"""`$filter` of messages, as OData 4.0 writes it and as far as Exchange evaluates it.

Comparisons `property operator literal`, contains(), startswith(), endswith(), categories/any(c:c eq 'x'), and, or, not
and parentheses. Operators and functions are in lower case, properties in any. Text is compared without regard to case.
What OData allows but Exchange does not evaluate is refused as Graph refuses it, and never answered with a guess.
"""

import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import attrs

from modules.simulator.graph_error import GraphError
from modules.simulator.mail.mailbox import Message
from modules.simulator.mail.odata_properties import FLAGS, RANKS, Kind, Property, Value, to_filter

DEEPEST: Final = 50
"""How many parentheses and `not` may be inside each other."""

_Predicate = Callable[[Message], bool]
_TOKEN: Final = re.compile(
    r"""(?P<moment>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:Z|[+-]\d\d:\d\d))?)(?![\w:.+-])
    | (?P<number>-?\d+(?:\.\d+)?)(?![\w:.-])
    | (?P<text>'[^']*+(?:''[^']*+)*'(?!'))
    | (?P<name>[A-Za-z_][A-Za-z0-9_.]*+)
    | (?P<mark>[(),:/])
    | (?P<end>\Z)""",
    re.VERBOSE | re.ASCII,
)
_SPACE: Final = re.compile(r"\s*+")
_COMPARISONS: Final[dict[str, Callable[[Value, Value], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": lambda value, other: _ordered(operator.gt, value, other),
    "ge": lambda value, other: _ordered(operator.ge, value, other),
    "lt": lambda value, other: _ordered(operator.lt, value, other),
    "le": lambda value, other: _ordered(operator.le, value, other),
}
_KINDS: Final = {
    "eq": "Equal",
    "ne": "NotEqual",
    "gt": "GreaterThan",
    "ge": "GreaterThanOrEqual",
    "lt": "LessThan",
    "le": "LessThanOrEqual",
}
_FUNCTIONS: Final[dict[str, Callable[[str, str], bool]]] = {
    "contains": operator.contains,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_NOT_EVALUATED: Final = (
    "ceiling concat date day floor hour indexof length minute month now round second substring time tolower toupper "
    "trim year"
)
_LITERAL_TYPES: Final = {"moment": "Edm.DateTimeOffset", "number": "Edm.Double", "text": "Edm.String"}
_WORDS: Final = {"true": True, "false": False, "null": None}


@attrs.frozen(kw_only=True)
class Filter:
    """A parsed `$filter`; paths of properties and names of functions (`any` too) in order of first occurrence."""

    text: str = attrs.field(repr=False)
    properties: tuple[str, ...]
    functions: tuple[str, ...]
    _predicate: _Predicate = attrs.field(repr=False, eq=False)

    def matches(self, message: Message) -> bool:
        return self._predicate(message)


@attrs.frozen
class _Token:
    kind: str
    text: str
    at: int


@attrs.frozen
class _Literal:
    """A value, with the name of its type in OData; null is of any type."""

    type_name: str
    value: Value


def parse_filter(text: str) -> Filter:
    """Return what a `$filter` says.

    Raises: GraphError 400 BadRequest for what is not OData, of unknown properties or of wrong types; 400
    ErrorInvalidProperty or ErrorInvalidUrlQueryFilter for what Exchange does not evaluate.
    """
    parser = _Parser(text, _tokens(text))
    predicate = parser.expression(0)
    parser.need("end")
    return Filter(
        text=text,
        properties=tuple(dict.fromkeys(parser.properties)),
        functions=tuple(dict.fromkeys(parser.functions)),
        predicate=predicate,
    )


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = _past_space(text, 0)
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _syntax_error(text, at)
        found.append(_Token(match.lastgroup, match.group(), at))
        at = _past_space(text, match.end())
    return found


def _past_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


@attrs.define
class _Parser:
    """Reads tokens from left to right, by recursive descent."""

    text: str
    tokens: Sequence[_Token]
    at: int = 0
    properties: list[str] = attrs.field(factory=list)
    functions: list[str] = attrs.field(factory=list)

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def is_next(self, kind: str, *texts: str, ahead: int = 0) -> bool:
        token = self.tokens[min(self.at + ahead, len(self.tokens) - 1)]
        return token.kind == kind and (not texts or token.text in texts)

    def took(self, kind: str, *texts: str) -> bool:
        if found := self.is_next(kind, *texts):
            self.at = min(self.at + 1, len(self.tokens) - 1)
        return found

    def need(self, kind: str, *texts: str) -> str:
        token = self.next
        if not self.took(kind, *texts):
            raise _syntax_error(self.text, token.at)
        return token.text

    def expression(self, depth: int) -> _Predicate:
        parts = [self._conjunction(depth)]
        while self.took("name", "or"):
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else lambda message: any(each(message) for each in parts)

    def _conjunction(self, depth: int) -> _Predicate:
        parts = [self._term(depth)]
        while self.took("name", "and"):
            parts.append(self._term(depth))
        return parts[0] if len(parts) == 1 else lambda message: all(each(message) for each in parts)

    def _term(self, depth: int) -> _Predicate:
        if depth > DEEPEST:
            raise _bad("Recursion depth exceeded allowed limit.")
        if self.took("name", "not"):
            inner = self._term(depth + 1)
            return lambda message: not inner(message)
        if self.took("mark", "("):
            inner = self.expression(depth + 1)
            self.need("mark", ")")
            return inner
        if self.next.kind in _LITERAL_TYPES or self.is_next("name", *_WORDS):
            self._literal()
            raise _not_evaluated()
        name = self.need("name")
        return self._function(name) if self.is_next("mark", "(") else self._of_property(name)

    def _function(self, name: str) -> _Predicate:
        if name in _NOT_EVALUATED.split():
            raise _not_evaluated()
        if name not in _FUNCTIONS:
            raise _bad(f"An unknown function with name '{name}' was found.")
        self.functions.append(name)
        self.need("mark", "(")
        known = self._property(self.need("name"))
        self.need("mark", ",")
        literal = self._literal()
        self.need("mark", ")")
        if known.kind is not Kind.TEXT or not isinstance(literal.value, str) or literal.type_name != "Edm.String":
            raise _bad(f"No function signature for the function with name '{name}' matches the specified arguments.")
        if known.exact:
            raise _not_evaluated()
        return _found_in(known, _FUNCTIONS[name], literal.value.casefold())

    def _of_property(self, name: str) -> _Predicate:
        known = self._property(name)
        if known.kind is Kind.TEXTS and self.took("mark", "/"):
            return self._any_category()
        sign = self.next.text
        if sign in _COMPARISONS and self.took("name"):
            return self._comparison(known, sign)
        if known.kind is not Kind.BOOLEAN:
            raise _syntax_error(self.text, self.next.at)
        return lambda message: known.read(message) is True

    def _property(self, name: str) -> Property:
        path = [name]
        while self.is_next("mark", "/") and not self.is_next("name", "any", "all", ahead=1):
            self.need("mark", "/")
            path.append(self.need("name"))
        known = to_filter("/".join(path))
        self.properties.append(known.path)
        return known

    def _any_category(self) -> _Predicate:
        """What follows `categories/`: any(c:c eq 'x'), with any name for c, and nothing else."""
        if self.need("name") != "any":
            raise _not_evaluated()
        self.functions.append("any")
        self.need("mark", "(")
        variable = self.need("name")
        self.need("mark", ":")
        self.need("name", variable)
        if self.need("name") != "eq":
            raise _not_evaluated()
        wanted = _unquoted(self.need("text")).casefold()
        self.need("mark", ")")
        return lambda message: any(each.casefold() == wanted for each in message.categories)

    def _comparison(self, known: Property, sign: str) -> _Predicate:
        literal = self._literal()
        compare, read, value = _COMPARISONS[sign], known.read, _converted(known, sign, literal)
        return lambda message: compare(read(message), value)

    def _literal(self) -> _Literal:
        token = self.next
        self.at = min(self.at + 1, len(self.tokens) - 1)
        if token.kind == "text":
            return _Literal("Edm.String", _unquoted(token.text))
        if token.kind == "moment":
            return _Literal("Edm.DateTimeOffset", self._moment(token))
        if token.kind == "number":
            return _Literal("Edm.Double", None)
        if token.kind == "name" and token.text in _WORDS:
            value = _WORDS[token.text]
            return _Literal("null" if value is None else "Edm.Boolean", value)
        raise _syntax_error(self.text, token.at)

    def _moment(self, token: _Token) -> datetime:
        """The time; a date alone is its first moment in UTC."""
        try:
            found = datetime.fromisoformat(token.text)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            raise _syntax_error(self.text, token.at) from None


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _converted(known: Property, sign: str, literal: _Literal) -> Value:
    """The literal as the property's values are. Raises: GraphError 400 if it is not of the property's type."""
    enumeration = {Kind.IMPORTANCE: RANKS, Kind.FLAG: FLAGS}.get(known.kind)
    if known.kind is not Kind.TEXTS:
        if literal.type_name == "null":
            return None
        if enumeration is not None and isinstance(literal.value, str):
            if literal.value.lower() not in enumeration:
                raise _bad(f"The string '{literal.value}' is not a valid enumeration type constant.")
            return enumeration[literal.value.lower()]
        if literal.type_name == known.kind.value:
            return literal.value.casefold() if isinstance(literal.value, str) and not known.exact else literal.value
    raise _bad(
        "A binary operator with incompatible types was detected. Found operand types "
        f"'{known.kind.value}' and '{literal.type_name}' for operator kind '{_KINDS[sign]}'."
    )


def _ordered(compare: Callable[..., bool], value: Value, other: Value) -> bool:
    """Nothing is before or after null."""
    return value is not None and other is not None and compare(value, other)


def _found_in(known: Property, found: Callable[[str, str], bool], part: str) -> _Predicate:
    def predicate(message: Message) -> bool:
        text = known.read(message)
        return isinstance(text, str) and found(text, part)

    return predicate


def _syntax_error(text: str, at: int) -> GraphError:
    return _bad(f"Syntax error at position {at} in '{text}'.")


def _bad(message: str) -> GraphError:
    return GraphError(400, "BadRequest", f"Invalid filter clause: {message}")


def _not_evaluated() -> GraphError:
    return GraphError(400, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes.")
