"""What a mail is: who its code says it is by, and who sent it, must agree before it counts as theirs."""

from collections.abc import Callable
from enum import Enum
from typing import Final

import attrs

from domain.correspondence.agenda_codes import AgendaCode
from domain.correspondence.chair_words import ChairWords
from domain.correspondence.senders import Sender
from domain.correspondence.vocabulary import DecisionStatus, MailType, SenderType


class Author(Enum):
    """Whom a code names as its author. NONE: an agenda code alone."""

    CHAIR = "chair"
    SOCIETY = "society"
    NONE = "none"


class _Row(Enum):
    """What a row of the table makes of a mail."""

    AS_THE_CHAIR_SAYS = "as the chair says"
    RESPONSE = "response"
    OTHER = "other"


@attrs.frozen(kw_only=True)
class Kind:
    mail_type: MailType
    response_org: str | None = None
    response_version: str | None = None
    decision_status: DecisionStatus | None = None


OTHER: Final = Kind(mail_type=MailType.OTHER)
_NOTIFICATION: Final = Kind(mail_type=MailType.NOTIFICATION)

# A society's row holds for its own members only. What is not in the table is OTHER, and its code is kept.
_TABLE: Final = {
    (Author.CHAIR, SenderType.CHAIR): _Row.AS_THE_CHAIR_SAYS,
    (Author.NONE, SenderType.CHAIR): _Row.AS_THE_CHAIR_SAYS,
    (Author.SOCIETY, SenderType.MEMBER): _Row.RESPONSE,
    (Author.NONE, SenderType.MEMBER): _Row.RESPONSE,
}


def author_of(code: AgendaCode) -> Author:
    """Return whom the code names."""
    if code.author is None:
        return Author.NONE
    return Author.CHAIR if code.is_chair else Author.SOCIETY


def kind_of(
    code: AgendaCode | None,
    sender: Sender,
    *,
    is_auto_reply: bool,
    is_multilateral: bool,
    has_unknown_author: bool = False,
    words: Callable[[], ChairWords],
) -> Kind:
    """Return what a mail about this code is; `words` says what a chair wants with it, and is asked only then.

    `has_unknown_author`: the code is an agenda's, and letters that are nobody's follow it, so that it is no response.
    """
    if is_auto_reply:
        return OTHER
    if code is None:
        return _NOTIFICATION if is_multilateral else OTHER
    row = _TABLE.get((author_of(code), sender.sender_type), _Row.OTHER)
    if row is _Row.AS_THE_CHAIR_SAYS:
        wanted = words()
        return Kind(mail_type=wanted.mail_type, decision_status=wanted.status)
    if row is _Row.OTHER or has_unknown_author or code.organization not in {None, sender.organization}:
        return OTHER
    return Kind(
        mail_type=MailType.RESPONSE,
        response_org=sender.organization,
        response_version=code.response_version,
        decision_status=DecisionStatus.COMMENT,
    )
