"""What Graph is asked to tell, and how."""

from msgspec.structs import fields

from adapters.graph.records import MessageRecord
from adapters.graph.selection import ALWAYS, select
from domain.mail import MailPart


def test_only_what_is_wanted_is_asked_for() -> None:
    """Without parts there is one option and no preference."""
    selection = select(frozenset())
    assert selection.options == {"$select": ",".join(ALWAYS)}
    assert not selection.prefer
    assert not selection.fields
    assert not selection.has_bodies


def test_each_part_has_its_own_way_to_be_asked_for() -> None:
    """Bodies come as they are stored, unless text is wanted; attachments without their contents."""
    body, text = select({MailPart.BODY}), select({MailPart.TEXT_BODY})
    assert body.options["$select"].endswith(",changeKey,body")
    assert not body.prefer
    assert body.fields == {"body"}
    assert body.has_bodies
    assert (text.options, text.fields) == (body.options, body.fields)
    assert text.prefer == ('outlook.body-content-type="text"',)
    assert select({MailPart.HEADERS}).options["$select"].endswith(",internetMessageHeaders")
    attachments = select({MailPart.ATTACHMENTS})
    assert attachments.options["$expand"].startswith("attachments($select=id,name,contentType,size,isInline")
    assert "contentBytes" not in attachments.options["$expand"]
    assert attachments.fields == {"attachments"}
    assert not attachments.has_bodies


def test_a_message_has_one_body() -> None:
    """If both forms are asked for it is text."""
    assert select(frozenset(MailPart)).prefer == select({MailPart.TEXT_BODY}).prefer
    assert select(frozenset(MailPart)).options["$select"].count("body,") == 1


def test_all_that_is_read_is_asked_for_and_all_that_is_asked_for_is_read() -> None:
    """A field that is selected and not read would be transferred for nothing; the other way round it would be lost."""
    read = {field.encode_name for field in fields(MessageRecord) if not field.encode_name.startswith("@")}
    assert {*ALWAYS, *select(frozenset(MailPart)).fields} == read
