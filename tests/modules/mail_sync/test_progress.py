"""What people see of a sync that is under way."""

from application.mail_sync import SyncReport, SyncStep
from domain.mail_sync import Stored, SyncPhase
from modules.mail_sync.progress import SyncProgress
from tests.modules.mail_query.test_progress import Terminal


def step(told: int, folder: str = "Inbox") -> SyncStep:
    """Return a step of Kim's sync."""
    return SyncStep(
        user_id="kim",
        folder=folder,
        phase=SyncPhase.ROUND,
        number=1,
        folders=3,
        total=250,
        told=told,
        stored=Stored(new=told),
    )


def test_each_mailbox_has_a_bar_that_goes_away() -> None:
    terminal = Terminal()
    with SyncProgress(stream=terminal) as progress:
        progress.hear(step(100))
        assert "kim" in terminal.text
        assert "100/250" in terminal.text
        assert "1/3 Inbox" in terminal.text
        progress.end(SyncReport(user_id="kim"))
        progress.end(SyncReport(user_id="nobody"))
    assert "\x1b[2K" in terminal.text.rpartition("kim")[2], "the line was cleared behind it"


def test_more_mails_than_were_expected_do_not_overfill_the_bar() -> None:
    terminal = Terminal()
    with SyncProgress(stream=terminal) as progress:
        progress.hear(step(300))
    assert "300/300" in terminal.text


def test_the_names_that_people_give_to_folders_do_not_steer_the_terminal() -> None:
    terminal = Terminal()
    with SyncProgress(stream=terminal) as progress:
        progress.hear(step(1, "\x1b[31mred [bold]"))
    assert "\x1b[31mred" not in terminal.text
    assert "[bold]" in terminal.text
