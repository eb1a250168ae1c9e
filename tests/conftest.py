"""Settings of the whole suite."""

import os
import signal
import sys

import pytest
from hypothesis import settings

from tests.kafka.choosing import choose, noida

pytest_plugins = ["tests.kafka.fixtures"]

# Else every process of the run, and every program that a test starts, compiles anew all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Each test's deadline would measure how busy the machine is; and what a run finds must not depend on its luck.
# For luck: `pytest --hypothesis-profile campaign`.
settings.register_profile("campaign", settings.default, deadline=None, max_examples=1000)
settings.register_profile("steady", settings.default, deadline=None, derandomize=True, database=None)
settings.load_profile("steady")


def pytest_configure() -> None:
    """Let the programs that are started end at SIGINT, also where a shell began the run with `&` and so ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """For the whole suite one more than cores, which tests that wait for something else would leave idle.

    None for a part of it, which starts sooner and shows its output.
    """
    is_part = config.args_source is not pytest.Config.ArgsSource.TESTPATHS or config.option.keyword
    return 0 if is_part or config.option.capture == "no" else (os.cpu_count() or 1) + 1


def pytest_report_header() -> str:
    """Which broker the tests that need one would get; it starts when the first of them asks."""
    return choose(os.environ, fallback=noida()).header
