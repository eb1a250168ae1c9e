"""The rules of rules.py hold, and each catches a breach planted in a small tree."""

from pathlib import Path

import pytest

from tests.architecture import rules

ROOT = Path(__file__).parents[2]

PACKAGES = ("domain", "ports", "application", "adapters", "modules", "modules/auth", "modules/runtime", "tests")
MODULE = ("compose.py", "settings.py", "schema.py", "cli.py")


def function_of(lines: int, name: str = "planted") -> str:
    return f"def {name}():\n" + "    pass\n" * (lines - 1)


# A breach: the rule, the file, what is put into it, and how often the rule must speak.
BREACHES: list[tuple[rules.Rule, str, str, int]] = [
    (rules.init_files_hold_a_docstring_only, "domain/__init__.py", "x = 1", 1),
    (rules.init_files_hold_a_docstring_only, "tests/ports/__init__.py", "import ports", 1),
    (rules.init_files_hold_a_docstring_only, "adapters/sqlite/__init__.py", "", 1),
    (rules.every_folder_of_code_is_a_package, "tests/domain/test_token.py", "x = 1", 1),
    (rules.every_folder_of_code_is_a_package, "adapters/sqlite/database.py", "x = 1", 1),
    (rules.modules_have_one_shape, "modules/account/__init__.py", '"""Accounts."""', 4),
    (rules.files_are_short, "domain/token.py", "x = 1\n" * 501, 1),
    (rules.functions_are_short, "domain/token.py", function_of(61), 1),
    (rules.functions_are_short, "domain/token.py", "class A:\n    async def x(self):\n" + "        pass\n" * 60, 1),
    (rules.most_functions_are_very_short, "domain/token.py", function_of(11), 1),
    (rules.most_functions_are_very_short, "domain/token.py", function_of(31) + "def a(): pass\n" * 8, 1),
    (rules.imports_are_at_the_top, "modules/auth/http.py", "def late():\n    import json", 1),
    (rules.imports_are_absolute, "tests/test_token.py", "from . import other", 1),
    (rules.imports_are_absolute, "modules/auth/http.py", "def late():\n    from ..runtime import log", 1),
    (rules.the_root_command_loads_modules_late, "modules/iacsgraph/cli.py", "from modules.auth import cli", 1),
    (rules.the_root_command_loads_modules_late, "modules/iacsgraph/cli.py", "import modules.auth.cli", 1),
    (rules.the_root_command_loads_modules_late, "modules/iacsgraph/cli.py", "from modules import auth", 1),
    (rules.nothing_is_imported_by_name, "modules/auth/cli.py", "importlib.import_module('adapters.sqlite')", 1),
    (rules.nothing_is_imported_by_name, "modules/auth/cli.py", "import_module(name)", 1),
    (rules.nothing_is_imported_by_name, "application/tokens.py", "__import__('adapters')", 1),
    (rules.nothing_is_imported_by_name, "domain/token.py", "exec('import adapters')", 1),
    (rules.nothing_is_imported_by_name, "modules/iacsgraph/cli.py", "COMMANDS = {'x': 'adapters.sqlite.cli'}", 1),
    (rules.names_are_plain, "ports/mailbox.py", "class IMailbox: ...", 1),
    (rules.names_are_plain, "ports/mailbox.py", "class AbstractMailbox: ...", 1),
    (rules.names_are_plain, "adapters/mailbox.py", "class MailboxImpl: ...", 1),
    (rules.names_are_plain, "application/tokens.py", "class TokenManager: ...", 1),
    (rules.names_are_plain, "tests/fakes.py", "class TokenHelper: ...", 1),
    (rules.names_are_plain, "domain/utils.py", "", 1),
    (rules.names_are_plain, "domain/common/__init__.py", '"""Things."""', 1),
    (rules.names_are_plain, "adapters/core.py", "", 1),
    (rules.names_are_plain, "ports/base.py", "", 1),
    (rules.the_core_has_no_hidden_clock, "domain/token.py", "now = datetime.now(UTC)", 1),
    (rules.the_core_has_no_hidden_clock, "domain/token.py", "now = datetime.datetime.now(tz=UTC)", 1),
    (rules.the_core_has_no_hidden_clock, "ports/clock.py", "today = date.today()", 1),
    (rules.the_core_has_no_hidden_clock, "application/tokens.py", "async def x(): await asyncio.sleep(1)", 1),
    (rules.the_core_does_not_touch_the_machine, "application/tokens.py", "open('file')", 1),
    (rules.the_core_does_not_touch_the_machine, "domain/token.py", "print('token')", 1),
]

# What looks like a breach and is none.
ALLOWED: list[tuple[rules.Rule, str, str]] = [
    (rules.init_files_hold_a_docstring_only, "tests/ports/__init__.py", ""),
    (rules.functions_are_short, "ports/clock.py", 'def now():\n    """' + "Text.\n" * 80 + '"""'),
    (rules.most_functions_are_very_short, "ports/clock.py", "@abstractmethod\n" + function_of(40)),
    (rules.imports_are_at_the_top, "modules/auth/cli.py", "def late():\n    import json"),
    (rules.imports_are_at_the_top, "modules/auth/compose.py", "def late():\n    import json"),
    (rules.the_root_command_loads_modules_late, "modules/iacsgraph/cli.py", "def a():\n    import modules.auth.cli"),
    (rules.the_root_command_loads_modules_late, "modules/iacsgraph/cli.py", "from modules.runtime import log"),
    (rules.nothing_is_imported_by_name, "modules/iacsgraph/cli.py", "importlib.import_module('modules.auth.cli')"),
    (rules.names_are_plain, "domain/errors.py", "class IACSGraphError: ...\nclass IdentityProvider: ..."),
    (rules.the_core_has_no_hidden_clock, "application/tokens.py", "now = self.clock.now()"),
    (rules.the_core_has_no_hidden_clock, "application/tokens.py", "async def x(): await asyncio.sleep(0)"),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text('"""A package."""\n')
    for file in MODULE:
        (tmp_path / "modules/auth" / file).write_text("x = 1\n")
    return tmp_path


def plant(tree: Path, file: str, text: str) -> None:
    (tree / file).parent.mkdir(parents=True, exist_ok=True)
    (tree / file).write_text(text)


@pytest.mark.parametrize("rule", rules.RULES)
def test_this_repository_keeps_the_rule(rule: rules.Rule) -> None:
    assert "\n".join(rule(ROOT)) == ""


@pytest.mark.parametrize("rule", rules.RULES)
def test_a_tree_without_a_breach_keeps_the_rule(tree: Path, rule: rules.Rule) -> None:
    assert list(rule(tree)) == []


@pytest.mark.parametrize(("rule", "file", "text", "times"), BREACHES)
def test_a_planted_breach_is_caught(tree: Path, rule: rules.Rule, file: str, text: str, times: int) -> None:
    plant(tree, file, text)
    assert len(list(rule(tree))) == times


@pytest.mark.parametrize(("rule", "file", "text"), ALLOWED)
def test_what_is_allowed_is_not_caught(tree: Path, rule: rules.Rule, file: str, text: str) -> None:
    plant(tree, file, text)
    assert list(rule(tree)) == []


def test_every_rule_has_a_planted_breach() -> None:
    assert set(rules.RULES) == {rule for rule, _, _, _ in BREACHES}
