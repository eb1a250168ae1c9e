"""From the bytes of a page to mails: nothing is made up, and no message is lost by another one."""

import copy
import pickle
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.graph.decoding import Incomplete, Removed, decode_folder, decode_folders, decode_mail, decode_page
from adapters.graph.salvage import NoPageError
from adapters.graph.selection import ALWAYS, select
from domain.mail import (
    Attachment,
    AttachmentKind,
    BodyFormat,
    Importance,
    Mail,
    MailAddress,
    MailBody,
    MailPart,
    UnreadableMail,
)
from tests.adapters.graph.graph_pages import FOLDER, message, page, page_of, recipient, without, written

NOTHING: frozenset[str] = frozenset()
EVERYTHING = select(frozenset(MailPart)).fields
NEXT = "https://graph.example/v1.0/me/messages?$skip=%2B1"
PARTS: dict[str, Any] = {
    "body": {"contentType": "html", "content": "<p>Hello</p>"},
    "internetMessageHeaders": [{"name": "Received", "value": "from a"}, {"name": "Received", "value": "from b"}],
    "attachments": [
        {
            "@odata.type": "#microsoft.graph.fileAttachment",
            "id": "F=",
            "name": "logo.png",
            "contentType": "image/png",
            "size": 10,
            "isInline": True,
            "contentId": "logo",
        },
        {
            "@odata.type": "#microsoft.graph.itemAttachment",
            "id": "I=",
            "name": None,
            "contentType": None,
            "size": 20,
            "isInline": False,
        },
        {
            "@odata.type": "#microsoft.graph.referenceAttachment",
            "id": "L=",
            "name": "minutes",
            "contentType": None,
            "size": 0,
            "isInline": False,
        },
    ],
}
MAIL = Mail(
    message_id="AAMk1+/=",
    folder_id=FOLDER,
    internet_message_id="<1@example.org>",
    conversation_id="AAQk=",
    subject='Hull {"number": 1}, structures] 의견',
    sender=MailAddress("chair@example.org", "Chair"),
    sent_by=MailAddress("secretary@example.org", "secretary@example.org"),
    to=(MailAddress("a@example.org", "a@example.org"), MailAddress("b@example.org", "b@example.org")),
    bcc=(MailAddress("c@example.org", "c@example.org"),),
    received_at=datetime(2026, 3, 1, 10, 1, 11, tzinfo=UTC),
    sent_at=datetime(2026, 3, 1, 10, 0, 9, tzinfo=UTC),
    changed_at=datetime(2026, 3, 2, 8, tzinfo=UTC),
    is_read=True,
    is_draft=False,
    importance=Importance.NORMAL,
    has_attachments=False,
    categories=("red",),
    web_link="https://outlook.example/owa/?ItemID=1",
    preview="Dear all,\r\n",
    version="change-1",
)


def one(told: object, asked: frozenset[str] = NOTHING) -> object:
    """Return what the only message of a page comes to."""
    (entry,) = decode_page(page(told), asked).entries
    return entry


def refused(told: object, asked: frozenset[str] = NOTHING) -> UnreadableMail:
    """Return what the only message of a page comes to, which cannot be read."""
    entry = one(told, asked)
    assert isinstance(entry, UnreadableMail)
    assert entry.raw == written(told)
    return entry


def test_a_message_becomes_a_mail() -> None:
    """Every field comes from where it belongs, and a message that is read alone comes to the same."""
    found = decode_page(page(message(), message(2), next_link=NEXT), NOTHING)
    assert found.entries[0] == MAIL
    assert (len(found.entries), found.next_link, found.delta_link) == (2, NEXT, None)
    assert decode_mail(written(message()), NOTHING) == MAIL


def test_a_decoded_mail_is_a_mail_like_any_other() -> None:
    """It is frozen, hashed, copied, evolved and pickled as one that was constructed."""
    found = decode_mail(written(message()), NOTHING)
    assert isinstance(found, Mail)
    assert type(found) is Mail
    assert (hash(found), repr(found)) == (hash(MAIL), repr(MAIL))
    assert copy.deepcopy(found) == pickle.loads(pickle.dumps(found)) == MAIL  # noqa: S301 - our own
    assert attrs.evolve(found, subject="other") == attrs.evolve(MAIL, subject="other")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        found.subject = "other"  # type: ignore[misc]  # the point of the test
    with pytest.raises(AttributeError):
        found.anything = 1  # type: ignore[attr-defined]  # as above


