"""The error tree. Every error says what happened, how to tell it apart, and what the caller can do.

`transient` says that the same call may succeed later without anybody acting; `retry_after` says when, if known.
`details` never holds a secret.
"""

import builtins
from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar


class IACSGraphError(Exception):
    """Root of the tree. `error_code` is stable and UPPER_SNAKE; the class attributes are the defaults."""

    default_code: ClassVar[str] = "IACSGRAPH_ERROR"
    default_transient: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        error_code: str | None = None,
        details: Mapping[str, object] | None = None,
        transient: bool | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = error_code or self.default_code
        self.details: dict[str, object] = dict(details or {})
        self.transient = self.default_transient if transient is None else transient
        self.retry_after = retry_after

    def __str__(self) -> str:
        """Return the message alone: `details` are for programs."""
        return self.message


class DatabaseError(IACSGraphError):
    """The database refused, is damaged, or is not ours. `operation` and `table` name what was asked, where known."""

    default_code = "DATABASE_ERROR"

    def __init__(  # noqa: PLR0913 - keyword arguments of the parent, and two of its own
        self,
        message: str,
        *,
        operation: str | None = None,
        table: str | None = None,
        error_code: str | None = None,
        details: Mapping[str, object] | None = None,
        transient: bool | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        known = {name: value for name, value in (("operation", operation), ("table", table)) if value is not None}
        super().__init__(
            message,
            error_code=error_code,
            details={**(details or {}), **known},
            transient=transient,
            retry_after=retry_after,
        )
        self.operation = operation
        self.table = table


class ConnectionError(DatabaseError, builtins.ConnectionError):  # noqa: A001 - also the builtin's kind
    """The database cannot be reached or opened."""

    default_code = "CONNECTION_ERROR"


class MessagingError(IACSGraphError):
    """Publishing or consuming an event failed, whatever the broker."""

    default_code = "MESSAGING_ERROR"


class MessageRejectedError(MessagingError):
    """This message can never be published as it is: too large, or to a topic that cannot exist."""

    default_code = "MESSAGE_REJECTED"


class PartitionLostError(MessagingError):
    """The partition belongs to another member of the group by now: nothing was committed."""

    default_code = "PARTITION_LOST"


class KafkaError(MessagingError):
    """Kafka refused or failed."""

    default_code = "KAFKA_ERROR"


class KafkaConnectionError(KafkaError):
    """The Kafka cluster cannot be reached."""

    default_code = "KAFKA_CONNECTION_ERROR"
    default_transient = True


class KafkaProducerError(KafkaError):
    """A message could not be handed to Kafka."""

    default_code = "KAFKA_PRODUCER_ERROR"


class KafkaConsumerError(KafkaError):
    """Messages could not be read from Kafka."""

    default_code = "KAFKA_CONSUMER_ERROR"


class TokenError(IACSGraphError):
    """A token is missing, unusable or could not be had."""

    default_code = "TOKEN_ERROR"


class TokenExpiredError(TokenError):
    """The token has expired and nothing is left to renew it with."""

    default_code = "TOKEN_EXPIRED"


class TokenRefreshError(TokenError):
    """No valid token could be had just now; `transient` and `retry_after` say whether and when to ask again."""

    default_code = "TOKEN_REFRESH_FAILED"


class AuthenticationError(IACSGraphError):
    """The identity provider did not accept who asks."""

    default_code = "AUTHENTICATION_ERROR"


class ReauthenticationRequiredError(AuthenticationError, TokenExpiredError):
    """The account's owner must sign in again. `reason` is one of `domain.reauth`.

    `claims` is the claims request (JSON) that the next sign-in must carry, if the provider sent one.
    """

    default_code = "REAUTHENTICATION_REQUIRED"

    def __init__(
        self,
        message: str,
        *,
        reason: str = "grant_rejected",
        claims: str | None = None,
        error_code: str | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, error_code=error_code, details={**(details or {}), "reason": reason})
        self.reason = reason
        self.claims = claims


class PolicyBlockedError(AuthenticationError):
    """The organisation blocks this sign-in; its administrator must act, signing in again does not help.

    `reason` is one of `domain.reauth`.
    """

    default_code = "POLICY_BLOCKED"

    def __init__(
        self,
        message: str,
        *,
        reason: str = "blocked_by_policy",
        error_code: str | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, error_code=error_code, details={**(details or {}), "reason": reason})
        self.reason = reason


class APIConnectionError(IACSGraphError):
    """A remote service could not be reached or failed on its side."""

    default_code = "API_CONNECTION_ERROR"
    default_transient = True


class ThrottledError(APIConnectionError):
    """A remote service asks to wait; `retry_after` says how long."""

    default_code = "THROTTLED"


class ResyncRequiredError(IACSGraphError):
    """A remote cursor is no longer valid; synchronise from the start."""

    default_code = "RESYNC_REQUIRED"


class NotFoundError(IACSGraphError):
    """What was named does not exist."""

    default_code = "NOT_FOUND"


class ConflictError(IACSGraphError):
    """Somebody else changed it first: read again and decide again."""

    default_code = "CONFLICT"


class LeaseLostError(ConflictError):
    """The lease was taken over or superseded: nothing was written."""

    default_code = "LEASE_LOST"


class PermissionDeniedError(IACSGraphError):
    """The caller may not do this, now or to this object."""

    default_code = "PERMISSION_DENIED"


class ValidationError(IACSGraphError):
    """A value is not acceptable."""

    default_code = "VALIDATION_ERROR"


class BusinessLogicError(IACSGraphError):
    """The request is well formed but breaks a rule."""

    default_code = "BUSINESS_RULE_VIOLATED"


class IllegalTransitionError(BusinessLogicError):
    """The account's status does not allow this change."""

    default_code = "ILLEGAL_TRANSITION"


class ConfigurationError(IACSGraphError):
    """The operator must change a setting, a key or the application's registration."""

    default_code = "CONFIGURATION_ERROR"


class InvalidClientError(ConfigurationError):
    """The identity provider rejected the application's own credential (RFC 6749 section 5.2, `invalid_client`)."""

    default_code = "INVALID_CLIENT"


class EncryptionError(IACSGraphError):
    """A stored secret does not open, or must not be written with the key at hand."""

    default_code = "ENCRYPTION_ERROR"


class UnknownKeyError(EncryptionError, ConfigurationError):
    """The secret was encrypted with a key that is not among `ENCRYPTION_KEY`."""

    default_code = "UNKNOWN_KEY"


class StaleKeyError(EncryptionError, ConfigurationError):
    """The process's first key is not the one the database records: restart it with the new key first."""

    default_code = "STALE_KEY"
