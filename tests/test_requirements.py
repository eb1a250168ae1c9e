"""A missing requirement skips a test by name, and fails it where the environment demands it."""

import pytest

from tests.requirements import VARIABLE, require


def test_what_is_there_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "kafka,oidc")
    require("oidc", available=True, reason="never said")


@pytest.mark.parametrize("demanded", ["", "kafka", "kafka, chromium"])
def test_what_is_missing_skips_with_its_name_and_a_reason(monkeypatch: pytest.MonkeyPatch, demanded: str) -> None:
    monkeypatch.setenv(VARIABLE, demanded)
    with pytest.raises(pytest.skip.Exception, match="oidc: install it"):
        require("oidc", available=False, reason="install it")


@pytest.mark.parametrize("demanded", ["oidc", "kafka, oidc"])
def test_what_is_missing_fails_where_it_is_demanded(monkeypatch: pytest.MonkeyPatch, demanded: str) -> None:
    monkeypatch.setenv(VARIABLE, demanded)
    with pytest.raises(pytest.fail.Exception, match="oidc is required"):
        require("oidc", available=False, reason="install it")
