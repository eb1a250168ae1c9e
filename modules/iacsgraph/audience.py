"""A consumer of events, as another program would be: it remembers what it was told, and counts."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from domain.correspondence.agendas import Standing, standing_of
from domain.correspondence.email_info import EmailInfo
from domain.events import EmailReceived, EventId
from domain.mail_sync import MailId
from domain.messages import Handled
from ports.event_codec import EventCodec, ReceivedEvent

Told = Callable[[ReceivedEvent], None]


def _silent(_: ReceivedEvent) -> None:
    return


@attrs.define(kw_only=True, eq=False)
class Audience:
    """`told` is called with every event that is new."""

    codec: EventCodec
    told: Told = _silent
    deliveries: int = 0
    types: Counter[str] = attrs.field(factory=Counter)
    mails: dict[MailId, Mapping[str, Any]] = attrs.field(factory=dict, repr=False)
    """`event_info` by mail, as it stands in the event; instead of the body `has_body`, and the event's `user_id`."""
    infos: dict[MailId, EmailInfo] = attrs.field(factory=dict, repr=False)
    announced: int = 0
    _seen: set[EventId] = attrs.field(factory=set, repr=False)

    async def hear(self, event: ReceivedEvent, _handled: Handled) -> None:
        """Take an event; one that comes again is counted only."""
        self.deliveries += 1
        if event.identity in self._seen:
            return
        self._seen.add(event.identity)
        self.types[event.type or "unknown"] += 1
        fact = self.codec.decode(event)
        if isinstance(fact, EmailReceived):
            self.announced += 1
            info = event.value["event_info"]
            if isinstance(info, Mapping):
                self.mails[fact.mail_id] = {
                    **{name: value for name, value in info.items() if name != "body"},
                    "has_body": bool(str(info.get("body") or "").strip()),
                    "user_id": event.value.get("user_id"),
                }
            self.infos[fact.mail_id] = attrs.evolve(fact.event_info, body=None)
        self.told(event)

    @property
    def distinct(self) -> int:
        """Return how many different events there were."""
        return len(self._seen)

    def agendas(self) -> dict[str, Standing]:
        """Return how each agenda stands, by base and version, the one with the latest mail first."""
        mails: dict[str, list[EmailInfo]] = {}
        for info in sorted(self.infos.values(), key=lambda each: each.received_time, reverse=True):
            if info.agenda_base_version is not None:
                mails.setdefault(info.agenda_base_version, []).append(info)
        return {agenda: standing_of(infos) for agenda, infos in mails.items()}
