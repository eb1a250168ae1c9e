"""What is foreign becomes an error of ours that says who must do what, and quotes nothing."""

import ssl

import aiokafka.errors as foreign
import pytest

from adapters.kafka.connection import KafkaConnection
from adapters.kafka.faults import fault, translated
from domain.errors import (
    ConfigurationError,
    IACSGraphError,
    KafkaConnectionError,
    KafkaError,
    MessageRejectedError,
    PartitionLostError,
    PermissionDeniedError,
)

CONNECTION = KafkaConnection(servers=("one:9092", "two:9092"))
CANARY = "canary-in-the-text"
SENTENCE = (
    "The Kafka cluster cannot be reached at one:9092, two:9092. "
    "Check that Kafka is running: docker ps, or systemctl status kafka."
)


def hidden(cause: BaseException) -> foreign.KafkaConnectionError:
    """Return how aiokafka reports that a connection broke."""
    error = foreign.KafkaConnectionError("Connection closed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind", "transient", "says"),
    [
        (foreign.KafkaConnectionError(CANARY), KafkaConnectionError, True, SENTENCE),
        (foreign.RequestTimedOutError(CANARY), KafkaConnectionError, True, SENTENCE),
        (hidden(ConnectionResetError(CANARY)), KafkaConnectionError, True, SENTENCE),
        (hidden(ssl.SSLEOFError(CANARY)), KafkaConnectionError, True, SENTENCE),
        (TimeoutError(CANARY), KafkaConnectionError, True, SENTENCE),
        (foreign.SaslAuthenticationFailed(CANARY), ConfigurationError, False, "KAFKA_SASL_PASSWORD"),
        (hidden(foreign.SaslAuthenticationFailed(CANARY)), ConfigurationError, False, "KAFKA_SASL_USERNAME"),
        (foreign.UnsupportedSaslMechanismError(CANARY), ConfigurationError, False, "KAFKA_SASL_MECHANISM"),
        (ssl.SSLCertVerificationError(CANARY), ConfigurationError, False, "KAFKA_SSL_CA_FILE"),
        (ssl.SSLError(CANARY), ConfigurationError, False, "KAFKA_SECURITY_PROTOCOL"),
        (foreign.TopicAuthorizationFailedError("other"), PermissionDeniedError, False, "the topic mail"),
        (foreign.GroupAuthorizationFailedError(CANARY), PermissionDeniedError, False, "the group readers"),
        (foreign.ClusterAuthorizationFailedError(CANARY), PermissionDeniedError, False, "operator"),
        (foreign.MessageSizeTooLargeError(CANARY), MessageRejectedError, False, "the topic mail"),
        (foreign.InvalidTopicError(CANARY), MessageRejectedError, False, "mail"),
        (foreign.CommitFailedError(CANARY), PartitionLostError, False, "the group readers"),
        (foreign.NotEnoughReplicasError(CANARY), KafkaError, True, "NotEnoughReplicasError"),
        (foreign.UnknownError(CANARY), KafkaError, False, "UnknownError"),
        (NotImplementedError(CANARY), KafkaError, False, "version"),
        (KeyError(CANARY), KafkaError, False, "KeyError"),
    ],
)
def test_each_kind_has_its_error(error: Exception, kind: type[IACSGraphError], says: str, *, transient: bool) -> None:
    found = fault(error, CONNECTION, topic="mail", group="readers")
    assert type(found) is kind
    assert found.transient is transient
    assert says in str(found)
    assert CANARY not in f"{found} {found.details}"


def test_a_topic_or_group_that_nobody_named_is_taken_from_the_error() -> None:
    topics = fault(foreign.TopicAuthorizationFailedError({"b", "a"}), CONNECTION)
    group = fault(foreign.GroupAuthorizationFailedError("readers"), CONNECTION)
    assert (topics.details["topic"], group.details["group"]) == ("a, b", "readers")


def test_our_own_errors_pass_unchanged() -> None:
    error = PartitionLostError("gone")
    with pytest.raises(PartitionLostError) as caught, translated(CONNECTION):
        raise error
    assert caught.value is error
