"""What some tests need and not every machine has.

`IACSGRAPH_TEST_REQUIRE=oidc,chromium,kafka` in the environment makes a missing one a failure.
"""

import os

import pytest

VARIABLE = "IACSGRAPH_TEST_REQUIRE"


def require(name: str, *, available: bool, reason: str) -> None:
    """Go on if it is available; else skip with the reason, or fail if the environment demands it by its name."""
    if available:
        return
    if is_demanded(name):
        pytest.fail(f"{name} is required by {VARIABLE}: {reason}")
    pytest.skip(f"{name}: {reason}")


def is_demanded(name: str) -> bool:
    """Whether the environment wants a missing one to fail."""
    return name in {word.strip() for word in os.environ.get(VARIABLE, "").split(",")}