def test_parts_are_there_if_they_were_asked_for() -> None:
    """Body, headers and attachments of every kind are told; unasked ones are none, whatever Graph sends."""
    found = one(message(**PARTS), EVERYTHING)
    assert isinstance(found, Mail)
    assert found.body == MailBody(format=BodyFormat.HTML, content="<p>Hello</p>")
    assert found.headers == (("Received", "from a"), ("Received", "from b"))
    file = Attachment(
        attachment_id="F=",
        name="logo.png",
        kind=AttachmentKind.FILE,
        media_type="image/png",
        size_bytes=10,
        is_inline=True,
        content_id="logo",
    )
    assert found.attachments is not None
    assert found.attachments[0] == file
    assert [each.kind for each in found.attachments] == [AttachmentKind.FILE, AttachmentKind.ITEM, AttachmentKind.LINK]
    assert one(message(**PARTS)) == MAIL


def test_what_a_message_may_not_have_is_none() -> None:
    """A draft has no authors, and a message that was never sent has no headers; null is none."""
    nulls = ["subject", "from", "sender", "bodyPreview", "sentDateTime", "lastModifiedDateTime", "webLink"]
    nulls += ["internetMessageId", "conversationId", "changeKey"]
    found = one(without(message(**dict.fromkeys(nulls)), "from", "sender"), frozenset({"internetMessageHeaders"}))
    assert isinstance(found, Mail)
    assert (found.subject, found.sender, found.sent_by, found.preview, found.sent_at) == (None, None, None, None, None)
    assert (found.headers, found.version) == ((), 'W/"etag-1"')
    bare = one(without(message(), *nulls, "toRecipients", "bccRecipients", "categories"))
    assert isinstance(bare, Mail)
    assert (bare.subject, bare.to, bare.categories) == (None, (), ())


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"emailAddress": {}}, MailAddress(None)),
        ({"emailAddress": {"name": "Chair"}}, MailAddress(None, "Chair")),
        ({"emailAddress": {"address": "/O=X500", "name": None}}, MailAddress("/O=X500")),
        ({"emailAddress": {"address": "", "name": ""}}, MailAddress("", "")),
    ],
)
def test_a_correspondent_may_lack_address_or_name(told: object, expected: MailAddress) -> None:
    """What is not told is None, and what is told stays as it is."""
    fields: dict[str, Any] = {"from": told, "toRecipients": [told]}
    found = one(message(**fields))
    assert isinstance(found, Mail)
    assert (found.sender, found.to) == (expected, (expected,))


def test_a_correspondent_of_whom_nothing_is_told_is_nobody_or_one_of_several() -> None:
    """Of a list none is left out."""
    found = one(message(**{"from": {}, "toRecipients": [{}, {"emailAddress": None}, recipient("a@x")]}))
    assert isinstance(found, Mail)
    assert (found.sender, found.to) == (None, (MailAddress(), MailAddress(), MailAddress("a@x", "a@x")))


def test_times_of_other_zones_are_the_same_times_in_utc() -> None:
    """An offset is converted."""
    found = one(message(receivedDateTime="2026-03-01T19:01:11+09:00", sentDateTime="2026-03-01T19:00:09+09:00"))
    assert found == MAIL
    assert isinstance(found, Mail)
    assert found.received_at.tzinfo is UTC


INDISPENSABLE = ("id", "parentFolderId", "receivedDateTime", "isRead", "isDraft", "importance", "hasAttachments")


@pytest.mark.parametrize("name", INDISPENSABLE)
def test_what_every_message_has_must_be_there(name: str) -> None:
    """A message without it, or with null in its place, is unreadable, and the problem names the field."""
    assert refused(without(message(), name)).problem == f"{name} is missing"
    assert refused(message(**{name: None})).problem == f"{name} does not fit"


