"""run.py installs once, exactly what is locked, and hands over to the command; pip is played by a script."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Stands for the environment's Python: says yes to every question, and writes down what pip is to install.
PYTHON = """#!/bin/sh
case "$*" in
  *"pip install"*"$(cat fails 2>/dev/null || echo nothing-fails)"*) echo "the words of pip"; exit 1 ;;
  *"pip install"*) sleep 0.1; echo "$@" >> installed ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with an environment in which `iacsgraph` and `pytest` show what they are given and exit with 7."""
    shutil.copy(ROOT / "run.py", tmp_path)
    for file in ("pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        (tmp_path / file).write_text(file)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/pyvenv.cfg").write_text("version = 3.11.7\n")
    program(tmp_path / ".venv/bin/python", PYTHON)
    for command in ("iacsgraph", "pytest"):
        program(tmp_path / ".venv/bin" / command, '#!/bin/sh\necho "$0" "$@"\nexit 7\n')
    return tmp_path


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def start(checkout: Path, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, checkout / "run.py", *arguments],
        cwd=checkout,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(checkout: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    with start(checkout, *arguments, **environment) as process:
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


def installed(checkout: Path) -> list[str]:
    """What pip was told to install since the last call: a lock, or the project itself."""
    if not (checkout / "installed").exists():
        return []
    lines = (checkout / "installed").read_text().splitlines()
    (checkout / "installed").unlink()
    return [Path(line.split()[-1]).name for line in lines]


def test_a_command_gets_its_arguments_and_its_exit_code_is_passed_on(checkout: Path) -> None:
    code, out, err = run(checkout, "iacsgraph", "demo", "--help", "a b")
    assert (code, out) == (7, f"{checkout}/.venv/bin/iacsgraph demo --help a b\n")
    assert err == "run.py: installing requirements.lock into .venv (once, under a minute)\n"


def test_the_product_needs_its_own_lock_and_a_tool_needs_everything(checkout: Path) -> None:
    run(checkout, "iacsgraph")
    assert installed(checkout) == ["requirements.lock", checkout.name]
    run(checkout, "pytest")
    assert installed(checkout) == ["requirements-dev.lock", checkout.name]


def test_hashes_are_checked_and_the_project_itself_asks_no_index(checkout: Path) -> None:
    run(checkout, "pytest")
    locked, project = (checkout / "installed").read_text().splitlines()
    assert "--require-hashes -r" in locked
    assert "--no-index --no-deps --no-build-isolation -e" in project


def test_a_second_run_installs_nothing_and_says_nothing(checkout: Path) -> None:
    run(checkout, "pytest")
    installed(checkout)
    assert run(checkout, "pytest")[2] == ""
    assert run(checkout, "iacsgraph")[2] == "", "the tools' lock holds all that the product needs"
    assert installed(checkout) == []


@pytest.mark.parametrize("changed", ["requirements-dev.lock", "pyproject.toml", ".venv/pyvenv.cfg"])
def test_what_has_changed_is_installed_again(checkout: Path, changed: str) -> None:
    run(checkout, "pytest")
    installed(checkout)
    (checkout / changed).write_text("something else")
    run(checkout, "pytest")
    assert installed(checkout) == ["requirements-dev.lock", checkout.name]


def test_two_at_once_install_once(checkout: Path) -> None:
    processes = [start(checkout, "pytest") for _ in range(3)]
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [7, 7, 7]
    assert installed(checkout) == ["requirements-dev.lock", checkout.name]
    assert sum("installing requirements" in error for error in errors) == 1


@pytest.mark.parametrize("failing", ["requirements-dev.lock", "--no-deps"])
def test_a_failed_installation_shows_why_and_is_tried_again(checkout: Path, failing: str) -> None:
    (checkout / "fails").write_text(failing)
    code, out, err = run(checkout, "pytest")
    assert (code, out) == (1, "")
    assert "the words of pip" in err
    (checkout / "fails").unlink()
    installed(checkout)
    assert run(checkout, "pytest")[0] == 7
    assert installed(checkout) == ["requirements-dev.lock", checkout.name]


@pytest.mark.parametrize("text", ["unfinished\n", "", "/somewhere/else\n0000\n"])
def test_an_environment_that_was_left_unfinished_or_copied_is_made_anew(checkout: Path, text: str) -> None:
    (checkout / ".venv/installed-requirements-dev.lock.stamp").write_text(text)
    shim = checkout / "shim"
    shim.mkdir()
    (shim / "venv.py").write_text("if __name__ == '__main__': exit('made anew')")
    code, _, err = run(checkout, "pytest", PYTHONPATH=str(shim))
    assert code == 1
    assert "made anew" in err
    assert f"-m venv --clear --without-pip {checkout}/.venv" in err


def test_an_unknown_command_is_named(checkout: Path) -> None:
    code, _, err = run(checkout, "nonsense")
    assert code == 127
    assert "there is no command 'nonsense'" in err


def test_without_a_command_it_says_how_it_is_used(checkout: Path) -> None:
    code, _, err = run(checkout)
    assert code == 2
    assert "python3 run.py pytest" in err


def test_an_older_python_looks_for_a_newer_one(checkout: Path) -> None:
    """The version is taken from a sys.version_info that a sitecustomize sets."""
    shim = checkout / "shim"
    shim.mkdir()
    (shim / "sitecustomize.py").write_text("import sys\nsys.version_info = (3, 9, 1)\n")
    program(shim / "python3.12", '#!/bin/sh\ncase "$1" in -c) exit 1 ;; esac\n')
    code, _, err = run(checkout, "pytest", PYTHONPATH=str(shim), PATH=str(shim))
    assert (code, err) == (1, "run.py: needs Python 3.11 or newer; this is 3.9\n")
    program(shim / "python3.13", '#!/bin/sh\ncase "$1" in -c) exit 0 ;; esac\necho newer "$@"\n')
    assert run(checkout, "pytest", "-x", PYTHONPATH=str(shim), PATH=str(shim))[1].endswith("run.py pytest -x\n")
