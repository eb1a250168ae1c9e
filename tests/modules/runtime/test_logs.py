"""Setting logging up: where records go, at which level, once, and back again."""

import io
import json
import logging
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from modules.runtime.logs import AUTH_LOGGER, configure_logging, quiet
from modules.runtime.settings import LogSettings

AUTH = logging.getLogger(AUTH_LOGGER)
OTHER = logging.getLogger("modules.tests")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def snapshot() -> list[object]:
    names = ("", AUTH_LOGGER, "aiokafka", "kafka", "aiosqlite")
    return [(list(logging.getLogger(name).handlers), logging.getLogger(name).level) for name in names]


def test_a_record_is_written_once_however_often_logging_is_set_up() -> None:
    first, second = io.StringIO(), io.StringIO()
    before = snapshot()
    with configure_logging(LogSettings(), stream=first), configure_logging(LogSettings(), stream=second):
        OTHER.info("once")
        logging.getLogger("modules.tests.deep").info("once too")
    assert first.getvalue() == ""
    assert second.getvalue().count("\n") == 2
    assert snapshot() == before


def test_leaving_one_set_up_brings_back_the_one_before() -> None:
    stream = io.StringIO()
    with configure_logging(LogSettings(), stream=stream):
        configure_logging(LogSettings(), stream=io.StringIO()).close()
        OTHER.info("here")
    assert "here" in stream.getvalue()


def test_a_set_up_that_is_never_closed_is_undone_by_the_one_around_it(tmp_path: Path) -> None:
    before = snapshot()
    with configure_logging(LogSettings(), stream=io.StringIO()):
        configure_logging(LogSettings(auth_file=tmp_path / "auth.log"), stream=io.StringIO())
        AUTH.info("x")
    assert snapshot() == before


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
def test_the_level_holds_for_every_logger(level: str) -> None:
    stream = io.StringIO()
    with configure_logging(LogSettings(level=level), stream=stream):
        for name in logging.getLevelNamesMapping():
            for logger in (OTHER, AUTH):
                logger.log(logging.getLevelNamesMapping()[name] or 1, name)
    expected = sum(
        number >= logging.getLevelNamesMapping()[level] for number in logging.getLevelNamesMapping().values()
    )
    assert stream.getvalue().count("\n") == 2 * expected


def test_a_command_that_answers_logs_defects_alone_unless_a_level_is_meant() -> None:
    assert quiet(LogSettings()) == LogSettings(level="CRITICAL", kafka_level="CRITICAL")
    assert quiet(LogSettings(level="DEBUG")) == LogSettings(level="DEBUG", kafka_level="CRITICAL")
    assert quiet(LogSettings(kafka_level="ERROR")) == LogSettings(level="CRITICAL", kafka_level="ERROR")


def test_the_kafka_client_has_its_own_level() -> None:
    stream = io.StringIO()
    with configure_logging(LogSettings(level="ERROR", kafka_level="DEBUG"), stream=stream):
        logging.getLogger("aiokafka.consumer").debug("shown")
        logging.getLogger("kafka").debug("shown")
        OTHER.warning("hidden")
    with configure_logging(LogSettings(level="DEBUG"), stream=stream):
        logging.getLogger("aiokafka").info("hidden")
    assert stream.getvalue().count("shown") == 2
    assert "hidden" not in stream.getvalue()


def test_bound_values_of_statements_are_never_logged() -> None:
    stream = io.StringIO()
    with configure_logging(LogSettings(level="DEBUG"), stream=stream):
        logging.getLogger("aiosqlite").debug("executing %s", ("INSERT", ["ciphertext"]))
    assert stream.getvalue() == ""


def test_json_is_one_document_per_line() -> None:
    stream = io.StringIO()
    with configure_logging(LogSettings(format="json"), stream=stream):
        OTHER.info("a\nb", extra={"client_secret": "canary", "user": "kim"})
    assert json.loads(stream.getvalue())["context"] == {"client_secret": "***", "user": "kim"}


def test_colour_needs_a_terminal_and_no_objection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for value, coloured in (("", True), ("1", False)):
        monkeypatch.setenv("NO_COLOR", value)
        for stream in (io.StringIO(), Terminal()):
            with configure_logging(LogSettings(), stream=stream):
                OTHER.info("x")
            assert ("\x1b" in stream.getvalue()) is (coloured and isinstance(stream, Terminal))


