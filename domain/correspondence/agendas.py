"""How an agenda stands, by the mails about it: who has responded with what, until when, and how far it is."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final

import attrs

from domain.correspondence.email_info import EmailInfo
from domain.correspondence.societies import SOCIETIES
from domain.correspondence.vocabulary import DecisionStatus, MailType, SenderType

_ORDER: Final = {status: place for place, status in enumerate(DecisionStatus)}
MEMBERS: Final = frozenset(each.canonical for each in SOCIETIES)


@attrs.frozen(kw_only=True, order=True)
class Response:
    """One answer of a society. A later version supersedes an earlier one, one without a version comes before all."""

    organization: str
    version: str = ""
    at: datetime


@attrs.frozen(kw_only=True, order=True)
class StatedDeadline:
    """A deadline, and when a chair stated it."""

    at: datetime
    deadline: date


@attrs.frozen(kw_only=True)
class Standing:
    """What the mails of one agenda have brought about, in whatever order they are told; the same mail twice is once.

    `stated` is the furthest that a mail has brought it. `responses` are all that were sent, superseded ones too.
    """

    stated: DecisionStatus | None = None
    stated_deadline: StatedDeadline | None = None
    responses: tuple[Response, ...] = ()

    @property
    def status(self) -> DecisionStatus | None:
        """How far the agenda is: at least CONSOLIDATED once every member has responded; nothing takes it back."""
        everybody = self.latest.keys() >= MEMBERS
        return _further(self.stated, DecisionStatus.CONSOLIDATED if everybody else None)

    @property
    def deadline(self) -> date | None:
        """Until when the chair asks for replies: as stated last; a later mail that states none leaves it as it is."""
        return None if self.stated_deadline is None else self.stated_deadline.deadline

    @property
    def latest(self) -> Mapping[str, Response]:
        """The response that counts, of each society that has responded."""
        return {each.organization: each for each in self.responses}

    @property
    def missing(self) -> frozenset[str]:
        """The members that have not responded."""
        return MEMBERS - self.latest.keys()

    def after(self, info: EmailInfo) -> "Standing":
        """Return how it stands once this mail about the agenda is known, too."""
        at = info.sent_time or info.received_time
        return Standing(
            stated=_further(self.stated, info.decision_status),
            stated_deadline=self._deadline_after(info, at),
            responses=self._responses_after(info, at),
        )

    def _deadline_after(self, info: EmailInfo, at: datetime) -> StatedDeadline | None:
        if info.deadline is None or info.sender_type is not SenderType.CHAIR:
            return self.stated_deadline
        stated = StatedDeadline(at=at, deadline=info.deadline)
        return stated if self.stated_deadline is None else max(stated, self.stated_deadline)

    def _responses_after(self, info: EmailInfo, at: datetime) -> tuple[Response, ...]:
        if info.mail_type is not MailType.RESPONSE or info.response_org is None:
            return self.responses
        response = Response(organization=info.response_org, version=info.response_version or "", at=at)
        return tuple(sorted({*self.responses, response}))


def standing_of(mails: Iterable[EmailInfo]) -> Standing:
    """Return how the agenda stands to which all these mails belong: they have one `agenda_base_version`."""
    standing = Standing()
    for each in mails:
        standing = standing.after(each)
    return standing


def _further(one: DecisionStatus | None, other: DecisionStatus | None) -> DecisionStatus | None:
    known = [each for each in (one, other) if each is not None]
    return max(known, key=_ORDER.__getitem__, default=None)
