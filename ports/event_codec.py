"""How events look on the wire."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Protocol

import attrs

from domain.events import Event


@attrs.frozen(kw_only=True)
class EncodedEvent:
    """Final bytes: what is stored in the outbox is what is published. Events with one key keep their order."""

    event_id: str
    topic: str
    key: str
    value: bytes
    headers: Mapping[str, str]


class EventCodec(Protocol):
    """Translates facts to messages and back. Pure computation; safe in any thread."""

    @abstractmethod
    def encode(self, event: Event) -> EncodedEvent:
        """Return the message; the same fact always gives the same bytes.

        Raises: nothing.
        """

    @abstractmethod
    def decode(self, message: EncodedEvent) -> Event:
        """Return the fact that `encode` was given. Unknown members are ignored: events grow additively.

        Raises:
            ValidationError: the message is not of a known type or does not fit it.
        """
