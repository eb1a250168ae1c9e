"""Putting messages on the log of events."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from domain.errors import IACSGraphError
from domain.messages import Message


class EventPublisher(Protocol):
    """Appends messages durably and at least once; it never waits without bound, whatever becomes of the broker."""

    @abstractmethod
    async def publish(self, messages: Sequence[Message]) -> Sequence[IACSGraphError | None]:
        """Append the messages; return for each, in the same order, None once it is durable, or why it is not.

        Messages of one topic and key are appended in the order given, and none of them behind one that is not appended
        for another reason than that it is rejected: it has the same error then. A message that is not appended, as far
        as is known, may be all the same, unless it is rejected. Missing topics are created. Calls of several tasks may
        overlap; order holds within a call. A cancelled call may have appended any of its messages.

        Raises: nothing; each message has one of
            MessageRejectedError: it can never be published as it is.
            KafkaConnectionError, DatabaseError (transient): the log cannot be reached, or did not answer in time.
            PermissionDeniedError, ConfigurationError: the log forbids it; others may be let through.
            MessagingError: the log failed otherwise.
        """
