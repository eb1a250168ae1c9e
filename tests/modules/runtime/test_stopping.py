"""The first signal asks, the second does not, and time does not either. Signals need real processes."""

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from modules.runtime.stopping import told_to_stop

PATIENCE = 60.0
PROGRAM = """
import asyncio, signal, time
from datetime import timedelta
from modules.runtime.process import run
from modules.runtime.stopping import told_to_stop
async def main():
    with told_to_stop(timedelta(seconds={within})) as stopping:
        print("ready", flush=True)
        await stopping.wait()
        print("asked", flush=True)
        {ending}
    print("closed", flush=True)
run(main)
"""
HANGS = "await asyncio.Event().wait()"
BLOCKS = "time.sleep(60)"
SIGNALS = [signal.SIGTERM, signal.SIGINT]


@contextmanager
def running(ending: str, within: float = 60) -> Iterator["subprocess.Popen[str]"]:
    """Start a program that ends so when it was asked to, and wait until it is ready."""
    command = [sys.executable, "-c", PROGRAM.format(ending=ending, within=within)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert line(process) == "ready"
            yield process
        finally:
            process.kill()


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", SIGNALS)
def test_asked_to_stop_it_closes_what_is_open_and_ends_with_success(number: signal.Signals) -> None:
    with running("await asyncio.sleep(0)") as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out.split(), err) == (0, ["asked", "closed"], "")


@pytest.mark.parametrize("second", SIGNALS)
@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("ending", [HANGS, BLOCKS])
def test_a_second_signal_ends_it_at_once(first: signal.Signals, second: signal.Signals, ending: str) -> None:
    with running(ending) as process:
        process.send_signal(first)
        assert line(process) == "asked"
        process.send_signal(second)
        out, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (-second, "")


@pytest.mark.parametrize("ending", [HANGS, BLOCKS])
def test_whatever_hangs_it_ends_within_its_bound_and_says_so(ending: str) -> None:
    with running(ending, within=0.2) as process:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (1, "asked\n")
    assert err == "error: not ended within 0.2 s: ended by force\n"


async def test_afterwards_signals_do_what_they_did_before() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with told_to_stop(timedelta(minutes=1)) as stopping:
        signal.raise_signal(signal.SIGTERM)
        await stopping.wait()
        assert [signal.getsignal(number) for number in SIGNALS] == [signal.SIG_DFL] * 2
    assert [signal.getsignal(number) for number in SIGNALS] == before
    assert not [
        each for each in threading.enumerate() if isinstance(each, threading.Timer) and not each.finished.is_set()
    ]


async def test_in_another_thread_it_is_never_told() -> None:
    async def main() -> bool:
        with told_to_stop(timedelta(minutes=1)) as stopping:
            return stopping.is_set()

    assert await asyncio.to_thread(asyncio.run, main()) is False
