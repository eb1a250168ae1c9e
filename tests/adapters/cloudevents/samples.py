"""One fact of every type, and the members beside those that all facts have."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from domain.account import AccountId, AccountStatus
from domain.correspondence.vocabulary import DecisionStatus, MailType, SenderType, Urgency
from domain.events import (
    AccountEnrolled,
    AccountRecovered,
    AccountSignedIn,
    AccountStatusChanged,
    AccountUpdated,
    EmailReceived,
    Event,
    EventId,
    MailDeleted,
    MailMoved,
    ReauthRequired,
)
from domain.mail_results import EmailInfo
from domain.mail_sync import MailId

AT = datetime(2026, 3, 1, 12, 30, 15, 42, tzinfo=UTC)
AT_TEXT = "2026-03-01T12:30:15.000042Z"
FACT: Mapping[str, Any] = {
    "event_id": EventId("event-1"),
    "account_id": AccountId("account-1"),
    "user_id": "zoë",
    "occurred_at": AT,
}
MAIL_FACT: Mapping[str, Any] = {**FACT, "mail_id": MailId("mail-1")}
FULL_INFO = EmailInfo(
    subject="RE: PL25016aIRa: 긴급",
    sender="Zoë",
    sender_address="zoe@irclass.org",
    sent_time=datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
    received_time=AT,
    has_attachments=True,
    web_link="https://outlook.example/1",
    body='"Dear all",\nyes.',
    body_truncated=True,
    agenda_code="PL25016aIRa",
    agenda_base="PL25016",
    agenda_version="a",
    agenda_base_version="PL25016a",
    agenda_panel="PL",
    agenda_year="25",
    agenda_number="016",
    response_org="IRS",
    response_version="a",
    sender_type=SenderType.MEMBER,
    sender_organization="IRS",
    mail_type=MailType.RESPONSE,
    decision_status=DecisionStatus.COMMENT,
    urgency=Urgency.HIGH,
    keywords=("hull", "선체"),
    deadline=date(2026, 3, 14),
    is_reply=True,
    is_forward=True,
    is_auto_reply=True,
    duplicate_of=MailId("mail-0"),
    references=("PL25008e",),
)
FULL_MEMBERS: Mapping[str, object] = {
    "subject": "RE: PL25016aIRa: 긴급",
    "sender": "Zoë",
    "sender_address": "zoe@irclass.org",
    "sent_time": "2026-03-01T12:30:00.000000Z",
    "received_time": AT_TEXT,
    "has_attachments": True,
    "web_link": "https://outlook.example/1",
    "body": '"Dear all",\nyes.',
    "body_truncated": True,
    "agenda_code": "PL25016aIRa",
    "agenda_base": "PL25016",
    "agenda_version": "a",
    "agenda_base_version": "PL25016a",
    "agenda_panel": "PL",
    "agenda_year": "25",
    "agenda_number": "016",
    "response_org": "IRS",
    "response_version": "a",
    "sender_type": "MEMBER",
    "sender_organization": "IRS",
    "mail_type": "RESPONSE",
    "decision_status": "comment",
    "urgency": "HIGH",
    "keywords": ["hull", "선체"],
    "deadline": "2026-03-14",
    "is_reply": True,
    "is_forward": True,
    "is_auto_reply": True,
    "duplicate_of": "mail-0",
    "references": ["PL25008e"],
}
BARE_INFO = EmailInfo(received_time=AT, has_attachments=False, sender_type=SenderType.OTHER, mail_type=MailType.OTHER)
BARE_MEMBERS: Mapping[str, object] = {
    **dict.fromkeys(FULL_MEMBERS),
    "received_time": AT_TEXT,
    "has_attachments": False,
    "body_truncated": False,
    "sender_type": "OTHER",
    "mail_type": "OTHER",
    "urgency": "NORMAL",
    "keywords": [],
    "is_reply": False,
    "is_forward": False,
    "is_auto_reply": False,
    "references": [],
}
EXAMPLES: Mapping[str, tuple[Event, Mapping[str, object]]] = {
    "account.enrolled": (AccountEnrolled(**FACT, email="z@x.org", name="Zoë"), {"email": "z@x.org", "name": "Zoë"}),
    "account.updated": (AccountUpdated(**FACT, changed=("name", "email")), {"changed": ["name", "email"]}),
    "account.status_changed": (
        AccountStatusChanged(
            **FACT, old_status=AccountStatus.ACTIVE, new_status=AccountStatus.LOCKED, reason="suspicious"
        ),
        {"old_status": "ACTIVE", "new_status": "LOCKED", "reason": "suspicious"},
    ),
    "account.signed_in": (
        AccountSignedIn(**FACT, tenant_id="tenant", object_id=None),
        {"tenant_id": "tenant", "object_id": None},
    ),
    "account.reauth_required": (
        ReauthRequired(**FACT, reason="grant_revoked", email="z@x.org"),
        {"reason": "grant_revoked", "email": "z@x.org"},
    ),
    "account.recovered": (AccountRecovered(**FACT, reason="grant_revoked"), {"reason": "grant_revoked"}),
    "email.received": (
        EmailReceived(**MAIL_FACT, event_info=FULL_INFO),
        {"mail_id": "mail-1", "event_info": FULL_MEMBERS},
    ),
    "mail.moved": (
        MailMoved(**MAIL_FACT, from_folder_id=None, from_folder=None, to_folder_id="f-2", to_folder="받은 편지함"),
        {
            "mail_id": "mail-1",
            "from_folder_id": None,
            "from_folder": None,
            "to_folder_id": "f-2",
            "to_folder": "받은 편지함",
        },
    ),
    "mail.deleted": (
        MailDeleted(**MAIL_FACT, folder_id="f-1", folder="Inbox"),
        {"mail_id": "mail-1", "folder_id": "f-1", "folder": "Inbox"},
    ),
}
