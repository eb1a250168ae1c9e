"""Redaction, the last net, must not spoil what is meant to be read."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from modules.runtime.redaction import redact_text

ROOT = Path(__file__).parents[2]
HEADER = "Bearer x"
"""What is sent, not said."""


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Return the texts of a program that are not documentation and not SQL, with their lines."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr():
                whole = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
            case ast.Constant(value=str() as whole) if id(node) not in documentation | parts:
                pass
            case _:
                continue
        if not whole.startswith(("UPDATE ", "INSERT ", "SELECT ")) and whole != HEADER:
            yield node.lineno, whole


@pytest.mark.parametrize("package", ["domain", "ports", "application", "adapters", "modules"])
def test_redaction_leaves_every_message_of_ours_as_it_is(package: str) -> None:
    """`ENCRYPTION_KEY: put it back` would become `ENCRYPTION_KEY: *** it back`, as if `put` were the key."""
    spoilt = [
        f"{path.relative_to(ROOT)}:{line}: {redact_text(text)}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for line, text in texts(ast.parse(path.read_text(encoding="utf-8")))
        if redact_text(text) != text
    ]
    assert spoilt == []
