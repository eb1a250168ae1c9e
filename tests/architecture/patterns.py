"""Finds regular expressions that Python before 3.11.5 matches wrongly: atomic groups, possessive repeats of groups.

There the last, failed round of such a repeat leaves the position or groups behind (CPython issues 100061, 101955 and
106052); a possessive repeat of a single character is sound. Two nets: every text of the sources that could be such a
pattern, and what modules put together and compile when they are imported, for which this runs as a program, too.
"""

import ast
import contextlib
import importlib
import inspect
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tests.architecture.rules import OURS, PRODUCT, at, parse, show, sources

_SIGN = re.compile(r"[*+?}]\+|\(\?>")
_OPERATION = re.compile(r"^ *[0-9]+[.:] +(?:POSSESSIVE_REPEAT|ATOMIC_GROUP)\b", re.MULTILINE)
"""In the listing of a compiled pattern; the repeat of a single character is a POSSESSIVE_REPEAT_ONE."""
_FOR_PLACEHOLDERS = ("(?:ab)", "1")
"""What stands for what an f-string inserts: a part of a pattern, or a number."""
_FLAGS = (re.NOFLAG, re.VERBOSE)


@attrs.frozen
class Compiled:
    """`place` is the file and the line of the call."""

    place: str
    pattern: str
    flags: int


def is_unsound(pattern: str, flags: int = re.NOFLAG) -> bool:
    """Raises: re.error if that is no pattern."""
    with contextlib.redirect_stdout(io.StringIO()) as listing:
        re.compile(pattern, flags | re.DEBUG)
    return _OPERATION.search(listing.getvalue()) is not None


def unsound_texts(root: Path) -> Iterator[str]:
    """Tell where texts are that would be unsound patterns. What f-strings insert is taken for a group, or a number."""
    for file in _suspects(root, *OURS):
        for node in ast.walk(parse(file)):
            if isinstance(node, ast.Constant | ast.JoinedStr) and any(map(_is_unsound_pattern, _texts(node))):
                yield f"{at(root, file, node)}: {ast.unparse(node)[:100]}"


def compiled_by_product(root: Path) -> list[Compiled]:
    """Return what the product's modules compile when a new interpreter imports them."""
    command = [sys.executable, "-m", __name__, str(root)]
    listing = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=root)
    return [Compiled(**each) for each in json.loads(listing.stdout)]


def compiled_on_import(root: Path, modules: list[str]) -> list[Compiled]:
    """Import modules, which must not have been imported yet, and return what files under `root` have compiled."""
    found: list[Compiled] = []
    compile_ = re.compile

    def recording(pattern: str, flags: int = re.NOFLAG) -> re.Pattern[str]:
        here = inspect.currentframe()
        caller = inspect.getframeinfo(here.f_back, context=0) if here and here.f_back else None
        compiled = compile_(pattern, flags)
        if caller and Path(caller.filename).is_relative_to(root) and isinstance(compiled.pattern, str):
            place = f"{Path(caller.filename).relative_to(root)}:{caller.lineno}"
            found.append(Compiled(place, compiled.pattern, compiled.flags))
        return compiled

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(re, "compile", recording)
        for module in modules:
            importlib.import_module(module)
    return found


def _suspects(root: Path, *packages: str) -> Iterator[Path]:
    """Files without a sign of a possessive repeat or an atomic group have none: both take time to find."""
    return (file for file in sources(root, *packages) if _SIGN.search(file.read_text(encoding="utf-8")))


def _texts(node: ast.Constant | ast.JoinedStr) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield node.value if isinstance(node.value, str) else ""
        return
    for inserted in _FOR_PLACEHOLDERS:
        yield "".join(str(each.value) if isinstance(each, ast.Constant) else inserted for each in node.values)


def _is_unsound_pattern(text: str) -> bool:
    if not _SIGN.search(text):
        return False
    for flags in _FLAGS:
        with contextlib.suppress(re.error):
            if is_unsound(text, flags):
                return True
    return False


def main(root: Path) -> None:
    """Write what is compiled, as JSON."""
    modules = [show(root, file).removesuffix(".py").replace("/", ".") for file in _suspects(root, *PRODUCT)]
    ours = [each for each in compiled_on_import(root, modules) if each.place.startswith(PRODUCT)]
    sys.stdout.write(json.dumps(list(map(attrs.asdict, ours))))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
