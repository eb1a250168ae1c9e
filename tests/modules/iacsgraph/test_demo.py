"""`demo`: the whole way shown and proved, whatever is configured, and nothing left of it however it ends."""

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, Any

import attrs
import pytest

from modules.iacsgraph.comparison import OF_MESSAGE, Difference
from modules.iacsgraph.demo import Wishes, demonstrate
from modules.iacsgraph.local_office import PROGRAM
from modules.iacsgraph.schema import DemoReport
from modules.iacsgraph.telling import ILL, WELL, report_lines
from tests.modules.auth.seeds import OLD, canaries
from tests.modules.iacsgraph.shell import Done, Running, Shell, said, wait_until
from tests.test_readmes import ENGLISH, excerpt, text_of

FEW, MANY = "90", "600"


def misled(directory: Path) -> Shell:
    """Return a shell in which everything that is set is wrong, or leads elsewhere."""
    cwd, temporary = directory / "cwd", directory / "tmp"
    temporary.mkdir()
    shell = Shell(cwd).within(cwd)
    (cwd / ".env").write_text("LOG_LEVEL=loud\nmalformed\n")
    (cwd / "modules").mkdir()
    (cwd / "modules/__init__.py").write_text("raise SystemExit('of the working directory')")
    return shell.having(
        TMPDIR=str(temporary),
        ENCRYPTION_KEY=OLD,
        DATABASE_PATH="/dev/null/nonexistent/x.db",
        IACSGRAPH_ENV_FILE="/nonexistent/env",
        AUTH_LOG_FILE="auth.log",
        IDENTITY_PROVIDER="memory",
        AZURE_AUTHORITY="https://login.invalid",
        AZURE_CLIENT_SECRET=canaries("nobody")[2],
        AZURE_CLIENT_ID="nobody",
        EVENT_BUS="kafka",
        KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1",
        KAFKA_TOPIC_EMAIL_EVENTS="elsewhere",
        MAIL_CHAIRS="@office.example",
        MAIL_SYNC_EXCLUDE="inbox",
        MAIL_SYNC_DAYS="1",
        UP_LISTEN="nowhere",
        OPENAI_API_KEY="sk-never",
        OPENAI_BASE_URL="http://127.0.0.1:1",
    )


def processes() -> dict[int, int]:
    """Return the parent of each process that has not ended."""
    command = ["ps", "-A", "-o", "pid=,ppid=,stat="]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listing.splitlines()]
    return {int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")}


def children(process: "subprocess.Popen[bytes]") -> list[int]:
    return [pid for pid, parent in processes().items() if parent == process.pid]


def is_office(pid: int) -> bool:
    """Return whether it is a local Microsoft 365, and no reader of mails."""
    command = ["ps", "-o", "args=", "-p", str(pid)]
    return PROGRAM in subprocess.run(command, capture_output=True, text=True, check=False).stdout


def is_there(pid: int) -> bool:
    return pid in processes()


def left_behind(shell: Shell) -> list[str]:
    here = [*Path(shell.variables["TMPDIR"]).iterdir(), *shell.directory.iterdir()]
    return [path.name for path in here if path.name not in {".env", "modules"}]


def has_said(file: IO[bytes], text: str) -> bool:
    return text in said(file)


def started(running: Running, text: str) -> int:
    """Wait until it has said this on standard output; return the process of its local Microsoft 365."""
    wait_until(lambda: text in said(running.out) or running.process.poll() is not None)
    assert running.process.poll() is None, said(running.err)
    (child,) = filter(is_office, children(running.process))
    return child


@attrs.frozen
class Play:
    """A demonstration that has been started, and where."""

    shell: Shell
    running: Running


@pytest.fixture(scope="module")
def playing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Play]]:
    """Demonstrations by option, side by side while the tests go on: each mostly waits for tokens to expire."""
    with ExitStack() as stack:
        shells = {option: misled(tmp_path_factory.mktemp("demo")) for option in ("--once", "--json", "--seed=1")}
        yield {
            option: Play(shell, stack.enter_context(shell.start("demo", option, "--mails", FEW)))
            for option, shell in shells.items()
        }


