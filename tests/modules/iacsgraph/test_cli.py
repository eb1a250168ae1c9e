"""The root command: help, version, completion, and what it loads."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import click
import pytest

from modules.iacsgraph.cli import COMMANDS, root
from tests.modules.iacsgraph.shell import PATIENCE, PROGRAM, Shell

PROGRAMS = {"modules.admin", "modules.auth", "modules.runtime.edge", "modules.runtime.logs", "domain", "adapters"}
LIBRARIES = {"aiohttp", "aiosqlite", "attrs", "cattrs", "cryptography", "dotenv", "environs", "rich"}
HEAVY = {*PROGRAMS, *LIBRARIES, "modules.simulator", "asyncio", "sqlite3", "concurrent_log_handler", "pythonjsonlogger"}
LOADED = """
import sys
from modules.iacsgraph.cli import main
sys.argv = ["iacsgraph", *sys.argv[1:]]
try:
    main()
finally:
    print("\\n".join(sorted(sys.modules)), file=sys.stderr)
"""
GARBAGE = """
import gc, sys
from modules.iacsgraph.cli import main
sys.argv = ["iacsgraph", *sys.argv[1:]]
before = sum(each["collections"] for each in gc.get_stats())
try:
    main()
finally:
    print(gc.isenabled(), sum(each["collections"] for each in gc.get_stats()) - before, file=sys.stderr)
"""


def loaded_by(*arguments: str) -> set[str]:
    """Return the modules that a command line has imported at its end."""
    command = [sys.executable, "-c", LOADED, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    return set(done.stderr.split())


def paths(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    """Return the names that lead to each command and group."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*above, name)
        if isinstance(command, click.Group):
            yield from paths(command, *above, name)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_help_lists_every_program_and_loads_none_of_them(shell: Shell) -> None:
    done = shell.run("--help")
    assert (done.code, done.err) == (0, "")
    listed = [line.split()[0] for line in done.out.partition("Commands:\n")[2].splitlines()]
    assert listed == list(COMMANDS)
    assert loaded_by("--help").isdisjoint(HEAVY)


def test_a_command_loads_no_other_program() -> None:
    assert "modules.auth" not in loaded_by("keys", "generate")
    assert loaded_by("simulator", "--help").isdisjoint({"aiohttp", "jinja2", "modules.simulator.compose", "environs"})
    assert loaded_by("auth", "--help").isdisjoint({"modules.admin", "aiosqlite", "sqlite3", "cryptography", "environs"})
    assert loaded_by("events", "--help").isdisjoint({"modules.auth", "aiokafka", "sqlite3", "environs"})


def test_garbage_is_put_off_until_a_command_begins() -> None:
    """Nothing is looked through while modules are imported; the command itself has it looked for."""
    seen = []
    for arguments in (("--help",), ("keys", "generate")):
        command = [sys.executable, "-c", GARBAGE, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
        seen.append(done.stderr.split())
    assert seen == [["False", "0"], ["True", "0"]]


def test_without_a_command_the_help_is_shown_as_wrong_usage(shell: Shell) -> None:
    done = shell.call()
    assert done.code == 2
    assert "Commands:" in done.err


@pytest.mark.parametrize("path", list(paths(root)), ids=" ".join)
def test_every_command_explains_itself(shell: Shell, path: tuple[str, ...]) -> None:
    done = shell.call(*path, "--help")
    assert (done.code, done.err) == (0, "")
    usage, _, description, *_ = done.out.splitlines()
    assert usage.startswith(f"Usage: iacsgraph {' '.join(path)} ")
    assert len(description.strip()) > 10


@pytest.mark.parametrize(
    "arguments", [["unknown"], ["keys", "unknown"], ["--unknown"], ["db", "backup"], ["completion", "tcsh"]]
)
def test_wrong_usage_is_refused_with_a_hint(shell: Shell, arguments: list[str]) -> None:
    done = shell.call(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Usage: iacsgraph ")
    assert "Error: " in done.err


def test_an_unknown_command_of_the_installed_program_exits_with_2(shell: Shell) -> None:
    done = shell.run("unknown")
    assert (done.code, done.out) == (2, "")
    assert "No such command 'unknown'" in done.err


def test_the_version_is_that_of_the_installed_package(shell: Shell) -> None:
    done = shell.run("--version")
    assert (done.code, done.said) == (0, f"iacsgraph {metadata.version('iacsgraph')}\n")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bash", ["_IACSGRAPH_COMPLETE=bash_complete", "complete -o nosort -F _iacsgraph_completion iacsgraph"]),
        ("zsh", ["#compdef iacsgraph", "_IACSGRAPH_COMPLETE=zsh_complete"]),
        ("fish", ["complete --no-files --command iacsgraph", "_IACSGRAPH_COMPLETE=fish_complete"]),
    ],
)
def test_there_is_a_completion_script_for_each_shell(shell: Shell, name: str, words: list[str]) -> None:
    done = shell.call("completion", name)
    assert done.code == 0
    assert all(word in done.out for word in words)


