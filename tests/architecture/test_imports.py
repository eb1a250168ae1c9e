"""The import rules of pyproject.toml hold, and each catches a breach planted in a small tree of the same shape."""

import sys
from pathlib import Path

import pytest
from importlinter import configuration
from importlinter.application import use_cases

from tests.architecture.libraries import covers

ROOT = Path(__file__).parents[2]
PYPROJECT = ROOT / "pyproject.toml"

INWARDS = "Dependencies point inwards"
NO_MACHINE = "The core has no clock, chance, log or machine"
NO_LOOP = "Rules and ports do not depend on an event loop"
STRANGERS = "Adapters do not know each other; those that speak HTTP share how"
ROOTS_ONLY = "Only composition roots know adapters"
LEVELS = "Modules have three levels and do not know their neighbours"
SIMULATOR = "The simulator does not share our mistakes"
NO_CYCLES = "No cycles"
LIBRARIES = "Each library only where this table allows it"

PACKAGES = ("domain", "ports", "application", "adapters", "modules", "tests")

# What the rules allow: the tree without a breach.
CLEAN = {
    "domain/token.py": "import datetime\nfrom attrs import frozen",
    "ports/clock.py": "from domain import token",
    "application/tokens.py": "import asyncio\nfrom ports import clock\nfrom domain import token",
    "adapters/sqlite/database.py": "import sqlite3\nimport aiosqlite\nimport cattrs\nfrom ports import clock",
    "adapters/fernet/cipher.py": "from cryptography import fernet",
    "adapters/memory/clock.py": "from ports import clock",
    "modules/auth/compose.py": "from adapters.sqlite import database\nfrom application import tokens",
    "modules/auth/settings.py": "import environs\nfrom modules.runtime import log",
    "modules/auth/schema.py": "import cattrs",
    "modules/auth/http.py": "import aiohttp",
    "modules/auth/cli.py": "import click\nimport rich\nfrom modules.auth import compose",
    "modules/account/cli.py": "from domain import token",
    "modules/simulator/http.py": "import aiohttp",
    "modules/iacsgraph/cli.py": "def main():\n    from modules.auth import cli",
    "modules/runtime/log.py": "import logging\nimport pythonjsonlogger\nimport concurrent_log_handler\nimport dotenv",
    "tests/test_tokens.py": "import pytest\nimport hypothesis\nimport aiosqlite\nfrom adapters.memory import clock",
}

# A breach: the rule, the file, and the line that is put into it.
BREACHES = [
    (INWARDS, "domain/token.py", "from ports import clock"),
    (INWARDS, "ports/clock.py", "from application import tokens"),
    (INWARDS, "application/tokens.py", "from adapters.memory import clock"),
    (INWARDS, "adapters/memory/clock.py", "from application import tokens"),
    (INWARDS, "adapters/memory/clock.py", "from modules.runtime import log"),
    (INWARDS, "application/tokens.py", "def late():\n    from modules.runtime import log"),
    (INWARDS, "domain/token.py", "import typing\nif typing.TYPE_CHECKING:\n    from application import tokens"),
    *((INWARDS, f"{package}/late.py", "from tests import test_tokens") for package in PACKAGES[:-1]),
    (NO_MACHINE, "domain/token.py", "import time"),
    (NO_MACHINE, "domain/token.py", "import random"),
    (NO_MACHINE, "domain/token.py", "from uuid import uuid4"),
    (NO_MACHINE, "ports/clock.py", "import os.path"),
    (NO_MACHINE, "application/tokens.py", "import logging"),
    (NO_MACHINE, "application/tokens.py", "import sqlite3"),
    (NO_MACHINE, "application/tokens.py", "def late():\n    import secrets"),
    (NO_LOOP, "domain/token.py", "import asyncio"),
    (NO_LOOP, "ports/clock.py", "from asyncio import Task"),
    (STRANGERS, "adapters/memory/clock.py", "from adapters.sqlite import database"),
    (STRANGERS, "adapters/http_client/transport.py", "from adapters.memory import clock"),
    (ROOTS_ONLY, "modules/auth/cli.py", "from adapters.sqlite import database"),
    (ROOTS_ONLY, "modules/iacsgraph/cli.py", "def late():\n    import adapters.sqlite.database"),
    (ROOTS_ONLY, "modules/runtime/log.py", "from adapters.memory import clock"),
    (LEVELS, "modules/auth/cli.py", "from modules.account import cli"),
    (LEVELS, "modules/auth/cli.py", "from modules.iacsgraph import cli"),
    (LEVELS, "modules/runtime/log.py", "from modules.auth import settings"),
    (LEVELS, "modules/surprise/cli.py", "import json"),
    (SIMULATOR, "modules/simulator/http.py", "from domain import token"),
    (SIMULATOR, "modules/simulator/http.py", "from ports import clock"),
    (SIMULATOR, "modules/simulator/http.py", "from application import tokens"),
    (SIMULATOR, "modules/simulator/compose.py", "from adapters.memory import clock"),
    (NO_CYCLES, "modules/auth/compose.py", "from modules.auth import cli"),
    (LIBRARIES, "application/tokens.py", "import aiosqlite"),
    (LIBRARIES, "domain/token.py", "import cattrs"),
    (LIBRARIES, "adapters/memory/clock.py", "import sqlite3"),
    (LIBRARIES, "adapters/sqlite/database.py", "from cryptography.fernet import Fernet"),
    (LIBRARIES, "modules/auth/compose.py", "import environs"),
    (LIBRARIES, "modules/auth/compose.py", "import click"),
    (LIBRARIES, "modules/auth/cli.py", "def late():\n    import aiohttp"),
    (LIBRARIES, "modules/auth/settings.py", "import pythonjsonlogger"),
    (LIBRARIES, "modules/auth/schema.py", "import hypothesis"),
    (LIBRARIES, "adapters/memory/clock.py", "import rich"),
    (LIBRARIES, "adapters/sqlite/database.py", "import aiokafka"),
    (LIBRARIES, "modules/auth/http.py", "import unheard_of"),
    (LIBRARIES, "tests/test_tokens.py", "import unheard_of"),
]


