r"""`$search` of messages: KQL in double quotes, in which `\"` is a quote and `\\` a backslash.

    $search="\"hull survey\" from:kim received>=2024-01-31 NOT draft*"

Words and "phrases" are sought in subject, sender and body; `name:value` in one property. AND, which may be left out, OR
and NOT are in capitals; `-` before a term is NOT; AND binds stronger than OR. Terms of the same property with nothing
between them are alternatives, as KQL has it: `from:kim from:lee` is either, and so is `received>=a received<b`, which
therefore needs its AND. Source: Keyword Query Language (KQL) syntax reference, "Property restriction keyword queries".
"""

import re
from collections.abc import Sequence
from typing import Final

import attrs

from modules.simulator.graph_error import GraphError
from modules.simulator.mail.kql_properties import Predicate, Restriction, canonical, predicate
from modules.simulator.mail.mailbox import Message
from modules.simulator.mail.phrases import Phrase, parse_phrase

DEEPEST: Final = 50
"""How many parentheses and NOTs may be inside each other."""

_QUOTED: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_BARE: Final = re.compile(r"[\w\s]*")
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
    | (?P<mark>[()])
    | (?P<sign>[-+])(?=[^\s)])
    | (?P<name>[A-Za-z]+)(?P<operator><>|<=|>=|[:=<>])(?:"(?P<quoted>[^"]*)"\*?|(?P<value>[^\s()"]+))
    | "(?P<phrase>[^"]*"\*?)
    | (?P<word>[^\s()"]+)""",
    re.VERBOSE,
)
_LONELY: Final = re.compile(r"[A-Za-z]+(?:[:=<>]|<>|<=|>=)")
_NOT_SIMULATED: Final = frozenset({"NEAR", "ONEAR", "XRANK"})


@attrs.frozen(kw_only=True)
class Query:
    """A parsed `$search`."""

    text: str = attrs.field(repr=False)
    _predicate: Predicate = attrs.field(repr=False, eq=False)

    def matches(self, message: Message) -> bool:
        return self._predicate(message)


@attrs.frozen
class _Token:
    """`kind` is mark, operator, word, phrase or property; `restriction` is what a property is to be."""

    kind: str
    text: str
    restriction: Restriction | None = None


@attrs.frozen
class _Term:
    """A condition; None for a word without letters, which says nothing. `name` if it is of one property."""

    holds: Predicate | None
    name: str | None = None


def parse_kql(text: str) -> Query:
    """Return what a `$search` says. Raises: GraphError 400 BadRequest for what is not KQL, or not about mail."""
    query = _unwrapped(text)
    parser = _Parser(query, _tokens(query))
    found = parser.expression(0)
    if not parser.is_at_end or found.holds is None:
        raise parser.error()
    return Query(text=text, predicate=found.holds)


def _unwrapped(text: str) -> str:
    """What is in the double quotes; without them only words may come."""
    stripped = text.strip()
    match = (_QUOTED if stripped.startswith('"') else _BARE).match(stripped)
    end = match.end() if match else 0
    if end < len(stripped):
        message = f"Syntax error: character '{stripped[end]}' is not valid at position {end} in '{stripped}'."
        raise GraphError(400, "BadRequest", message)
    return _ESCAPED.sub(r"\1", stripped[1:-1]) if stripped.startswith('"') else stripped


def _tokens(query: str) -> list[_Token]:
    found, at = [], 0
    while at < len(query):
        match = _TOKEN.match(query, at)
        if match is None or (match["word"] and _LONELY.match(query, at)):
            raise GraphError(400, "BadRequest", f"Syntax error at position {at} in '{query}'.")
        if match["space"] is None:
            found.append(_token(match))
        at = match.end()
    return found


def _token(match: re.Match[str]) -> _Token:
    if match["name"]:
        return _property(match)
    if match["phrase"] is not None:
        return _Token("phrase", match["phrase"].replace('"', ""))
    if match["word"] in {"AND", "OR", "NOT"}:
        return _Token("operator", match["word"])
    if match["word"] in _NOT_SIMULATED:
        raise GraphError(400, "BadRequest", f"The operator '{match['word']}' is not supported.")
    return _Token("word", match["word"]) if match["word"] else _Token("mark", match["mark"] or match["sign"])


def _property(match: re.Match[str]) -> _Token:
    quoted = match["quoted"]
    value = match["value"] if quoted is None else quoted + ("*" if match.group().endswith("*") else "")
    name = canonical(match["name"])
    return _Token("property", name, Restriction(name=name, sign=match["operator"], value=value))


@attrs.define
class _Parser:
    """Reads tokens from left to right, by recursive descent."""

    query: str
    tokens: Sequence[_Token]
    at: int = 0

    @property
    def is_at_end(self) -> bool:
        return self.at == len(self.tokens)

    def error(self) -> GraphError:
        where = "at its end" if self.is_at_end else f"at '{self.tokens[self.at].text}'"
        return GraphError(400, "BadRequest", f"Syntax error {where} in '{self.query}'.")

    def _took(self, kind: str, *texts: str) -> bool:
        found = not self.is_at_end and self.tokens[self.at].kind == kind and self.tokens[self.at].text in texts
        self.at += found
        return found

    def expression(self, depth: int) -> _Term:
        parts = [self._conjunction(depth)]
        while self._took("operator", "OR"):
            parts.append(self._conjunction(depth))
        return _any(parts)

    def _conjunction(self, depth: int) -> _Term:
        parts = [self._run(depth)]
        while self._took("operator", "AND"):
            parts.append(self._run(depth))
        return _all(parts)

    def _run(self, depth: int) -> _Term:
        """Terms with nothing between them: alternatives if they are of the same property, else all are meant."""
        parts = [self._term(depth)]
        while not self._is_run_over():
            parts.append(self._term(depth))
        names = dict.fromkeys(each.name for each in parts if each.name)
        alternatives = [_any([each for each in parts if each.name == name]) for name in names]
        return _all([*alternatives, *(each for each in parts if not each.name)])

    def _is_run_over(self) -> bool:
        return self.is_at_end or (self.tokens[self.at].kind, self.tokens[self.at].text) in {
            ("operator", "AND"),
            ("operator", "OR"),
            ("mark", ")"),
        }

    def _term(self, depth: int) -> _Term:
        if depth > DEEPEST or self._is_run_over():
            raise self.error()
        if self._took("mark", "("):
            inner = self.expression(depth + 1)
            if not self._took("mark", ")"):
                raise self.error()
            return _Term(inner.holds)
        if self._took("operator", "NOT") or self._took("mark", "-"):
            return _not(self._term(depth + 1))
        if self._took("mark", "+"):
            return self._term(depth + 1)
        token = self.tokens[self.at]
        self.at += 1
        if token.restriction:
            return _Term(predicate(token.restriction), token.restriction.name)
        phrase = parse_phrase(token.text)
        return _Term(None if phrase is None else _anywhere(phrase))


def _anywhere(phrase: Phrase) -> Predicate:
    def holds(message: Message) -> bool:
        sender = message.draft.sender
        texts = (message.subject,) if sender is None else (message.subject, sender.name, sender.address)
        return phrase.is_in_any(texts) or phrase.is_in_body(message.draft)

    return holds


def _any(parts: Sequence[_Term]) -> _Term:
    conditions = [each.holds for each in parts if each.holds]
    if len(parts) == 1 or not conditions:
        return parts[0]
    return _Term(lambda message: any(each(message) for each in conditions))


def _all(parts: Sequence[_Term]) -> _Term:
    conditions = [each.holds for each in parts if each.holds]
    if len(parts) == 1 or not conditions:
        return parts[0]
    return _Term(lambda message: all(each(message) for each in conditions))


def _not(term: _Term) -> _Term:
    holds = term.holds
    return _Term(None if holds is None else lambda message: not holds(message))