@pytest.mark.parametrize("name", ["body", "attachments"])
def test_what_was_asked_for_must_be_there(name: str) -> None:
    """A server that ignores what it was asked for is not taken to say that there is nothing."""
    assert refused(message(), frozenset({name})).problem == f"{name} is missing"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", ""),
        ("id", 7),
        ("parentFolderId", ""),
        ("receivedDateTime", "2026-03-01T10:00:00"),
        ("receivedDateTime", "yesterday"),
        ("receivedDateTime", 1740823200),
        ("sentDateTime", "secret"),
        ("isRead", "true"),
        ("isDraft", 0),
        ("importance", "secret"),
        ("importance", "Normal"),
        ("hasAttachments", []),
        ("subject", 5),
        ("from", "secret"),
        ("from", {"emailAddress": "secret"}),
        ("toRecipients", None),
        ("toRecipients", [{"emailAddress": {"address": 5}}]),
        ("categories", None),
        ("categories", [1]),
        ("body", {"contentType": "secret", "content": "secret"}),
        ("body", {"contentType": "html"}),
        ("internetMessageHeaders", [{"name": "Subject"}]),
        ("attachments", [PARTS["attachments"][0] | {"@odata.type": "#microsoft.graph.secretAttachment"}]),
        ("attachments", [PARTS["attachments"][0] | {"size": -1}]),
    ],
)
def test_a_value_of_the_wrong_kind_makes_a_message_unreadable(name: str, value: object) -> None:
    """The problem names the field and never quotes it; the other messages of the page are read."""
    told = message(**{**PARTS, name: value})
    first, second, third = decode_page(page(message(**PARTS), told, message(3, **PARTS)), EVERYTHING).entries
    assert isinstance(first, Mail)
    assert isinstance(third, Mail)
    assert isinstance(second, UnreadableMail)
    assert (second.problem, second.raw) == (f"{name} does not fit", written(told))
    assert second.message_id == (None if name == "id" else "AAMk1+/=")


def test_a_time_before_all_time_makes_a_message_unreadable() -> None:
    """The first year has no hours before it in UTC."""
    assert refused(message(sentDateTime="0001-01-01T00:00:00+09:00")).problem == "a time does not fit"
    assert isinstance(one(message(sentDateTime="0001-01-01T00:00:00Z")), Mail)


@pytest.mark.parametrize("told", [{"error": {"code": "x", "message": "secret"}}, None, 5, [], {}])
def test_what_is_no_message_is_unreadable(told: object) -> None:
    """An error in the place of a message has been seen in searches; it has no id."""
    assert refused(told).message_id is None
    assert isinstance(decode_page(page(message(), told, message(2)), NOTHING).entries[2], Mail)


@pytest.mark.parametrize("damage", [b"\xff\xfe", b"\\ud83d", b"\\ud83d\\u0041", b"\\x", b"\n", b'"', b'","x":[', b""])
def test_a_message_that_is_no_json_is_lost_alone(damage: bytes) -> None:
    """Whatever stands in the place of a subject: the raw message is kept to the byte, and its id is known."""
    whole = [written(message(number)) for number in range(5)]
    broken = [*whole]
    broken[2] = broken[2].replace(b"Hull {", damage + b"{") if damage else broken[2][:-30]
    found = decode_page(page_of(*broken, next_link=NEXT), NOTHING)
    before = decode_page(page_of(*whole), NOTHING)
    assert found.next_link == NEXT
    assert [*found.entries[:2], *found.entries[3:]] == [*before.entries[:2], *before.entries[3:]]
    lost = found.entries[2]
    assert isinstance(lost, UnreadableMail)
    assert (lost.message_id, lost.raw) == ("AAMk2+/=", broken[2])


def test_damaged_messages_are_each_lost_alone() -> None:
    """Neighbours too, with what is no message between them, and whatever space there is."""
    broken = [written(message(number)).replace(b'"isRead":', b'"isRead":no') for number in range(4)]
    items = (
        broken[0],
        broken[1],
        broken[2],
        written(message(5)),
        b"null",
        b'{"error":{}}',
        written(message(6)),
        broken[3],
    )
    spaced = page_of(*(b"\r\n " + item + b"\t" for item in items), next_link=NEXT)
    found = decode_page(spaced, NOTHING)
    good = [entry.message_id for entry in found.entries if isinstance(entry, Mail)]
    assert good == ["AAMk5+/=", "AAMk6+/="]
    lost = [entry for entry in found.entries if isinstance(entry, UnreadableMail)]
    assert [entry.message_id for entry in lost] == ["AAMk0+/=", "AAMk1+/=", "AAMk2+/=", None, None, "AAMk3+/="]
    assert [entry.raw for entry in lost] == [*broken[:3], b"null", b'{"error":{}}', broken[3]]
    assert found.next_link == NEXT


