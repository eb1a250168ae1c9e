"""The error tree."""

import builtins
import copy
import inspect
import pickle
from datetime import timedelta

import pytest

from domain import errors
from domain.errors import (
    APIConnectionError,
    AuthenticationError,
    ConnectionError,  # noqa: A004 - the tree's own
    DatabaseError,
    IACSGraphError,
    KafkaError,
    MessagingError,
    ReauthenticationRequiredError,
    ThrottledError,
    TokenError,
    TokenExpiredError,
    TokenRefreshError,
)

CLASSES: list[type[IACSGraphError]] = [
    cls
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if cls.__module__ == errors.__name__ and issubclass(cls, IACSGraphError)
]
TREE = """
IACSGraphError
    DatabaseError
        ConnectionError
    KafkaError
        KafkaConnectionError
        KafkaProducerError
        KafkaConsumerError
    TokenError
        TokenExpiredError
        TokenRefreshError
    AuthenticationError
    APIConnectionError
    ValidationError
    BusinessLogicError
    ConfigurationError
"""


def test_the_tree_holds_every_documented_class_under_its_parent() -> None:
    parents: list[type[BaseException]] = []
    for line in TREE.strip().splitlines():
        depth = (len(line) - len(line.lstrip())) // 4
        cls = getattr(errors, line.strip())
        parents[depth:] = [cls]
        assert depth == 0 or issubclass(cls, parents[depth - 1])


@pytest.mark.parametrize("cls", CLASSES)
def test_every_error_says_what_it_is_and_whether_to_try_again(cls: type[IACSGraphError]) -> None:
    error = cls("It failed.", details={"user_id": "kim"})
    assert issubclass(cls, IACSGraphError)
    assert error.message == str(error) == "It failed."
    assert error.error_code == error.error_code.upper()
    assert isinstance(error.transient, bool)
    assert error.retry_after is None
    assert error.details["user_id"] == "kim"
    assert cls.__doc__


def test_error_codes_tell_classes_apart() -> None:
    codes = [cls.default_code for cls in CLASSES]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("cls", CLASSES)
def test_errors_can_be_copied_and_pickled_whole(cls: type[IACSGraphError]) -> None:
    error = cls("It failed.", error_code="X", details={"a": 1})
    for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own bytes
        assert type(other) is cls
        assert (other.message, other.error_code, other.details) == ("It failed.", "X", error.details)


def test_a_database_error_names_operation_and_table() -> None:
    error = DatabaseError("No.", operation="SELECT", table="accounts", details={"user_id": "kimghw"})
    assert (error.operation, error.table) == ("SELECT", "accounts")
    assert error.details == {"user_id": "kimghw", "operation": "SELECT", "table": "accounts"}


def test_a_connection_error_is_also_the_builtin_kind() -> None:
    assert issubclass(ConnectionError, builtins.ConnectionError)


def test_whoever_handles_an_expired_token_also_handles_a_grant_that_is_gone() -> None:
    error = ReauthenticationRequiredError("Sign in again.", reason="grant_revoked")
    assert isinstance(error, TokenExpiredError)
    assert isinstance(error, TokenError)
    assert isinstance(error, AuthenticationError)
    assert error.reason == error.details["reason"] == "grant_revoked"


def test_kafka_is_one_kind_of_messaging() -> None:
    assert issubclass(KafkaError, MessagingError)


def test_a_throttled_call_may_be_repeated_later() -> None:
    error = ThrottledError("Wait.", retry_after=timedelta(seconds=3))
    assert isinstance(error, APIConnectionError)
    assert (error.transient, error.retry_after) == (True, timedelta(seconds=3))


def test_transience_can_be_said_per_error() -> None:
    assert not TokenRefreshError("No.").transient
    assert TokenRefreshError("Later.", transient=True).transient
