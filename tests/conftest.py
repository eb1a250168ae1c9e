"""Settings of the whole suite."""

import os

import pytest
from hypothesis import settings

from tests.kafka.choosing import choose, noida

pytest_plugins = ["tests.kafka.fixtures"]

# Each test's deadline would measure how busy the machine is.
settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """One worker for each core for the whole suite; none for a part of it, which starts sooner and shows its output."""
    is_part = config.args_source is not pytest.Config.ArgsSource.TESTPATHS or config.option.keyword
    return 0 if is_part or config.option.capture == "no" else None


def pytest_report_header() -> str:
    """Which broker the tests that need one would get; it starts when the first of them asks."""
    return choose(os.environ, fallback=noida()).header
