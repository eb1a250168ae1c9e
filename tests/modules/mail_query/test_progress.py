"""What people see of a query that is under way, and how wide a table becomes."""

import io
import sys

import pytest

from modules.mail_query.fields import Found, named
from modules.mail_query.progress import Progress
from modules.mail_query.querying import progress_for
from modules.mail_query.sinks import Sink
from modules.mail_query.wishes import Form, wishes
from modules.mail_query.writers import TableWriter
from tests.modules.mail_query.desk import NOON, SEOUL, Desk, a_mail, options


class Terminal(io.TextIOWrapper):
    """Says that somebody looks at it."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def isatty(self) -> bool:
        return True

    @property
    def text(self) -> str:
        self.flush()
        raw = self.buffer
        assert isinstance(raw, io.BytesIO)
        return raw.getvalue().decode()


def test_progress_is_one_line_that_goes_away() -> None:
    terminal = Terminal()
    progress = Progress(stream=terminal, expected=3, begun=2, ended=1, mails=1234)
    progress.draw()
    assert terminal.text == "\r\x1b[2K1 of 3 mailboxes done, 1 under way, 1234 mails"
    progress.clear()
    progress.clear()
    assert terminal.text.endswith("1234 mails\r\x1b[2K")


@pytest.mark.parametrize(
    ("form", "out", "err", "drawn"),
    [
        ("table", True, True, True),
        ("table", False, True, False),
        ("table", True, False, False),
        ("json", True, True, False),
        ("csv", True, True, False),
    ],
)
def test_progress_is_drawn_only_where_people_read_both_outputs(
    form: Form,
    out: bool,  # noqa: FBT001 - whether it is a terminal
    err: bool,  # noqa: FBT001 - as above
    drawn: bool,  # noqa: FBT001 - as above
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal() if out else io.StringIO())
    monkeypatch.setattr(sys, "stderr", Terminal() if err else io.StringIO())
    progress = progress_for(wishes(options("kim", form=form), NOON, SEOUL))
    assert (progress.stream is not None) is drawn


async def test_a_table_is_as_wide_as_the_terminal_and_progress_never_stands_in_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    kim = await desk.enrol("kim")
    for minute in range(5):
        desk.deliver(kim, f"mail-{minute}", minute=minute, subject="A long subject " * 20, is_read=False)
    assert await desk.query("kim") == 0
    lines = [line.rpartition("\x1b[2K")[2].rstrip("\n") for line in terminal.text.splitlines(keepends=True)]
    rows = [line for line in lines if line.startswith("2026-")]
    assert len(rows) == 5
    assert all(len(row) <= 90 for row in rows)
    assert all("A long subject" in row and "..." in row and "mailboxes" not in row for row in rows)
    assert lines[-1] == "", "nothing of it stays"


async def test_progress_ends_with_every_mailbox_done_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    kim = await desk.enrol("kim")
    for number in range(5):
        desk.deliver(kim, f"mail-{number}")
    assert await desk.query("kim", "nobody", "KIM") == 6
    drawn = [part for part in terminal.text.split("\r\x1b[2K") if "under way" in part]
    assert drawn[-1] == "2 of 2 mailboxes done, 0 under way, 5 mails"


async def test_a_narrow_terminal_gets_the_least_widths() -> None:
    raw = io.BytesIO()
    sink = Sink(raw=raw)
    writer = TableWriter(sink=sink, fields=named(("received", "subject", "id")), zone=SEOUL, columns=20)
    writer.begin()
    mail = a_mail("an-id-that-is-long", "folder", subject="Subject " * 5)
    writer.page([Found(user_id="kim", mail=mail)])
    await sink.flush()
    _, _, row = raw.getvalue().decode().splitlines()
    assert row == "2026-03-01 21:00  Subject Subject S...  an-id-that-is-long"