def test_what_is_refused_is_not_quoted() -> None:
    """Neither the error nor what led to it holds anything that came."""
    with pytest.raises(NoPageError) as caught:
        decode_page(page(message(importance="secret"))[:-1], NOTHING)
    error: BaseException | None = caught.value
    assert error is not None
    assert (str(error), error.__cause__, error.__context__) == ("", None, None)


def test_an_unknown_field_is_none_of_our_business() -> None:
    """Graph may tell more than it was asked for."""
    extra: dict[str, Any] = {
        "@odata.type": "#microsoft.graph.eventMessage",
        "flag": {"flagStatus": "flagged"},
        "error": None,
    }
    assert one(message(**extra)) == MAIL
    assert decode_page(page(message())[:-1] + b',"error":null}', NOTHING).entries == [MAIL]


REMOVED = {"@odata.type": "#microsoft.graph.message", "id": "gone", "@removed": {"reason": "deleted"}}


def test_changes_tell_what_was_removed_and_what_they_do_not_tell_whole() -> None:
    """In a page of changes a field that is not told may have been told before: nothing is made up for it."""
    partly = {"@odata.etag": "x", "id": "partly", "isRead": True}
    items = (message(), REMOVED, partly, without(message(4), "from"), message(5, isRead=None), {"id": "x", "isRead": 5})
    found = decode_page(page(*items, delta_link=NEXT), NOTHING, updates=True)
    assert found.delta_link == NEXT
    assert found.entries[:4] == [MAIL, Removed("gone"), Incomplete("partly"), Incomplete("AAMk4+/=")]
    assert [type(entry) for entry in found.entries[4:]] == [UnreadableMail] * 2


@pytest.mark.parametrize("name", [*ALWAYS[1:], "body", "internetMessageHeaders", "attachments"])
def test_every_field_is_wanted_of_a_change(name: str) -> None:
    """Also those that a whole message may lack."""
    told = without(message(**PARTS), name)
    assert decode_page(page(told), EVERYTHING, updates=True).entries == [Incomplete("AAMk1+/=")]


def test_a_removal_counts_whatever_else_is_told() -> None:
    """A removed message may be told whole, and `@removed` may be null."""
    told = [message(**{"@removed": {"reason": "changed"}}), message(2, **{"@removed": None})]
    removed, kept = decode_page(page(*told), NOTHING, updates=True).entries
    assert removed == Removed("AAMk1+/=")
    assert isinstance(kept, Mail)


def test_messages_that_lack_little_stand_where_they_were() -> None:
    """A draft without a sender among whole mails is incomplete, and a time before all time unreadable; no more."""
    early = message(3, receivedDateTime="0001-01-01T00:00:00+14:00")
    items = (message(), without(message(2), "from"), early, message(4))
    first, draft, unreadable, last = decode_page(page(*items), NOTHING, updates=True).entries
    assert (first, draft) == (MAIL, Incomplete("AAMk2+/="))
    assert (type(unreadable), type(last)) == (UnreadableMail, Mail)


NO_PAGES = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"<html>502</html>",
    b'{"value":{}}',
    b'{"value":null}',
    b'{"value":[],"@odata.nextLink":5}',
    b'{"value":[],"@odata.nextLink":""}',
    b'{"value":[],"error":{"code":"x"}}',
    b'{"value":[\xff],"error":{"code":"x"}}',
    b'{"error":{"code":"x"}}',
    page(message()).decode().encode("utf-16"),
]


@pytest.mark.parametrize("answer", NO_PAGES)
def test_what_is_no_page_is_refused(answer: bytes) -> None:
    """An envelope that is wrong is an answer that failed."""
    with pytest.raises(NoPageError):
        decode_page(answer, NOTHING)


