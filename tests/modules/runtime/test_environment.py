"""The `.env` file: where it is looked for, who wins, and what a bad one says."""

import os
from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from modules.runtime.environment import Environment
from modules.runtime.settings import DatabaseSettings, LogSettings
from modules.runtime.settings_loading import load


def write(folder: Path, text: str | bytes, name: str = ".env") -> Path:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def message(environment: Environment) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(LogSettings, environment)
    return str(caught.value)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    write(tmp_path, "A=file\nB=file\n")
    environment = Environment.read({"A": "process"}, tmp_path)
    assert (environment.get("A"), environment.get("B")) == ("process", "file")
    assert (environment.origin("A"), environment.origin("B")) == ("environment", ".env line 2")


def test_an_empty_variable_of_the_environment_switches_the_file_off(tmp_path: Path) -> None:
    write(tmp_path, "A=file\n")
    environment = Environment.read({"A": ""}, tmp_path)
    assert environment.get("A") is None
    assert environment.origin("A") is None


def test_a_missing_env_file_is_fine(tmp_path: Path) -> None:
    assert load(LogSettings, Environment.read({}, tmp_path)) == LogSettings()


def test_parent_folders_are_not_searched(tmp_path: Path) -> None:
    write(tmp_path, "LOG_LEVEL=DEBUG\n")
    inner = tmp_path / "inner"
    inner.mkdir()
    assert load(LogSettings, Environment.read({}, inner)).level == "INFO"


def test_a_named_file_is_read_instead(tmp_path: Path) -> None:
    write(tmp_path, "LOG_LEVEL=DEBUG\n")
    other = write(tmp_path, "LOG_LEVEL=ERROR\n", "other.env")
    for named in (str(other), "other.env"):
        assert load(LogSettings, Environment.read({"IACSGRAPH_ENV_FILE": named}, tmp_path)).level == "ERROR"


def test_a_named_file_that_is_missing_is_a_fault(tmp_path: Path) -> None:
    for name in ("nowhere.env", "~nobody-of-this-name/env"):
        text = message(Environment.read({"IACSGRAPH_ENV_FILE": name}, tmp_path))
        assert f"IACSGRAPH_ENV_FILE ({tmp_path}/{name}) does not exist" in text


def test_a_link_to_nowhere_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / ".env").symlink_to(tmp_path / "gone")
    assert "does not exist" in message(Environment.read({}, tmp_path))


def test_a_folder_in_the_place_of_the_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    assert "cannot be read (Is a directory)" in message(Environment.read({}, tmp_path))


def test_a_file_that_is_not_utf8_is_a_fault_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, b"A=1\nB=\xc7\xd1\n")
    assert ".env is not UTF-8 text (line 2)" in message(Environment.read({}, tmp_path))


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("bad", ['LOG_LEVEL="canary', "LOG LEVEL=canary", "canary", "export canary", "=canary"])
def test_a_malformed_line_is_a_fault_with_its_number_and_without_its_text(
    tmp_path: Path,
    bad: str,
    newline: str,
) -> None:
    write(tmp_path, newline.join(["# comment", "A=1", "", "", bad, "", "B=2", ""]))
    text = message(Environment.read({}, tmp_path))
    assert ".env line 5 is not NAME=value" in text
    assert "canary" not in text


def test_faults_of_the_file_and_of_its_values_come_together(tmp_path: Path) -> None:
    write(tmp_path, "LOG_LEVEL=loud\nnonsense\n")
    with pytest.raises(ConfigurationError) as caught:
        load(DatabaseSettings, Environment.read({}, tmp_path))
    assert [line.split(" is ")[0].strip() for line in str(caught.value).split("\n")[1:]] == [
        ".env line 2",
        "DATABASE_PATH",
    ]
    assert "LOG_LEVEL (.env line 1) is not one of" in message(Environment.read({}, tmp_path))


def test_quotes_comments_export_and_byte_order_mark_are_understood(tmp_path: Path) -> None:
    write(tmp_path, "\ufeffexport A='a b' # why\nB=\"x\\ny\"\nC=plain # why\nD=한글\n")
    values = Environment.read({}, tmp_path)
    assert [values.get(name) for name in "ABCD"] == ["a b", "x\ny", "plain", "한글"]


def test_values_are_literal(tmp_path: Path) -> None:
    """A client secret may well hold a dollar sign."""
    write(tmp_path, "A=x${HOME}y$HOME\n")
    assert Environment.read({"HOME": "/root"}, tmp_path).get("A") == "x${HOME}y$HOME"


def test_nothing_is_written_to_the_process_environment(tmp_path: Path) -> None:
    write(tmp_path, "IACSGRAPH_TEST_LEAK=1\n")
    before = dict(os.environ)
    load(LogSettings, Environment.read({}, tmp_path))
    assert dict(os.environ) == before
