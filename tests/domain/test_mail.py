"""What a mail and a folder are, and how a person names a folder."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.account import Account, AuthFlow
from domain.errors import ValidationError
from domain.mail import (
    BodyFormat,
    FolderRole,
    Importance,
    Mail,
    MailAddress,
    MailBody,
    MailboxOwner,
    MailChanges,
    MailFolder,
    UnreadableMail,
    find_folder,
    folder_path,
)
from tests.domain.strategies import accounts

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
MAIL = Mail(
    message_id="m",
    folder_id="f",
    received_at=NOON,
    is_read=False,
    is_draft=False,
    importance=Importance.NORMAL,
    has_attachments=False,
)
CANARY = "canary-of-a-mail"
NAMES = st.text(st.sampled_from("ab/ "), max_size=4).map(lambda inside: f"x{inside}x")


def _changed(**changes: Any) -> Mail:  # noqa: ANN401 - the fields of a mail
    return attrs.evolve(MAIL, **changes)


def _folder(name: str, parent: MailFolder | None = None, role: FolderRole | None = None) -> MailFolder:
    path = folder_path(None if parent is None else parent.path, name)
    return MailFolder(
        folder_id=f"id of {path}",
        parent_id=None if parent is None else parent.folder_id,
        name=name,
        path=path,
        role=role,
        total=0,
        unread=0,
    )


INBOX = _folder("Posteingang", role=FolderRole.INBOX)
PROJECTS, OLD = _folder("Projects"), _folder("Old")
SURVEY, OLD_SURVEY = _folder("Hull survey", PROJECTS), _folder("Hull survey", OLD)
FOLDERS = (INBOX, PROJECTS, OLD, SURVEY, OLD_SURVEY, _folder("Gesendete Elemente", role=FolderRole.SENT))


def test_a_mail_has_ids() -> None:
    for ids in ({"message_id": ""}, {"folder_id": ""}):
        with pytest.raises(ValidationError) as caught:
            _changed(**ids)
        assert caught.value.error_code == "MAIL_WITHOUT_ID"


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=9))], ids=["naive", "elsewhere"])
def test_a_mail_is_received_at_a_time_in_utc(zone: timezone | None) -> None:
    with pytest.raises(ValidationError) as caught:
        attrs.evolve(MAIL, received_at=NOON.replace(tzinfo=zone))
    assert caught.value.error_code == "NOT_UTC"


def test_recipients_are_those_of_to_cc_and_bcc_in_this_order() -> None:
    ann, bob, cem = (MailAddress(f"{name}@example.com") for name in ("ann", "bob", "cem"))
    mail = attrs.evolve(MAIL, to=(ann,), cc=(bob,), bcc=(cem,), reply_to=(MailAddress("list@example.com"),))
    assert mail.recipients == (ann, bob, cem)


@pytest.mark.parametrize(
    ("correspondent", "shown"),
    [
        (MailAddress("kim@example.com", "Kim"), "Kim <kim@example.com>"),
        (MailAddress("kim@example.com", "kim@example.com"), "kim@example.com"),
        (MailAddress("kim@example.com"), "kim@example.com"),
        (MailAddress(None, "Kim"), "Kim"),
        (MailAddress(None), ""),
    ],
)
def test_a_correspondent_is_shown_by_what_is_known(correspondent: MailAddress, shown: str) -> None:
    assert str(correspondent) == shown


def test_no_representation_shows_what_a_mail_says() -> None:
    person = MailAddress(f"{CANARY}@example.com", CANARY)
    mail = attrs.evolve(
        MAIL,
        subject=CANARY,
        sender=person,
        sent_by=person,
        to=(person,),
        cc=(person,),
        bcc=(person,),
        reply_to=(person,),
        preview=CANARY,
        body=MailBody(format=BodyFormat.TEXT, content=CANARY),
        headers=(("X", CANARY),),
        web_link=CANARY,
    )
    damaged = UnreadableMail(message_id="m", raw=CANARY.encode(), problem="no date")
    assert CANARY not in f"{mail!r}{damaged!r}{MailChanges(changed=[mail], cursor=CANARY, complete=True)!r}"


@given(account=accounts())
@settings(max_examples=5)
def test_a_mailbox_is_addressed_only_where_no_person_has_signed_in(account: Account) -> None:
    of_person = MailboxOwner.of(account, AuthFlow.AUTHORIZATION_CODE)
    of_daemon = MailboxOwner.of(account, AuthFlow.CLIENT_CREDENTIALS)
    assert (of_person.user_id, of_person.address) == (account.user_id, None)
    assert (of_daemon.user_id, of_daemon.address) == (account.user_id, account.email)


@pytest.mark.parametrize("blank", ["", " ", " kim"])
def test_an_owner_has_a_name(blank: str) -> None:
    with pytest.raises(ValidationError):
        MailboxOwner(user_id=blank)
    with pytest.raises(ValidationError):
        MailboxOwner(user_id="kim", address=blank)


def test_a_path_is_the_names_from_the_top() -> None:
    assert SURVEY.path == "Projects/Hull survey"


def test_a_slash_in_a_name_is_doubled() -> None:
    assert folder_path(folder_path(None, "In/Out"), "2024") == "In//Out/2024"


@given(names=st.lists(NAMES, min_size=1, max_size=4))
def test_a_path_can_be_taken_apart_again(names: list[str]) -> None:
    """Of names that neither begin nor end with a slash; which folder a slash there belongs to, a path cannot tell."""
    path: str | None = None
    for name in names:
        path = folder_path(path, name)
    assert path is not None
    assert [part.replace("\0", "/") for part in path.replace("//", "\0").split("/")] == names


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("inbox", INBOX),
        ("INBOX", INBOX),
        (" posteingang ", INBOX),
        ("sent items", FOLDERS[-1]),
        ("SentItems", FOLDERS[-1]),
        ("projects/hull SURVEY", SURVEY),
        (SURVEY.folder_id, SURVEY),
        (SURVEY.folder_id.upper(), None),
        ("Old", OLD),
        ("survey", None),
        ("archive", None),
        ("", None),
    ],
)
def test_a_folder_is_found_by_role_id_path_or_name(wanted: str, meant: MailFolder | None) -> None:
    assert find_folder(FOLDERS, wanted) is meant


def test_a_name_that_several_folders_have_is_refused_with_their_paths() -> None:
    with pytest.raises(ValidationError, match="'Projects/Hull survey', 'Old/Hull survey'") as caught:
        find_folder(FOLDERS, "hull survey")
    assert caught.value.error_code == "FOLDER_AMBIGUOUS"


def test_a_name_for_a_role_means_the_folder_that_has_it_wherever_others_of_that_name_stand() -> None:
    own, real = _folder("Archive"), _folder("Archiv", role=FolderRole.ARCHIVE)
    for folders in ((own, real), (real, own)):
        assert find_folder(folders, "archive") is real


def test_a_folder_at_the_top_goes_before_one_of_the_same_name_inside_another() -> None:
    inside, top = _folder("Old", PROJECTS), OLD
    for folders in ((inside, top), (top, inside)):
        assert find_folder(folders, "old") is top


@given(wanted=st.sampled_from(FOLDERS))
def test_every_folder_can_be_meant_by_its_path_and_by_its_id(wanted: MailFolder) -> None:
    assert find_folder(FOLDERS, wanted.path) is wanted
    assert find_folder(FOLDERS, wanted.folder_id) is wanted