def test_a_page_that_is_cut_off_is_refused_wherever_that_is() -> None:
    """Otherwise a query would end too early, and nobody would know."""
    whole = page(message(1, **PARTS), message(2, categories=["a", "b"]), {"id": "x", "categories": []}, next_link=NEXT)
    for length in range(len(whole)):
        with pytest.raises(NoPageError):
            decode_page(whole[:length], NOTHING)
    assert len(decode_page(whole + b"\n ", NOTHING).entries) == 3


def test_a_single_message_is_refused_where_it_is_cut_off() -> None:
    """It is asked for again; what is whole and does not fit is unreadable."""
    whole = written(message(**PARTS))
    for length in range(len(whole)):
        with pytest.raises(NoPageError):
            decode_mail(whole[:length], NOTHING)
    for other in (b'{"error":{"code":"x"}}', b"[]", b"<html></html>"):
        with pytest.raises(NoPageError):
            decode_mail(other, NOTHING)
    assert isinstance(decode_mail(whole.replace(b"Hull", b"\\ud800"), NOTHING), UnreadableMail)
    assert isinstance(decode_mail(b"{}", NOTHING), UnreadableMail)


def test_folders_are_never_guessed_at() -> None:
    """A page of folders with one that does not fit is an answer that failed."""
    good = {"id": "F", "displayName": "Inbox", "childFolderCount": 0, "totalItemCount": 2, "unreadItemCount": 1}
    assert decode_folders(page(good)).value[0].display_name == "Inbox"
    assert decode_folder(written(good)).unread_item_count == 1
    for wrong in (without(good, "displayName"), good | {"totalItemCount": -1}, good | {"id": ""}):
        with pytest.raises(NoPageError):
            decode_folders(page(wrong))
        with pytest.raises(NoPageError):
            decode_folder(written(wrong))


PIECES = st.sampled_from(
    [
        b'"',
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"},{",
        b"\xff",
        b"\\ud800",
        b"\x00",
        b'{"id":"x"}',
        b"nul",
        b"\n",
    ]
)
JUNK = st.lists(PIECES | st.binary(max_size=4), max_size=4).map(b"".join)


@given(which=st.integers(0, 3), at=st.integers(0, 3000), length=st.integers(0, 60), junk=JUNK, last=st.booleans())
def test_a_mutation_of_one_message_loses_no_other(
    which: int,
    at: int,
    length: int,
    junk: bytes,
    last: bool,  # noqa: FBT001 - as above
) -> None:
    """Some bytes of a message are replaced by others: all other messages come to what they came to before."""
    whole = [written(message(number, **PARTS)) for number in range(4)]
    broken = [*whole]
    at %= len(whole[which]) + 1
    broken[which] = whole[which][:at] + junk + whole[which][at + length :]
    link = None if last else NEXT
    expected = [
        entry for number, entry in enumerate(decode_page(page_of(*whole), EVERYTHING).entries) if number != which
    ]
    try:
        found = decode_page(page_of(*broken, next_link=link), EVERYTHING)
    except NoPageError:
        assert which == 3
        assert last
        return
    mails = [entry for entry in found.entries if isinstance(entry, Mail)]
    others = [mail for mail in mails if mail in expected]
    assert others == expected
    assert len(mails) <= len(whole)
    assert found.next_link == link
    assert all(entry.raw in page_of(*broken) for entry in found.entries if isinstance(entry, UnreadableMail))


@given(st.binary(max_size=300) | st.lists(PIECES, max_size=30).map(lambda parts: b'{"value":[' + b"".join(parts)))
def test_no_bytes_do_any_harm(answer: bytes) -> None:
    """Whatever comes, it is a page, a message, or refused."""
    for decode in (
        lambda: decode_page(answer, NOTHING),
        lambda: decode_page(answer, EVERYTHING, updates=True),
        lambda: decode_mail(answer, NOTHING),
        lambda: decode_folders(answer),
    ):
        try:
            decode()
        except NoPageError:
            continue


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting_without_end_does_no_harm(opening: bytes) -> None:
    """A message that is nested deeper than anything can follow is lost alone."""
    deep = b'{"id":"deep","x":' + opening * 100_000 + b"}"
    found = decode_page(page_of(written(message()), deep, written(message(2)), next_link=NEXT), NOTHING)
    assert [type(entry) for entry in found.entries] == [Mail, UnreadableMail, Mail]
