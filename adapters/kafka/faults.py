"""The one table from what aiokafka, TLS and the network raise to the error tree; no text of theirs is passed on.

Their texts may quote what a server said, or addresses and settings; ours say who must do what.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import aiokafka.errors as foreign
import attrs

from adapters.kafka.connection import KafkaConnection
from domain.errors import (
    ConfigurationError,
    IACSGraphError,
    KafkaConnectionError,
    KafkaError,
    MessageRejectedError,
    PartitionLostError,
    PermissionDeniedError,
)

FOREIGN = (foreign.KafkaError, foreign.IllegalOperation, foreign.ConsumerStoppedError, OSError, TimeoutError)
"""What they raise as a matter of course."""


@attrs.frozen
class _Fault:
    kind: type[IACSGraphError]
    text: str
    transient: bool | None = None


_TLS = "Check KAFKA_SSL_CA_FILE, KAFKA_SSL_CERTIFICATE, KAFKA_SSL_KEY and KAFKA_SECURITY_PROTOCOL."
_UNREACHABLE = _Fault(
    KafkaConnectionError,
    "The Kafka cluster cannot be reached at {place}. "
    "Check that Kafka is running: docker ps, or systemctl status kafka.",
)
_CREDENTIALS = _Fault(
    ConfigurationError,
    "Kafka does not accept the user name or the password. Check KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD.",
)
_MECHANISM = _Fault(
    ConfigurationError,
    "Kafka does not authenticate in this way. Check KAFKA_SASL_MECHANISM and KAFKA_SECURITY_PROTOCOL.",
)
_TOO_LARGE = _Fault(MessageRejectedError, "The message is larger than Kafka accepts for the topic {topic}.")
_LOST = _Fault(PartitionLostError, "The partition belongs to another member of the group {group} by now.")
_BUSY = _Fault(KafkaError, "Kafka cannot do this at the moment ({name}).", transient=True)
_VERSION = _Fault(KafkaError, "This version of Kafka does not understand what is asked of it ({name}).")
_UNKNOWN = _Fault(KafkaError, "Kafka failed ({name}).")

# Keyed by class: the class itself first, then its parents.
# Source: https://kafka.apache.org/protocol#protocol_error_codes
_FAULTS: dict[type[BaseException], _Fault] = {
    foreign.TopicAuthorizationFailedError: _Fault(
        PermissionDeniedError, "Kafka does not let this client use the topic {topic}: its operator must allow it."
    ),
    foreign.GroupAuthorizationFailedError: _Fault(
        PermissionDeniedError, "Kafka does not let this client use the group {group}: its operator must allow it."
    ),
    foreign.ClusterAuthorizationFailedError: _Fault(
        PermissionDeniedError, "Kafka does not let this client do this to the cluster: its operator must allow it."
    ),
    foreign.PolicyViolationError: _Fault(
        PermissionDeniedError, "A policy of the Kafka cluster forbids the topic {topic}: its operator must allow it."
    ),
    foreign.AuthenticationFailedError: _CREDENTIALS,
    foreign.SaslAuthenticationFailed: _CREDENTIALS,
    foreign.UnsupportedSaslMechanismError: _MECHANISM,
    foreign.IllegalSaslStateError: _MECHANISM,
    ssl.SSLCertVerificationError: _Fault(
        ConfigurationError, f"The certificate of the Kafka server is not trusted, or is another server's. {_TLS}"
    ),
    ssl.SSLEOFError: _UNREACHABLE,
    ssl.SSLZeroReturnError: _UNREACHABLE,
    ssl.SSLError: _Fault(ConfigurationError, f"Kafka and this program cannot agree on TLS. {_TLS}"),
    foreign.MessageSizeTooLargeError: _TOO_LARGE,
    foreign.RecordListTooLargeError: _TOO_LARGE,
    foreign.InvalidTopicError: _Fault(MessageRejectedError, "A topic cannot be called {topic}."),
    foreign.InvalidPartitionsError: _Fault(
        MessageRejectedError, "The topic {topic} cannot have as many or as few partitions as asked."
    ),
    foreign.InvalidReplicationFactorError: _Fault(
        KafkaError, "Too few Kafka brokers are running for the replicas of the topic {topic}.", transient=True
    ),
    foreign.InvalidConfigurationError: _Fault(ConfigurationError, "Kafka refuses the settings of the topic {topic}."),
    foreign.UnknownTopicOrPartitionError: _Fault(KafkaError, "Kafka has no topic {topic}.", transient=True),
    foreign.CommitFailedError: _LOST,
    foreign.IllegalStateError: _LOST,
    foreign.UnknownMemberIdError: _LOST,
    foreign.IllegalGenerationError: _LOST,
    foreign.RebalanceInProgressError: _LOST,
    foreign.UnsupportedVersionError: _VERSION,
    foreign.IncompatibleBrokerVersion: _VERSION,
    NotImplementedError: _VERSION,
    foreign.KafkaConnectionError: _UNREACHABLE,
    foreign.NodeNotReadyError: _UNREACHABLE,
    foreign.NoBrokersAvailable: _UNREACHABLE,
    foreign.RequestTimedOutError: _UNREACHABLE,
    foreign.KafkaTimeoutError: _UNREACHABLE,
    foreign.StaleMetadata: _UNREACHABLE,
    OSError: _UNREACHABLE,
    TimeoutError: _UNREACHABLE,
}


def fault(
    error: BaseException, connection: KafkaConnection, *, topic: str | None = None, group: str | None = None
) -> IACSGraphError:
    """Return the error of ours that `error` is; one that is ours already is returned as it is."""
    if isinstance(error, IACSGraphError):
        return error
    cause = _cause(error)
    known = next((_FAULTS[kind] for kind in type(cause).__mro__ if kind in _FAULTS), None)
    if known is None:
        passes = getattr(cause, "retriable", False) or type(cause) is foreign.KafkaError  # of a consumer's own trouble
        known = _BUSY if passes else _UNKNOWN
    told = _told(cause)
    named = {"topic": topic or told, "group": group or told}
    text = known.text.format(place=connection.place, name=type(cause).__name__, **named)
    details = {"cause": type(cause).__name__, **{name: value for name, value in named.items() if value is not None}}
    made = known.kind(text, details=details, transient=known.transient)
    made.__cause__ = error
    return made


def unreachable(connection: KafkaConnection) -> KafkaConnectionError:
    """Return the error for a cluster that does not answer."""
    return KafkaConnectionError(_UNREACHABLE.text.format(place=connection.place))


@contextmanager
def translated(connection: KafkaConnection, *, topic: str | None = None, group: str | None = None) -> Iterator[None]:
    """Raise what is foreign as an error of ours.

    Raises: see `fault`.
    """
    try:
        yield
    except IACSGraphError:
        raise
    except Exception as error:  # what aiokafka's own defects raise is foreign, too
        raise fault(error, connection, topic=topic, group=group) from error


def _told(cause: BaseException) -> str | None:
    """Return the topics or the group that an error is about, which is all that aiokafka puts into these two."""
    if not isinstance(cause, foreign.TopicAuthorizationFailedError | foreign.GroupAuthorizationFailedError):
        return None
    about = cause.args[0] if cause.args else None
    return ", ".join(sorted(about)) if isinstance(about, set | frozenset) else about


def _cause(error: BaseException) -> BaseException:
    """Return what broke a connection, which aiokafka hides behind the fact that it is broken."""
    while isinstance(error, foreign.KafkaConnectionError) and error.__cause__ is not None:
        error = error.__cause__
    return error
