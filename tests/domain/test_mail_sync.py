"""How far a folder is copied, as it becomes so step by step."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.account import AccountId
from domain.mail import MailChanges
from domain.mail_sync import FolderSync, SyncPhase

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)
FOLLOWING = FolderSync(account_id=AccountId("a"), folder_id="f", path="Inbox", phase=SyncPhase.FOLLOWING, cursor="c")
FIRST = FOLLOWING.after(MailChanges(cursor="page", complete=False), NOON)


def test_changes_of_several_pages_tell_what_happened_until_the_first_was_asked_for() -> None:
    assert FIRST.complete_at is None
    done = FIRST.after(MailChanges(cursor="done", complete=True), LATER)
    assert (done.complete_at, done.asked_at, done.cursor) == (NOON, None, "done")
    assert done.after(MailChanges(cursor="done", complete=True), LATER).complete_at == LATER


@pytest.mark.parametrize("anew", [FIRST.restarted(), FIRST.lost()])
def test_a_folder_that_begins_anew_has_asked_for_nothing(anew: FolderSync) -> None:
    assert (anew.asked_at, anew.cursor) == (None, None)
