"""pyproject.toml, the locks, the README and run.py agree, and no committed file knows a machine or a registry."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import run

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PRODUCT_LOCK, TOOLS_LOCK = ROOT / run.PRODUCT_LOCK, ROOT / run.TOOLS_LOCK
BINARY = {".png", ".ico", ".gz", ".zip", ".db"}

# Written so that this file does not contain what it looks for.
MACHINE_PATHS = re.compile(
    "|".join(f"/{folder}/" for folder in ("work", "root", "farm", "home/[a-z]+", "Users/[a-z]+"))
)
REGISTRIES = re.compile(r"pypi[.]|python[h]osted|[i]ndex-url|[f]ind-links|repo1?[.]maven|[a]rtifactory|npm[j]s")


def locked(lock: Path) -> dict[str, tuple[Requirement, list[str]]]:
    """The packages of a lock, by name: what is pinned, and its hashes."""
    entries = lock.read_text().replace("\\\n", " ").splitlines()
    parts = [re.split(r"\s+--hash=", entry.strip()) for entry in entries]
    return {Requirement(pin).name: (Requirement(pin), hashes) for pin, *hashes in parts}


def group(name: str) -> list[Requirement]:
    found: list[Requirement] = []
    for entry in PROJECT["dependency-groups"][name]:
        found += [Requirement(entry)] if isinstance(entry, str) else group(entry["include-group"])
    return found


def committed_files() -> list[Path]:
    """What git has, or would take; where there is no git (an unpacked copy), nothing can be said."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git of the PATH
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


def lines_with(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    return [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for file in files
        if file.suffix not in BINARY
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize("lock", [PRODUCT_LOCK, TOOLS_LOCK], ids=lambda lock: lock.name)
def test_a_lock_pins_one_version_with_hashes_and_names_no_place(lock: Path) -> None:
    for requirement, hashes in locked(lock).values():
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert requirement.url is None
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), requirement
    assert not re.search(r"://|^-", lock.read_text(), re.MULTILINE)


def test_the_product_is_locked_in_the_versions_that_the_tests_use() -> None:
    tools = locked(TOOLS_LOCK)
    for name, (requirement, hashes) in locked(PRODUCT_LOCK).items():
        assert tools[name] == (requirement, hashes)


@pytest.mark.parametrize(
    ("wanted", "lock"),
    [
        ([Requirement(each) for each in PROJECT["project"]["dependencies"]], PRODUCT_LOCK),
        (group("build"), PRODUCT_LOCK),
        (group("dev"), TOOLS_LOCK),
    ],
    ids=["product", "build", "dev"],
)
def test_what_the_project_asks_for_is_locked(wanted: list[Requirement], lock: Path) -> None:
    """If not: `.ci/lock`."""
    pins = locked(lock)
    for requirement in wanted:
        (specifier,) = pins[canonicalize_name(requirement.name)][0].specifier
        assert requirement.specifier.contains(specifier.version), requirement


def test_plain_uv_run_is_held_to_the_locked_versions() -> None:
    """If not: `.ci/lock`."""
    constraints = [Requirement(each) for each in PROJECT["tool"]["uv"]["constraint-dependencies"]]
    assert constraints == [requirement for requirement, _ in locked(TOOLS_LOCK).values()]


def test_the_build_backend_is_the_locked_one() -> None:
    """It is installed from the lock, since the project is built without isolation."""
    assert set(map(Requirement, PROJECT["build-system"]["requires"])) <= set(group("build"))


def test_run_py_knows_the_commands_of_the_product() -> None:
    assert set(run.PRODUCT) == set(PROJECT["project"]["scripts"])
    assert PROJECT["project"]["requires-python"] == ">={}.{}".format(*run.OLDEST)


@pytest.mark.parametrize("command", ["python3 run.py iacsgraph demo", "python3 run.py pytest"])
def test_the_readme_shows_the_two_commands(command: str) -> None:
    assert command in [line.strip().removeprefix("$ ") for line in (ROOT / "README.md").read_text().splitlines()]


def test_ci_runs_the_readmes_test_command() -> None:
    assert "python3 run.py pytest --cov" in (ROOT / ".ci/run").read_text()


def test_the_wheel_holds_the_product_and_no_tests() -> None:
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(packages) == ["adapters", "application", "domain", "modules", "ports"]


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    assert lines_with(MACHINE_PATHS, committed_files()) == []


def test_no_file_knows_a_registry() -> None:
    assert lines_with(REGISTRIES, committed_files()) == []


def test_the_locks_that_record_a_registry_are_not_committed() -> None:
    assert {file.name for file in committed_files()}.isdisjoint({"uv.lock", "pylock.toml", "poetry.lock"})
