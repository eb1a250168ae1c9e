"""Each benchmark runs, so little work that its numbers mean nothing, and has its place in the documentation."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.registry import NAMES, load

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_and_tells_every_number(name: str) -> None:
    command = [sys.executable, "-m", "benchmarks", name, "--tiny"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300, env=environment()
    )
    assert done.returncode == 0, done.stderr + done.stdout
    rows = re.findall(r"^│ .*? │ +([0-9.,]+) +│", done.stdout, re.MULTILINE)
    assert rows, done.stdout


def environment() -> dict[str, str]:
    """As it is, with a terminal wide enough that no row of a table is broken."""
    return {**os.environ, "COLUMNS": "200"}


def test_names_are_those_of_the_files() -> None:
    assert [load(name).name for name in NAMES] == list(NAMES)


def test_each_has_its_section_in_the_documentation() -> None:
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert re.findall(r"<!-- (?!end of )(.+?) -->", text) == list(NAMES)
    tables = [text.partition(f"<!-- {name} -->")[2].partition(f"<!-- end of {name} -->")[0] for name in NAMES]
    assert [name for name, table in zip(NAMES, tables, strict=True) if table.count("\n|") < 3] == []


def test_the_list_tells_what_each_measures() -> None:
    command = [sys.executable, "-m", "benchmarks", "--list"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=environment())
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(NAMES)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    command = [sys.executable, "-m", "benchmarks", "tokens"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 2
    assert "token-seen" in done.stderr
