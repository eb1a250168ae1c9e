"""Rules of the design that import-linter and ruff do not know: each takes a tree and tells its breaches."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain
from math import ceil
from pathlib import Path
from statistics import median

CORE = ("domain", "ports", "application")
PRODUCT = (*CORE, "adapters", "modules")
OURS = (*PRODUCT, "benchmarks", "tests")

LONGEST_FILE = 500
LONGEST_FUNCTION, LONG_FUNCTION, TYPICAL_FUNCTION = 60, 30, 10

DRIVING_SIDES = ("cli.py", "http.py", "consumer.py", "mcp.py")
LAZY_FILES = ("cli.py", "compose.py")
ROOT_COMMAND = "modules/iacsgraph/"

BAD_CLASS = re.compile(r"I[A-Z][a-z]|_?Abstract|.*(Impl|Manager|Helper)s?$")
BAD_FILE = re.compile(r"(.*_)?(utils?|common|core|base|helpers?|managers?|misc|impl)$")

IMPORTS_BY_NAME = {"import_module", "__import__", "find_spec", "exec", "eval", "run_module", "run_path"}
HIDDEN_CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "loop.time", "asyncio.sleep"}
MACHINE_CALLS = {"open", "print", "input", "breakpoint"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Rule = Callable[[Path], Iterable[str]]


def init_files_hold_a_docstring_only(root: Path) -> Iterator[str]:
    """Those of tests may be empty."""
    for file in sources(root, *OURS):
        if file.name != "__init__.py":
            continue
        body = parse(file).body
        if not all(map(is_docstring, body)) or len(body) > 1:
            yield f"{show(root, file)}: holds more than a docstring"
        elif not body and not show(root, file).startswith("tests/"):
            yield f"{show(root, file)}: has no docstring"


def every_folder_of_code_is_a_package(root: Path) -> Iterator[str]:
    """Without tests/domain/__init__.py, for one, tests/domain would shadow domain."""
    for folder in sorted({file.parent for file in sources(root, *OURS)}):
        if not (folder / "__init__.py").exists():
            yield f"{show(root, folder)}: has no __init__.py"


def modules_have_one_shape(root: Path) -> Iterator[str]:
    for folder in sorted(path.parent for path in root.glob("modules/*/__init__.py")):
        if folder.name == "runtime":
            continue
        files = {path.name for path in folder.iterdir()}
        for needed in sorted({"compose.py", "settings.py", "schema.py"} - files):
            yield f"{show(root, folder)}: has no {needed}"
        if files.isdisjoint(DRIVING_SIDES):
            yield f"{show(root, folder)}: has none of {', '.join(DRIVING_SIDES)}"


def files_are_short(root: Path) -> Iterator[str]:
    for file in sources(root, *OURS):
        if (length := len(file.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE:
            yield f"{show(root, file)}: {length} lines, {LONGEST_FILE} at most"


def functions_are_short(root: Path) -> Iterator[str]:
    for file in sources(root, *PRODUCT):
        for function in functions(parse(file)):
            if (length := length_of(function)) > LONGEST_FUNCTION:
                yield f"{at(root, file, function)} {function.name}: {length} lines, {LONGEST_FUNCTION} at most"


def most_functions_are_very_short(root: Path) -> Iterator[str]:
    trees = [parse(file) for file in sources(root, *PRODUCT)]
    lengths = sorted(length_of(each) for each in chain.from_iterable(map(functions, trees)) if not is_abstract(each))
    if not lengths:
        return
    if (middle := median(lengths)) > TYPICAL_FUNCTION:
        yield f"median length of a function: {middle} lines, {TYPICAL_FUNCTION} at most"
    if (long := lengths[ceil(0.9 * len(lengths)) - 1]) > LONG_FUNCTION:
        yield f"90th percentile of the length of functions: {long} lines, {LONG_FUNCTION} at most"


def imports_are_at_the_top(root: Path) -> Iterator[str]:
    for file in sources(root, *PRODUCT):
        if file.name not in LAZY_FILES:
            for function in functions(parse(file)):
                for node in imports(function):
                    yield f"{at(root, file, node)}: import in a function"


def imports_are_absolute(root: Path) -> Iterator[str]:
    for file in sources(root, *OURS):
        for node in imports(parse(file)):
            if isinstance(node, ast.ImportFrom) and node.level:
                yield f"{at(root, file, node)}: relative import"


def the_root_command_loads_modules_late(root: Path) -> Iterator[str]:
    """`iacsgraph --help` must not load what only `iacsgraph mail sync` needs."""
    for file in sources(root, "modules"):
        if not show(root, file).startswith(ROOT_COMMAND):
            continue
        for statement in parse(file).body:
            for name in imported(statement):
                if re.match(r"modules\.(?!iacsgraph\b|runtime\b)|modules$", name):
                    yield f"{at(root, file, statement)}: imports {name} at the top"


def nothing_is_imported_by_name(root: Path) -> Iterator[str]:
    """import-linter does not see such imports. The root command may load a command so, but never an adapter."""
    for file in sources(root, *PRODUCT):
        allowed = {"importlib.import_module"} if show(root, file) == f"{ROOT_COMMAND}cli.py" else set()
        for node in calls(parse(file)):
            if called(node).rpartition(".")[2] in IMPORTS_BY_NAME and called(node) not in allowed:
                yield f"{at(root, file, node)}: code loaded by name"
        for text in constants(parse(file)) if allowed else ():
            if str(text.value).partition(".")[0] in {*CORE, "adapters"}:
                yield f"{at(root, file, text)}: {text.value!r} in a file that may load code by name"


def names_are_plain(root: Path) -> Iterator[str]:
    for file in sources(root, *OURS):
        name = file.parent.name if file.name == "__init__.py" else file.stem
        if BAD_FILE.match(name):
            yield f"{show(root, file)}: says nothing about what is in it"
        for node in ast.walk(parse(file)):
            if isinstance(node, ast.ClassDef) and BAD_CLASS.match(node.name):
                yield f"{at(root, file, node)}: class {node.name}"


def the_core_has_no_hidden_clock(root: Path) -> Iterator[str]:
    """Time and waiting are a port; `asyncio.sleep(0)`, which only lets others run, is no waiting."""
    for file in sources(root, *CORE):
        for node in calls(parse(file)):
            name = ".".join(called(node).split(".")[-2:])
            if name in HIDDEN_CLOCKS and not (name == "asyncio.sleep" and is_zero(node.args)):
                yield f"{at(root, file, node)}: {name}"


def the_core_does_not_touch_the_machine(root: Path) -> Iterator[str]:
    for file in sources(root, *CORE):
        for node in calls(parse(file)):
            if called(node) in MACHINE_CALLS:
                yield f"{at(root, file, node)}: {called(node)}()"


RULES: tuple[Rule, ...] = (
    init_files_hold_a_docstring_only,
    every_folder_of_code_is_a_package,
    modules_have_one_shape,
    files_are_short,
    functions_are_short,
    most_functions_are_very_short,
    imports_are_at_the_top,
    imports_are_absolute,
    the_root_command_loads_modules_late,
    nothing_is_imported_by_name,
    names_are_plain,
    the_core_has_no_hidden_clock,
    the_core_does_not_touch_the_machine,
)


def sources(root: Path, *packages: str) -> list[Path]:
    return sorted(file for package in packages for file in (root / package).rglob("*.py"))


def parse(file: Path) -> ast.Module:
    return _parse(file.read_text(encoding="utf-8"))


@cache
def _parse(text: str) -> ast.Module:
    return ast.parse(text)


def show(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def at(root: Path, file: Path, node: ast.expr | ast.stmt) -> str:
    return f"{show(root, file)}:{node.lineno}"


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length_of(function: Function) -> int:
    """Lines from `def` to the end, without the docstring: that is the specification."""
    first = function.body[0]
    docstring = _lines(first) if is_docstring(first) else 0
    return _lines(function) - docstring


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def is_abstract(function: Function) -> bool:
    """A port's method, which has no body to measure."""
    return any(ast.unparse(each).endswith("abstractmethod") for each in function.decorator_list)


def imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))


def imported(statement: ast.stmt) -> list[str]:
    """The names that a statement at the top of a file imports when the file is loaded."""
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    if isinstance(statement, ast.ImportFrom):
        return [f"{statement.module}.{alias.name}" for alias in statement.names]
    return []


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def constants(tree: ast.AST) -> Iterator[ast.Constant]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Constant))


def called(node: ast.Call) -> str:
    return ast.unparse(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""


def is_zero(arguments: list[ast.expr]) -> bool:
    return len(arguments) == 1 and isinstance(arguments[0], ast.Constant) and arguments[0].value == 0
