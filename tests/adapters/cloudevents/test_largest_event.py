"""Whatever a mail holds, its event has at most 512 KiB: buses take it, and it can be put aside whole."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.cloudevents.event_codec import CloudEventCodec
from domain.account import AccountId
from domain.correspondence.analysis import Analysis
from domain.correspondence.assessment import assess
from domain.correspondence.senders import ChairRoster
from domain.dead_letters import LARGEST_BYTES
from domain.events import EmailReceived, received_event_id
from domain.mail import Importance, Mail, MailAddress
from domain.mail_results import LARGEST_BODY_BYTES, LARGEST_EVENT_BYTES, EmailInfo
from domain.mail_sync import mail_id_of
from ports.event_codec import EncodedEvent
from tests.contracts.properties import QUICK
from tests.contracts.test_event_codec import delivered

CODEC = CloudEventCodec()
AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
LONG_NAME = '"' * 320
"""Longer than any address may be."""
AWKWARD = [
    '"',
    "\\",
    "\n",
    "\r\n",
    "\t",
    "\x00",
    "\x1f",
    "\x7f",
    "\x9f",
    "\ud800",
    "\udfff",
    "각",
    "\U0010ffff",
    "e\u0301",
]
CODES = [f"PL25{number:03}b_ILb " for number in range(400)]
ANY_TEXT = st.text() | st.lists(st.sampled_from([*AWKWARD, *CODES[:9], "RE: ", "urgent ", "a "])).map("".join)


def mail_with(text: str) -> Mail:
    """Return a mail in which every text is this one."""
    return Mail(
        message_id="message",
        folder_id="inbox",
        internet_message_id=text,
        subject=text,
        sender=MailAddress(address=text, name=text),
        received_at=AT,
        is_read=False,
        is_draft=False,
        importance=Importance.NORMAL,
        has_attachments=False,
        web_link=text,
        headers=(("Subject", text), ("From", text)),
    )


def told(text: str) -> tuple[EmailInfo, EncodedEvent]:
    """Return what is told of such a mail by an account whose names are as long as can be."""
    account_id = AccountId(LONG_NAME)
    mail_id = mail_id_of(account_id, "message")
    verdict = assess(mail_with(text), text, Analysis(keywords=(text,) * 100), ChairRoster(), is_restored=True)
    event = EmailReceived(
        event_id=received_event_id(mail_id),
        account_id=account_id,
        user_id=LONG_NAME,
        occurred_at=AT,
        mail_id=mail_id,
        event_info=verdict.info,
    )
    encoded = CODEC.encode(event)
    assert CODEC.decode(CODEC.read(delivered(encoded))) == event
    return verdict.info, encoded


def size_bytes(event: EncodedEvent) -> int:
    message = event.message()
    headers = sum(len(name.encode()) + len(value) for name, value in message.headers)
    return len(message.key or b"") + len(message.value or b"") + headers


@QUICK
@given(text=ANY_TEXT, times=st.sampled_from([1, 1, 1, 100, 70_000]))
def test_no_mail_is_too_large_for_its_event(text: str, times: int) -> None:
    _, event = told((text * times)[:300_000])
    assert size_bytes(event) <= LARGEST_EVENT_BYTES


@pytest.mark.parametrize("part", [*AWKWARD, "x", " ", "<", "한"], ids=ascii)
def test_what_is_longest_in_json_is_within_the_bound_at_any_length(part: str) -> None:
    info, event = told(f"PL25001 {part * 300_000}")
    assert size_bytes(event) <= LARGEST_EVENT_BYTES
    assert info.body is not None
    assert len(info.body.encode()) <= LARGEST_BODY_BYTES


def test_neither_do_very_many_codes_make_it_too_large() -> None:
    info, event = told("".join(CODES))
    assert info.references
    assert size_bytes(event) <= LARGEST_EVENT_BYTES


def test_readers_that_escape_all_but_ascii_need_no_more_than_a_message_may_have() -> None:
    """Somebody may copy events with another JSON library, and an emoji is three times as long then as in UTF-8."""
    value: Mapping[str, Any] = json.loads(told("😀" * 300_000)[1].value)
    assert len(json.dumps(value)) <= LARGEST_BYTES // 2
