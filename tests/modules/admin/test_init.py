"""`init`: the `.env` of a new user."""

from pathlib import Path

import pytest

from modules.runtime.environment import Environment
from modules.runtime.settings import EncryptionSettings
from modules.runtime.settings_loading import load
from tests.modules.auth.seeds import fingerprints
from tests.modules.iacsgraph.shell import Shell


def key_in(directory: Path) -> str:
    (key,) = load(EncryptionSettings, Environment.read({}, directory)).keys
    return key


def test_a_new_env_is_commented_and_private_and_the_doctor_is_content_with_it_at_once(shell: Shell) -> None:
    with shell.start("init", umask=0) as running:
        done = running.end()
    file = shell.directory / ".env"
    lines = file.read_text().splitlines()
    assert (done.code, done.err) == (0, "")
    assert file.stat().st_mode & 0o777 == 0o600
    assert lines[0].startswith("# ")
    assert sum(line.startswith("#") for line in lines) > len(lines) / 2
    assert f"ENCRYPTION_KEY={key_in(shell.directory)}" in lines
    assert key_in(shell.directory) not in done.said
    doctor = shell.run("doctor")
    assert (doctor.code, doctor.err) == (0, "")
    assert "FAIL" not in doctor.out
    assert list(fingerprints(shell.directory)) == [".env"], "the doctor writes nothing"


def test_every_key_is_a_new_one(shell: Shell) -> None:
    others = [shell.within(shell.directory / name) for name in "abc"]
    assert [other.call("init").code for other in others] == [0, 0, 0]
    assert len({key_in(other.directory) for other in others}) == 3


def test_an_existing_env_is_never_overwritten(shell: Shell) -> None:
    (shell.directory / ".env").write_text("mine")
    done = shell.run("init")
    assert (done.code, done.out) == (3, "")
    assert "error: .env exists already and is left as it is. [ENV_FILE_EXISTS]" in done.err
    assert (shell.directory / ".env").read_text() == "mine"


def test_a_link_to_nowhere_and_a_directory_are_in_the_way_too(shell: Shell) -> None:
    (shell.directory / "link").symlink_to("nowhere")
    (shell.directory / "folder").mkdir()
    for name in ("link", "folder"):
        assert shell.call("init", "--env-file", name).code == 3
    assert sorted(path.name for path in shell.directory.iterdir()) == ["folder", "link"]


@pytest.mark.parametrize(
    ("place", "why"), [("file/.env", "Not a directory"), ("missing/.env", "No such file or directory")]
)
def test_a_place_that_cannot_be_written_is_named_with_the_reason(shell: Shell, place: str, why: str) -> None:
    (shell.directory / "file").touch()
    done = shell.call("init", "--env-file", place)
    assert (done.code, done.out) == (3, "")
    assert f"error: {place} cannot be written ({why}). [ENV_FILE_UNWRITABLE]" in done.err
    assert list(fingerprints(shell.directory)) == ["file"]


def test_of_several_at_once_one_writes_the_file(shell: Shell) -> None:
    codes = [done.code for done in shell.run_each(*[["init"]] * 4)]
    assert sorted(codes) == [0, 3, 3, 3]
    assert shell.call("doctor").code == 0


def test_another_name_is_used_as_the_last_line_says(shell: Shell) -> None:
    done = shell.call("init", "--env-file", "my settings.env")
    assert done.code == 0
    assert done.out.splitlines()[-1] == "Next: IACSGRAPH_ENV_FILE='my settings.env' iacsgraph doctor"
    assert shell.call("doctor").code == 1
    assert shell.having(IACSGRAPH_ENV_FILE="my settings.env").call("doctor").code == 0