ASKED = {
    "bash": (("bash", "iacsgraph ke", "1"), ["plain,keys"]),
    "bash, below": (("bash", "iacsgraph keys r", "2"), ["plain,rotate"]),
    "bash, options": (("bash", "iacsgraph doctor --j", "2"), ["plain,--json"]),
    "zsh": (("zsh", "iacsgraph d", "1"), ["doctor", "db", "demo"]),
    "fish": (("fish", "iacsgraph in", "in"), ["plain,init"]),
}


@pytest.mark.parametrize("name", ASKED)
def test_the_program_completes_what_a_shell_asks_it(shell: Shell, name: str) -> None:
    (kind, words, place), wanted = ASKED[name]
    asking = shell.having(_IACSGRAPH_COMPLETE=f"{kind}_complete", COMP_WORDS=words, COMP_CWORD=place)
    done = asking.run()
    assert (done.code, done.err) == (0, "")
    assert set(wanted) <= {line.partition("\t")[0] for line in done.out.splitlines()}


def test_a_bash_that_has_read_the_script_completes_a_subcommand(tmp_path: Path) -> None:
    script = """
    PATH="$1:$PATH"
    eval "$(iacsgraph completion bash)"
    COMP_WORDS=(iacsgraph db b) COMP_CWORD=2
    _iacsgraph_completion iacsgraph
    echo "${COMPREPLY[@]}"
    complete -p iacsgraph
    """
    try:
        done = subprocess.run(
            ["bash", "--norc", "-c", script, "bash", PROGRAM.parent],  # noqa: S607 - the user's bash
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
    except FileNotFoundError:
        pytest.skip("there is no bash")
    assert done.stderr == ""
    assert done.stdout.splitlines()[0] == "backup"
    assert "_iacsgraph_completion iacsgraph" in done.stdout


OUTPUTS = ["--help", "--version", "completion bash", "keys generate", "keys status --help"]


def ending(shell: Shell, command: str, redirection: str) -> tuple[int, str]:
    """Return exit code and standard error of a command whose standard output a POSIX shell redirects."""
    script = f'"$0" {command} {redirection}'
    done = subprocess.run(
        ["/bin/sh", "-c", script, str(PROGRAM)], cwd=shell.directory, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which Linux has")
@pytest.mark.parametrize("command", OUTPUTS)
def test_an_output_that_cannot_be_written_is_one_line_and_exit_code_1(shell: Shell, command: str) -> None:
    code, err = ending(shell, command, ">/dev/full")
    assert (code, err) == (1, "error: the output cannot be written (No space left on device)\n")


@pytest.mark.parametrize("command", OUTPUTS)
def test_a_closed_output_is_no_failure(shell: Shell, command: str) -> None:
    assert ending(shell, command, ">&-") == (0, "")


@pytest.mark.parametrize("command", OUTPUTS)
def test_a_reader_that_went_away_is_told_by_the_exit_code_alone(shell: Shell, command: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [PROGRAM, *command.split()], cwd=shell.directory, stdout=writing, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
