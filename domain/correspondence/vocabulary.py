"""The words for what a mail is. Values are what other programs read in events."""

from enum import StrEnum
from typing import Final

MULTILATERAL: Final = "MULTILATERAL"
"""The panel of a mail outside of any agenda that goes to several members."""


class SenderType(StrEnum):
    """CHAIR: a configured chair address or the secretariat; MEMBER: a society's domain."""

    CHAIR = "CHAIR"
    MEMBER = "MEMBER"
    OTHER = "OTHER"


class MailType(StrEnum):
    REQUEST = "REQUEST"
    RESPONSE = "RESPONSE"
    NOTIFICATION = "NOTIFICATION"
    COMPLETED = "COMPLETED"
    OTHER = "OTHER"


class DecisionStatus(StrEnum):
    """How far an agenda is; a mail has the one that it brings about, if any. In the order in which they follow."""

    CREATED = "created"
    COMMENT = "comment"
    CONSOLIDATED = "consolidated"
    REVIEW = "review"
    DECISION = "decision"


class Urgency(StrEnum):
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    NORMAL = "NORMAL"


class DropReason(StrEnum):
    """Why a mail is not announced."""

    NEWSLETTER = "newsletter"
    NO_REPLY = "no_reply"