def wrong_about_one(document: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Say of one response that another society sent it, of one newsletter that it is wanted, of one mail all else."""
    changed = [{**each, "truth": dict(each["truth"])} for each in document]
    in_inbox = [each["truth"] for each in changed if each["within"][0] == "inbox"]
    next(each for each in in_inbox if each["mail_type"] == "RESPONSE")["response_org"] = "XYZ"
    next(each for each in in_inbox if each["unwanted_because"])["unwanted_because"] = None
    wanted = next(each for each in changed if each["within"][0] == "inbox" and each["truth"]["wanted"])
    wanted.update({name: f"not {wanted[name]}" for name in OF_MESSAGE})
    return changed


def without(names: Sequence[str], differences: Sequence[Difference]) -> list[Difference]:
    return [each for each in differences if each.field not in names]


@pytest.mark.usefixtures("playing")  # which go on meanwhile
async def test_a_difference_from_the_truth_fails_and_is_named_and_there_is_no_live_mail() -> None:
    told: list[str] = []
    shown: list[DemoReport] = []
    wishes = Wishes(mails=int(FEW), seed=0, once=False, say=told.append, truth=wrong_about_one)
    report = await demonstrate(wishes, shown.append)
    assert shown == [report]
    assert not report.passed
    assert {"response_org", "result", "responded", *OF_MESSAGE} <= {each.field for each in report.differences}
    lines = list(report_lines(attrs.evolve(report, differences=without(OF_MESSAGE, report.differences))))
    assert lines[-1] == ILL
    assert any(line.startswith("[FAIL] response_org of P") and "expected 'XYZ', got " in line for line in lines)
    assert any(line.startswith("[FAIL] result of ") and "got 'dropped: " in line for line in lines)
    assert any(line.startswith("[FAIL] responded of P") for line in lines), "and the agenda stands otherwise"
    assert not any("Ctrl-C" in line for line in told)


def test_it_passes_whatever_the_settings_and_leaves_nothing_behind(playing: Mapping[str, Play]) -> None:
    """Once as text and once as JSON."""
    text, document = playing["--once"].running.end(), playing["--json"].running.end()
    assert (text.code, document.code) == (0, 0), text.said + document.said
    report = document.document
    lines = [line for section in report["sections"] for line in section["lines"]]
    assert report["passed"] is True
    assert report["differences"] == []
    assert report["counts"]["mails"] == report["counts"]["announced"] + report["counts"]["dropped"] > 60
    assert report["counts"]["fields"] > 20 * report["counts"]["announced"]
    assert report["counts"]["deliveries"] == report["counts"]["published"] == report["counts"]["events"]
    assert report["counts"]["refreshes"] >= 2 * report["counts"]["enrolled"] == 6
    assert report["agendas"]
    assert all(len(each["responded"]) <= each["members"] == 12 for each in report["agendas"])
    assert len(text.out.splitlines()) <= 45
    assert text.out.splitlines()[-1] == WELL
    assert sum(line.startswith("[ok]") for line in text.out.splitlines()) == sum(
        line["passed"] is True for line in lines
    )
    assert "1,000 callers at once, one expired token: 1 refresh, 1 new token" in text.out
    shown = [line.split(": ")[0] for line in excerpt(text_of(ENGLISH)) if line.startswith("[ok]")]
    assert {re.sub(r"^\[ok\] +", "", line) for line in shown} == {line["title"] for line in lines if line["passed"]}
    for each in (text, document):
        assert canaries("nobody")[2] not in each.said
        assert "sk-never" not in each.said
        assert "eyJ" not in each.said, "no token is told"
    assert left_behind(playing["--once"].shell) == left_behind(playing["--json"].shell) == []


def test_it_goes_on_with_live_mail_until_ctrl_c(playing: Mapping[str, Play]) -> None:
    shell, running = playing["--seed=1"].shell, playing["--seed=1"].running
    child = started(running, "Ctrl-C ends it.")
    wait_until(lambda: said(running.out).count("email.received  ") >= 3)
    done = running.stop(signal.SIGINT)
    assert done.code == 0, done.said
    assert WELL in done.out.splitlines()
    assert done.out.splitlines()[-1] == "Ended."
    assert "Traceback" not in done.said
    assert not is_there(child)
    assert left_behind(shell) == []


@attrs.frozen
class Ended:
    """How a demonstration ended to which something was done while it synced."""

    shell: Shell
    child: int
    done: Done


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Ended]:
    """Demonstrations by what was done to them: a signal, or their local Microsoft 365 killed. All side by side."""
    deeds: dict[str, Callable[[Running, int], None]] = {
        "SIGINT": lambda running, _: running.process.send_signal(signal.SIGINT),
        "SIGTERM": lambda running, _: running.process.send_signal(signal.SIGTERM),
        "gone": lambda _, child: os.kill(child, signal.SIGKILL),
    }
    with ExitStack() as stack:
        plays = dict[str, Play]()
        for name in deeds:
            shell = misled(tmp_path_factory.mktemp(name))
            plays[name] = Play(shell, stack.enter_context(shell.start("demo", "--mails", MANY)))
        children_of = dict[str, int]()
        for name, do in deeds.items():
            running = plays[name].running
            children_of[name] = started(running, "Syncing, processing")
            wait_until(partial(has_said, running.err, "synced"))
            do(running, children_of[name])
        return {name: Ended(play.shell, children_of[name], play.running.end()) for name, play in plays.items()}


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_interrupted_while_it_syncs_it_ends_and_leaves_nothing_behind(
    ended: Mapping[str, Ended], name: str, code: int
) -> None:
    each = ended[name]
    assert each.done.code == code, each.done.said
    assert "Traceback" not in each.done.said
    assert not is_there(each.child)
    assert left_behind(each.shell) == []


def test_it_says_that_its_local_microsoft_365_is_gone(ended: Mapping[str, Ended]) -> None:
    each = ended["gone"]
    assert each.done.code == 1
    assert "SIMULATOR_GONE" in each.done.err
    assert left_behind(each.shell) == []


def test_killed_it_leaves_no_process(tmp_path: Path) -> None:
    with misled(tmp_path).start("demo", "--mails", FEW) as running:
        child = started(running, "Enrolling")
        assert is_there(child)
        running.process.kill()
        running.process.wait()
        wait_until(lambda: not is_there(child))
