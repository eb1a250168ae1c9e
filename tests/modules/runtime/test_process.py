"""The edge of a command: exit codes, signals, broken pipes, defects. Signals need real processes."""

import asyncio
import json
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from domain.errors import ConfigurationError, ThrottledError
from modules.runtime.edge import edge
from modules.runtime.process import run

Main = Callable[[], Coroutine[Any, Any, int | None]]

SIGNALLED = """
import asyncio, sys
from modules.runtime.process import run
async def main():
    try:
        print("ready", flush=True)
        await asyncio.sleep(30)
    finally:
        await asyncio.sleep(0)
        print("closed", flush=True)
        {ending}
run(main)
"""


def raising(error: BaseException) -> Main:
    async def main() -> int | None:
        raise error

    return main


def returning(code: int | None) -> Main:
    async def main() -> int | None:
        return code

    return main


def exit_of(main: Main, *, as_json: bool = False) -> object:
    with pytest.raises(SystemExit) as caught:
        run(main, as_json=as_json)
    return caught.value.code


def start(program: str, **options: Any) -> subprocess.Popen[str]:  # noqa: ANN401 - Popen's own
    command = [sys.executable, "-c", program]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def test_success_returns_and_a_failed_check_exits() -> None:
    for success in (None, 0):
        run(returning(success))
    assert exit_of(returning(1)) == 1


def test_an_error_is_printed_and_its_code_comes_from_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_of(raising(ConfigurationError("X is wrong"))) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: X is wrong [CONFIGURATION_ERROR]")
    assert captured.err.count("\n") == 1


def test_with_json_an_error_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_of(raising(ThrottledError("wait")), as_json=True) == 5
    assert json.loads(capsys.readouterr().err)["error"]["error_code"] == "THROTTLED"


def test_a_synchronous_command_has_the_same_edge(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught, edge():
        raise ConfigurationError("X is wrong")
    assert caught.value.code == 3
    assert "X is wrong" in capsys.readouterr().err


def test_errors_of_a_task_group_are_all_printed(capsys: pytest.CaptureFixture[str]) -> None:
    group = ExceptionGroup("several", [ThrottledError("one"), ExceptionGroup("x", [ConfigurationError("two")])])
    assert exit_of(raising(group)) == 5
    assert [line.split(" [")[0] for line in capsys.readouterr().err.splitlines()] == ["error: one", "error: two"]


@pytest.mark.parametrize(
    "error",
    [
        KeyError("client_secret=canary"),
        asyncio.CancelledError(),
        ExceptionGroup("mixed", [ConfigurationError("client_secret=canary"), KeyError("x")]),
    ],
)
def test_a_defect_is_logged_with_its_traceback_and_without_secrets(
    error: BaseException,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_of(raising(error)) == 70
    text = capsys.readouterr().err
    assert "CRITICAL | modules.runtime.edge      | unexpected" in text
    assert "Traceback (most recent call last):" in text
    assert "[UNEXPECTED_ERROR]" in text
    assert "canary" not in text


def test_with_json_the_last_line_about_a_defect_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_of(raising(KeyError("x")), as_json=True) == 70
    last = capsys.readouterr().err.splitlines()[-1]
    assert json.loads(last)["error"]["error_code"] == "UNEXPECTED_ERROR"


def test_logging_is_as_before_afterwards() -> None:
    before = list(logging.getLogger().handlers)
    run(returning(None))
    assert logging.getLogger().handlers == before


def test_clicks_own_errors_are_left_to_click() -> None:
    @click.command()
    @click.argument("how")
    def command(how: str) -> None:
        run(raising({"usage": click.UsageError("bad"), "abort": click.Abort(), "exit": click.exceptions.Exit(9)}[how]))

    codes = [CliRunner().invoke(command, [how]).exit_code for how in ("usage", "abort", "exit")]
    assert codes == [2, 1, 9]


def test_a_click_command_exits_with_the_table_s_code() -> None:
    @click.command()
    def command() -> None:
        run(raising(ConfigurationError("X is wrong")), as_json=True)

    result = CliRunner().invoke(command)
    assert result.exit_code == 3
    assert json.loads(result.stderr)["error"]["message"] == "X is wrong"


def test_it_works_outside_the_main_thread() -> None:
    thread = threading.Thread(target=run, args=(returning(None),))
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_lets_the_command_close_what_it_opened(number: signal.Signals, code: int) -> None:
    process = start(SIGNALLED.format(ending="pass"))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.communicate(timeout=60) == ("closed\n", "")
    assert process.returncode == code


def test_a_command_that_ends_in_order_after_sigterm_was_still_terminated() -> None:
    process = start(SIGNALLED.format(ending="return 0"))
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    assert process.communicate(timeout=60) == ("closed\n", "")
    assert process.returncode == 143


def test_a_failed_clean_up_is_reported() -> None:
    process = start("from domain.errors import NotFoundError\n" + SIGNALLED.format(ending="raise NotFoundError('x')"))
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    assert process.communicate(timeout=60) == ("closed\n", "error: x [NOT_FOUND]\n")
    assert process.returncode == 6


def test_sigterm_during_a_task_group_is_quiet() -> None:
    program = """
import asyncio
from modules.runtime.process import run
async def main():
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(30))
        print("ready", flush=True)
run(main)
"""
    process = start(program)
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 143


@pytest.mark.parametrize("statement", ["print('x' * 10)", "print_json(['x' * 1_000_000])"])
def test_a_reader_that_goes_away_is_no_error(statement: str) -> None:
    program = f"""
import sys
from modules.runtime.output import print_json
from modules.runtime.process import run
async def main():
    sys.stdin.read()
    {statement}
run(main)
"""
    process = start(program, stdin=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    assert process.communicate("", timeout=60)[1] == ""
    assert process.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which Linux has")
def test_a_full_disk_behind_standard_output_is_reported_and_not_as_success() -> None:
    program = "from modules.runtime.process import run\nasync def main(): print('x')\nrun(main)"
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr


def test_a_command_loads_what_it_uses() -> None:
    """The set-up of settings, logs, output and edge costs none of the libraries that only some commands need."""
    program = """
import sys
from modules.runtime import edge, env_template, logs, output, settings
logs.configure_logging(settings.LogSettings()).close()
output.print_table([{"a": 1}])
heavy = set("asyncio environs marshmallow rich concurrent_log_handler pythonjsonlogger cryptography".split())
print(sorted(heavy & sys.modules.keys()))
"""
    process = start(program)
    assert process.communicate(timeout=60) == ("a\n1\n[]\n", "")


def test_garbage_that_was_put_off_is_looked_for_when_the_command_begins() -> None:
    """What was imported before is not looked through again; a program that put nothing off keeps its own ways."""
    program = """
import gc
from modules.runtime.edge import edge
with edge():
    print(gc.isenabled(), gc.get_freeze_count())
gc.disable()
with edge():
    print(gc.isenabled(), gc.get_freeze_count() > 1000)
"""
    assert start(program).communicate(timeout=60) == ("True 0\nTrue True\n", "")
