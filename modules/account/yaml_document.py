"""One YAML document as plain data, with the line of everything in it, and with every fault of its form.

Only what an enrolment file needs is accepted: mappings, lists and texts; no aliases, no tags of its own, no second
document. Nothing is constructed from the file but those.
"""

import re
from collections.abc import Mapping

import attrs
import yaml

_MAX_DEPTH = 8
_NULL, _TEXT = "tag:yaml.org,2002:null", "tag:yaml.org,2002:str"
_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "int", "float", "bool", "timestamp", "value"))
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_LONGEST_QUOTE = 3
_FAMILIAR = re.compile(r"[a-z_]{1,30}")

Path = tuple[str | int, ...]
"""The keys and the positions (from 0) that lead to something in a document."""


@attrs.frozen(order=True)
class Fault:
    """One thing that is wrong, and its line, from 1. No value is quoted: it may be a secret."""

    line: int
    problem: str


@attrs.frozen
class NotText:
    """Stands for a number, a date or a yes or no, where no kind of text is meant."""


@attrs.frozen
class Document:
    """Mappings, lists, texts, None and `NotText`; `faults` are those of the form."""

    data: object
    lines: Mapping[Path, int]
    faults: tuple[Fault, ...]

    def line(self, path: Path) -> int:
        """Return where this stands, or else what is around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    @property
    def broken_lines(self) -> frozenset[int]:
        """Return the lines of faults."""
        return frozenset(fault.line for fault in self.faults)


def read_document(raw: bytes) -> Document:
    """Read the bytes of a file; never fails."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _faulty(raw.count(b"\n", 0, error.start) + 1, "is not UTF-8 text")
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        return _faulty(text.count("\n", 0, error.position) + 1, "holds a character that YAML does not allow")
    return _compose(loader)


def _compose(loader: "_Loader") -> Document:
    try:
        loader.get_event()  # type: ignore[no-untyped-call]
        node = None if loader.check_event(yaml.StreamEndEvent) else loader.compose_document()
        if not loader.check_event(yaml.StreamEndEvent):
            line = loader.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
            loader.faults.append(Fault(line, "begins a second document: one file is one account"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        found = Fault(mark.line + 1 if mark else 1, f"is not YAML here ({_harmless(error.problem)})")
        return Document(None, {}, (*loader.faults, found))
    except (yaml.YAMLError, ValueError, OverflowError):
        return Document(None, {}, (*loader.faults, Fault(loader.line + 1, "is not YAML here")))
    if node is None:
        return Document(None, {}, (*loader.faults, Fault(1, "is empty")))
    reader = _Reader(faults=loader.faults)
    data = reader.plain(node, ())
    return Document(data, reader.lines, tuple(loader.faults))


def _faulty(line: int, problem: str) -> Document:
    return Document(None, {}, (Fault(line, problem),))


def _harmless(problem: str | None) -> str:
    """Return the parser's words unless they quote more of the file than a sign."""
    text = problem or "it cannot be read"
    quotes = (first or second for first, second in _QUOTED.findall(text))
    quiet = all(len(quote) <= _LONGEST_QUOTE or re.fullmatch(r"<[a-z ]+>", quote) for quote in quotes)
    return text if quiet else "it cannot be read"


class _Loader(yaml.SafeLoader):
    """Builds nodes without following aliases, which could make much of little, and not deeper than a file goes."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.faults: list[Fault] = []
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Put nothing in an alias's place."""
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()  # type: ignore[no-untyped-call]
            self.faults.append(Fault(event.start_mark.line + 1, "holds an alias (*), which is not accepted"))
            return yaml.ScalarNode(_NULL, "", event.start_mark, event.end_mark)
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="too deeply nested", problem_mark=mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


@attrs.define(kw_only=True)
class _Reader:
    """Turns nodes into data."""

    faults: list[Fault]
    lines: dict[Path, int] = attrs.field(factory=lambda: {(): 1})

    def plain(self, node: yaml.Node, path: Path) -> object:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if node.tag not in _TAGS | {_NULL, _TEXT}:
            self.faults.append(Fault(node.start_mark.line + 1, "has a tag (!), which is not accepted"))
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*path, position)) for position, item in enumerate(node.value)]
        if node.tag == _NULL:
            return None
        return str(node.value) if node.tag == _TEXT else NotText()

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self.faults.append(Fault(line, "has a mapping or a list for a key"))
            elif key.value in found:
                self.faults.append(Fault(line, f"gives {shown_key(key.value)} a second time"))
            else:
                self.lines[(*path, key.value)] = line
                found[key.value] = self.plain(value, (*path, key.value))
        return found


def shown_key(key: str) -> str:
    """Return the key if it looks like one; a secret may stand in a key's place."""
    return key if _FAMILIAR.fullmatch(key) else "a key"