def broken_rules() -> set[str]:
    """The rules of pyproject.toml that the tree first on sys.path breaks; the output tells where."""
    configuration.configure()
    # Not importlinter.cli: that sets up logging for the whole process.
    options = use_cases.read_user_options(str(PYPROJECT))
    use_cases._register_contract_types(options)  # noqa: SLF001 - what its own lint_imports does
    report = use_cases.create_report(options, cache_dir=None)
    assert not report.invalid_contract_options
    broken = [(contract, check) for contract, check in report.get_contracts_and_checks() if not check.kept]
    for contract, check in broken:
        contract.render_broken_contract(check)
    return {contract.name for contract, _ in broken}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small tree that is found before ours; nothing in it is ever imported."""
    for file, text in CLEAN.items():
        plant(tmp_path, file, text)
    for package in PACKAGES:
        monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def plant(tree: Path, file: str, text: str) -> None:
    path = tree / file
    path.parent.mkdir(parents=True, exist_ok=True)
    for package in path.relative_to(tree).parents[:-1]:
        (tree / package / "__init__.py").write_text('"""A package."""\n')
    with path.open("a") as opened:
        opened.write(text + "\n")


def test_this_repository_keeps_every_import_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    assert broken_rules() == set()


@pytest.mark.usefixtures("tree")
def test_a_tree_without_a_breach_keeps_every_import_rule() -> None:
    assert broken_rules() == set()


@pytest.mark.parametrize(("rule", "file", "line"), BREACHES)
def test_a_planted_import_is_caught(tree: Path, rule: str, file: str, line: str) -> None:
    plant(tree, file, line)
    assert rule in broken_rules()


@pytest.mark.parametrize(
    ("place", "module", "expected"),
    [
        ("adapters.sqlite", "adapters.sqlite", True),
        ("adapters.sqlite", "adapters.sqlite.database", True),
        ("adapters.sqlite", "adapters.sqlite_old", False),
        ("adapters.sqlite", "adapters", False),
        ("modules.*.cli", "modules.auth.cli", True),
        ("modules.*.cli", "modules.cli", False),
    ],
)
def test_a_place_of_the_library_table_covers_what_is_inside_it(place: str, module: str, *, expected: bool) -> None:
    assert covers(place, module) is expected


def test_every_import_rule_has_a_planted_breach() -> None:
    contracts = use_cases.read_user_options(str(PYPROJECT)).contracts_options
    assert {contract["name"] for contract in contracts} == {rule for rule, _, _ in BREACHES}
