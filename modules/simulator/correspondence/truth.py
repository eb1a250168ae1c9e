"""What is true about a made-up mail, as its maker decided it: nothing here is read out of a text."""

from datetime import date
from typing import Literal

import attrs

from modules.simulator.correspondence.codes import Code
from modules.simulator.correspondence.societies import AUTHORS

SenderType = Literal["CHAIR", "MEMBER", "OTHER"]
MailType = Literal["REQUEST", "RESPONSE", "NOTIFICATION", "COMPLETED", "OTHER"]
Urgency = Literal["HIGH", "MEDIUM", "NORMAL"]
Language = Literal["en", "ko"]
DecisionStatus = Literal["created", "comment", "consolidated", "review", "decision"]
Reason = Literal["newsletter", "no_reply"]
Tone = Literal["request", "reminder", "notification", "consolidated", "completed"]
"""What a chair wants with a mail."""

MULTILATERAL = "MULTILATERAL"


@attrs.frozen(kw_only=True)
class Truth:
    """What a reader should find in one mail. Codes are in their display form, the author's letters as written.

    `panel` is MULTILATERAL for a mail outside of any agenda, and the other parts of a code are None then.
    `decision_status` is None where the mail alone does not tell it. `reply_depth` counts what the subject shows:
    `Re[2]:` is two. `references` are the subject's further codes. `language` is that of the new text.
    `unwanted_because` is None for what is wanted. `kind` names the scene that the mail was made for.
    """

    internet_message_id: str
    kind: str
    agenda_code: str | None = None
    agenda_base: str | None = None
    agenda_version: str | None = None
    agenda_base_version: str | None = None
    panel: str | None = None
    year: str | None = None
    number: str | None = None
    author: str | None = None
    response_org: str | None = None
    response_version: str | None = None
    sender_type: SenderType
    sender_organization: str | None = None
    mail_type: MailType
    decision_status: DecisionStatus | None = None
    urgency: Urgency = "NORMAL"
    deadline: date | None = None
    is_reply: bool = False
    reply_depth: int = 0
    is_forward: bool = False
    is_auto_reply: bool = False
    references: tuple[str, ...] = ()
    wanted: bool = True
    unwanted_because: Reason | None = None
    language: Language = "en"


@attrs.frozen(kw_only=True)
class Party:
    """A sender, by what the domain or the list of chairs says. `organization` None: no society."""

    sender_type: SenderType
    organization: str | None = None


@attrs.frozen(kw_only=True)
class Verdict:
    mail_type: MailType
    response_org: str | None = None
    response_version: str | None = None
    decision_status: DecisionStatus | None = None


_STATUS: dict[Tone, DecisionStatus | None] = {
    "request": "created",
    "reminder": None,
    "notification": None,
    "consolidated": "consolidated",
    "completed": "decision",
}
_TYPE: dict[Tone, MailType] = {
    "request": "REQUEST",
    "reminder": "REQUEST",
    "notification": "NOTIFICATION",
    "consolidated": "NOTIFICATION",
    "completed": "COMPLETED",
}


_PRESSING: tuple[Urgency, ...] = ("HIGH", "MEDIUM", "NORMAL")


def more_pressing(one: Urgency, other: Urgency) -> Urgency:
    return min(one, other, key=_PRESSING.index)


def judge(code: Code, sender: Party, tone: Tone) -> Verdict:
    """Return what a mail with a code is, unless it is automatic. `tone` matters for chairs only.

    An author that is no society is a chair: under the chair's letters, or a panel's.
    """
    society = AUTHORS.get(code.author)
    if society is not None:
        if sender.sender_type == "MEMBER" and sender.organization == society:
            return _response(society, code.response_version or None)
        return Verdict(mail_type="OTHER")
    if sender.sender_type == "CHAIR":
        return Verdict(mail_type=_TYPE[tone], decision_status=_STATUS[tone])
    if sender.sender_type == "MEMBER" and not code.author:
        return _response(sender.organization, None)
    return Verdict(mail_type="OTHER")


def _response(society: str | None, version: str | None) -> Verdict:
    return Verdict(mail_type="RESPONSE", response_org=society, response_version=version, decision_status="comment")


def parts_of(code: Code | None) -> dict[str, str | None]:
    """Return the fields of a truth that come from its code alone."""
    if code is None:
        return {}
    return {
        "agenda_code": code.display,
        "agenda_base": code.root,
        "agenda_version": code.version or None,
        "agenda_base_version": code.agenda,
        "panel": code.panel,
        "year": code.year,
        "number": code.number,
        "author": code.author or None,
    }