def test_a_stream_that_cannot_be_written_costs_the_record_only(capsys: pytest.CaptureFixture[str]) -> None:
    """The standard library would print the message and its arguments."""
    stream = io.StringIO()
    with configure_logging(LogSettings(), stream=stream):
        stream.close()
        OTHER.info("message %s", "canary")
    assert capsys.readouterr().err == "a log record of 'modules.tests' was lost: ValueError\n"


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_authentication_log_goes_to_its_file_and_to_standard_error(tmp_path: Path) -> None:
    path, stream = tmp_path / "new" / "auth.log", io.StringIO()
    with configure_logging(LogSettings(auth_file=path), stream=stream):
        AUTH.info("signed in", extra={"user_id": "kim", "access_token": "canary"})
        AUTH.getChild("web").warning("denied")
        OTHER.info("something else")
    assert [line["message"] for line in lines(path)] == ["signed in", "denied"]
    assert lines(path)[0]["context"] == {"user_id": "kim", "access_token": "***"}
    assert stream.getvalue().count("\n") == 3


def test_the_file_has_what_log_level_hides(tmp_path: Path) -> None:
    path, stream = tmp_path / "auth.log", io.StringIO()
    with configure_logging(LogSettings(level="ERROR", auth_file=path), stream=stream):
        AUTH.info("signed in")
    assert [line["message"] for line in lines(path)] == ["signed in"]
    assert stream.getvalue() == ""


def test_mail_queries_have_a_file_of_their_own(tmp_path: Path) -> None:
    auth, mail, stream = tmp_path / "auth.log", tmp_path / "mail.log", io.StringIO()
    with configure_logging(LogSettings(level="ERROR", auth_file=auth, mail_file=mail), stream=stream):
        AUTH.info("signed in")
        logging.getLogger("iacsgraph.mail").info("mailbox queried")
        OTHER.info("something else")
    assert [line["message"] for line in lines(auth)] == ["signed in"]
    assert [line["message"] for line in lines(mail)] == ["mailbox queried"]
    assert stream.getvalue() == ""


def test_where_one_file_cannot_be_written_the_other_does_not_stay_open(tmp_path: Path) -> None:
    before = snapshot()
    with pytest.raises(ConfigurationError, match="MAIL_LOG_FILE cannot be written"):
        configure_logging(LogSettings(auth_file=tmp_path / "auth.log", mail_file=tmp_path), stream=io.StringIO())
    assert snapshot() == before
    assert str(tmp_path / "auth.log") not in {str(each.readlink()) for each in open_files()}


def open_files() -> list[Path]:
    return [each for each in Path("/proc/self/fd").iterdir() if each.exists()]


def test_only_the_owner_may_read_the_file_its_backups_and_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "auth.log"
    path.touch(mode=0o644)
    with configure_logging(LogSettings(auth_file=path, auth_max_bytes=1000, auth_backups=2), stream=io.StringIO()):
        for number in range(40):
            AUTH.info("sign-in %s", number)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [".__auth.lock", "auth.log", "auth.log.1", "auth.log.2"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert all(file.stat().st_size <= 1300 for file in files)


def test_several_processes_share_the_file_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "auth.log"
    program = (
        "import logging, pathlib, sys\n"
        "from modules.runtime.logs import configure_logging\n"
        "from modules.runtime.settings import LogSettings\n"
        "configure_logging(LogSettings(level='ERROR', auth_file=pathlib.Path(sys.argv[1]), auth_max_bytes=4000,\n"
        "                              auth_backups=20))\n"
        "for n in range(50):\n"
        "    logging.getLogger('iacsgraph.auth').info('%s-%s', sys.argv[2], n)\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, str(path), str(who)]) for who in range(3)]
    assert [writer.wait(30) for writer in writers] == [0, 0, 0]
    written = [line["message"] for file in tmp_path.glob("auth.log*") for line in lines(file)]
    assert sorted(map(str, written)) == sorted(f"{who}-{n}" for who in range(3) for n in range(50))


def test_a_file_that_cannot_be_written_is_a_fault_of_its_setting(tmp_path: Path) -> None:
    before = snapshot()
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "auth.log"):
        with pytest.raises(ConfigurationError, match="AUTH_LOG_FILE cannot be written"):
            configure_logging(LogSettings(auth_file=path), stream=io.StringIO())
    assert snapshot() == before


def test_a_file_that_fails_later_costs_the_record_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "logs"
    with configure_logging(LogSettings(auth_file=folder / "auth.log"), stream=io.StringIO()):
        folder.rename(tmp_path / "moved")
        folder.touch()
        AUTH.info("canary")
    assert capsys.readouterr().err.startswith("a log record of 'iacsgraph.auth' was lost: ")
