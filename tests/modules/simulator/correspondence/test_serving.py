"""`iacsgraph simulator --mails`: mail in the mailboxes of those who can sign in, and the truth about it in a file."""

import asyncio
import json
import signal
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import click
import pytest

from domain.errors import ConfigurationError
from modules.runtime.environment import Environment
from modules.simulator.cli import simulator
from modules.simulator.correspondence.truth import Truth
from modules.simulator.correspondence.truth_file import append_truth, as_plain, write_truths
from modules.simulator.opening import as_text
from modules.simulator.schema import make_converter
from modules.simulator.serving import serve
from modules.simulator.settings import MOST_MAILS, MOST_PER_MINUTE, SimulatorSettings
from tests.modules.iacsgraph.shell import Shell, said, wait_until

SETTINGS = SimulatorSettings(mails=12, seed=2)
TRUTH = Truth(
    internet_message_id="<한@x>",
    kind="request",
    agenda_code="PL25015_ILa",
    sender_type="CHAIR",
    mail_type="REQUEST",
    deadline=date(2025, 6, 14),
    references=("PL25016",),
)


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_truth_becomes_plain_json(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    write_truths(path, 7, ["chair@x"], {"kim@x": [TRUTH]})
    append_truth(path, "lee@x", attrs.evolve(TRUTH, deadline=None))
    heading, first, second = lines(path)
    assert heading == {"written_by": "iacsgraph simulator", "seed": 7, "chairs": ["chair@x"]}
    assert first == {"mailbox": "kim@x", **as_plain(TRUTH), "references": ["PL25016"]}
    assert (first["deadline"], first["internet_message_id"], first["wanted"]) == ("2025-06-14", "<한@x>", True)
    assert (second["mailbox"], second["deadline"]) == ("lee@x", None)
    assert set(first) == {"mailbox", *(each.name for each in attrs.fields(Truth))}
    assert path.stat().st_mode & 0o077 == 0


async def test_the_opening_says_how_many_mails_there_are_and_where_the_truth_is(tmp_path: Path) -> None:
    async with serve(SETTINGS, tmp_path) as opening:
        text, plain = as_text(opening), make_converter().unstructure(opening)
    assert plain["mail"]["mails"] == 12
    assert plain["mail"]["per_minute"] == 0
    assert plain["mail"]["truth"] == str(tmp_path / "truth.json")
    assert plain["files"][-1] == str(tmp_path / "truth.json")
    assert opening.people[0].email in plain["mail"]["chairs"]
    assert plain["settings"]["MAIL_CHAIRS"].split(",") == plain["mail"]["chairs"]
    written = Environment.read({"IACSGRAPH_ENV_FILE": str(tmp_path / ".env.simulator")})
    assert written.get("MAIL_CHAIRS") == plain["settings"]["MAIL_CHAIRS"]
    assert "\nMail\n  each person has 12\n" in text
    assert f"  the truth   {tmp_path / 'truth.json'}\n" in text
    _, *truths = lines(tmp_path / "truth.json")
    assert [each["mailbox"] for each in truths] == [each.email for each in opening.people for _ in range(12)]


async def test_the_truth_of_a_running_office_grows(tmp_path: Path) -> None:
    async with serve(attrs.evolve(SETTINGS, live=60_000), tmp_path) as opening:
        written = tmp_path / "truth.json"
        await asyncio.to_thread(wait_until, lambda: len(written.read_bytes().splitlines()) > 3 * 12 + 10)
    assert "  60000 more are sent in a minute\n" in as_text(opening)
    _, *truths = lines(tmp_path / "truth.json")
    assert {each["mailbox"] for each in truths[36:]} <= {each.email for each in opening.people}


async def test_without_a_directory_the_truth_is_not_written() -> None:
    async with serve(SETTINGS, None) as opening:
        assert "is written to truth.json with --write" in as_text(opening)
        assert opening.files == ()


async def test_without_mails_nothing_is_said_or_written(tmp_path: Path) -> None:
    async with serve(SimulatorSettings(), tmp_path) as opening:
        assert opening.mail is None
        assert "Mail\n" not in as_text(opening)
    assert not (tmp_path / "truth.json").exists()


async def test_a_file_of_somebody_else_is_left_alone_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text("{}\n")
    with pytest.raises(ConfigurationError) as caught:
        async with serve(SETTINGS, tmp_path):
            pass
    assert "truth.json" in str(caught.value.details)
    assert [path.name for path in tmp_path.iterdir()] == ["truth.json"]
    (tmp_path / "truth.json").write_text('{"written_by": "iacsgraph simulator", "seed": 0, "chairs": []}\n')
    async with serve(SETTINGS, tmp_path):
        assert len(lines(tmp_path / "truth.json")) == 37


@pytest.mark.parametrize("wrong", [{"mails": -1}, {"mails": 100_001}, {"live": -0.5}, {"live": 60_001}])
def test_settings_have_bounds(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SimulatorSettings(**wrong)


def test_the_command_has_the_bounds_of_the_settings() -> None:
    most = {
        each.name: each.type.max
        for each in simulator.params
        if isinstance(each.type, click.IntRange | click.FloatRange)
    }
    assert (most["mails"], most["live"]) == (MOST_MAILS, MOST_PER_MINUTE)


def test_the_command_takes_mails_and_a_rate(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "house").within(tmp_path / "house")
    options = ("--port", "0", "--mails", "4", "--live", "0.5", "--users", "2", "--write", ".")
    with shell.start("simulator", *options) as running:
        wait_until(lambda: said(running.out).endswith("Ctrl-C ends it.\n") or running.process.poll() is not None)
        text = said(running.out)
        done = running.stop(signal.SIGINT)
    assert (done.code, done.err) == (130, "")
    assert "  each person has 4\n  0.5 more are sent in a minute\n" in text
    assert len(lines(shell.directory / "truth.json")) == 9
