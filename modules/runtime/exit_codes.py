"""What an error means outside: exit code, HTTP status, and what to do. One table each, keyed by error class.

A class that is not in a table counts as its nearest ancestor (in method resolution order) that is. An error that is
`transient` is answered as such whatever its class: 5 and 503.

    0  success                              10  not allowed by a rule or in this state
    1  a check failed, any other failure    11  database
    2  wrong usage (click)                  12  messaging
    3  settings or registration wrong       13  encryption
    4  somebody must act: who, is said      14  sign-in or token
    5  temporary: the same may work later   15  a remote service
    6  not found                            70  a defect in the program
    7  somebody else changed it first       130  interrupted (SIGINT)
    8  not permitted, blocked by policy     141  the reader of the output went away (SIGPIPE)
    9  a value is not acceptable            143  terminated (SIGTERM)
"""

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import Final, TypeVar

from domain import errors
from domain.reauth import Person, remedy_for
from modules.runtime.exits import FAILURE, TEMPORARY

V = TypeVar("V")


EXIT_CODES: Final[Mapping[type[errors.IACSGraphError], int]] = {
    errors.IACSGraphError: FAILURE,
    errors.ConfigurationError: 3,
    errors.ReauthenticationRequiredError: 4,
    errors.NotFoundError: 6,
    errors.ConflictError: 7,
    errors.PermissionDeniedError: 8,
    errors.PolicyBlockedError: 8,
    errors.ValidationError: 9,
    errors.BusinessLogicError: 10,
    errors.ResyncRequiredError: 10,
    errors.DatabaseError: 11,
    errors.MessagingError: 12,
    errors.EncryptionError: 13,
    errors.AuthenticationError: 14,
    errors.TokenError: 14,
    errors.APIConnectionError: 15,
}

HTTP_STATUSES: Final[Mapping[type[errors.IACSGraphError], int]] = {
    errors.IACSGraphError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.ConnectionError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.MessagingError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.TokenError: HTTPStatus.BAD_GATEWAY,
    errors.TokenExpiredError: HTTPStatus.UNAUTHORIZED,
    errors.AuthenticationError: HTTPStatus.UNAUTHORIZED,
    errors.PolicyBlockedError: HTTPStatus.FORBIDDEN,
    errors.APIConnectionError: HTTPStatus.BAD_GATEWAY,
    errors.ThrottledError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ResyncRequiredError: HTTPStatus.GONE,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.ConflictError: HTTPStatus.CONFLICT,
    errors.PermissionDeniedError: HTTPStatus.FORBIDDEN,
    errors.ValidationError: HTTPStatus.BAD_REQUEST,
    errors.BusinessLogicError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.IllegalTransitionError: HTTPStatus.CONFLICT,
}

REMEDIES: Final[Mapping[type[errors.IACSGraphError], str]] = {
    errors.IACSGraphError: "",
    errors.ConfigurationError: "correct the setting, then see: iacsgraph doctor",
    errors.InvalidClientError: "renew the client secret at Azure, then in AZURE_CLIENT_SECRET or the enrolment file",
    errors.UnknownKeyError: "add the key it was written with to ENCRYPTION_KEY; see: iacsgraph keys status",
    errors.StaleKeyError: "restart this process with the new key first in ENCRYPTION_KEY",
    errors.EncryptionError: "see: iacsgraph keys status",
    errors.ReauthenticationRequiredError: "sign in with: iacsgraph auth login USER",
    errors.TokenExpiredError: "sign in with: iacsgraph auth login USER",
    errors.PolicyBlockedError: "ask the organisation's administrator; signing in again does not help",
    errors.DatabaseError: "see: iacsgraph doctor",
    errors.ConnectionError: "check DATABASE_PATH, its directory's permissions and free space",
    errors.KafkaConnectionError: "see also KAFKA_BOOTSTRAP_SERVERS",
    errors.ConflictError: "read again, then decide again",
    errors.ResyncRequiredError: "synchronise from the start",
}

REMEDIES_BY_CODE: Final[Mapping[str, str]] = {
    "ENV_FILE_EXISTS": "move it away, or name another file with --env-file",
    "BACKUP_TARGET_EXISTS": "name another file",
    "DATABASE_MISSING": "check DATABASE_PATH; iacsgraph db migrate creates a new database there",
    "DATABASE_CORRUPT": "stop all programs, keep a copy of the file, restore a backup",
    "NOT_A_DATABASE": "name another file in DATABASE_PATH",
    "FOREIGN_DATABASE": "name another file in DATABASE_PATH",
    "SCHEMA_NEWER": "run a newer version of this program",
    "SCHEMA_OLDER": "back up, then: iacsgraph db migrate",
    "ENV_FILE_UNWRITABLE": "name another file with --env-file",
    "WRONG_IDENTITY": "if the mailbox has a new owner: iacsgraph auth logout USER --forget-owner",
    "ACCOUNT_UNKNOWN": "see: iacsgraph account list",
    "ACCOUNT_LOCKED": "see: iacsgraph account unlock USER",
    "ACCOUNT_INACTIVE": "see: iacsgraph account activate USER",
    "MAIL_UNKNOWN": "it was deleted meanwhile, or is in another mailbox; see: iacsgraph mail query USER --select id",
    "MAILBOX_FORBIDDEN": "see docs/mail.md for the permission that is needed",
    "MAIL_NOT_DROPPED": "see: iacsgraph mail dropped list",
    "MAILBOX_NOT_SYNCED": "see: iacsgraph mail stats",
    "TOPIC_UNKNOWN": "see: iacsgraph events topics",
    "GROUP_UNKNOWN": "see: iacsgraph events lag",
    "EVENT_NOT_PARKED": "see: iacsgraph events outbox",
    "DEAD_LETTER_UNKNOWN": "see: iacsgraph events dlq list",
    "ENCRYPTION_KEY_INVALID": "make a key with: iacsgraph keys generate",
}
"""Where the class alone does not say what to do."""

_LATER = "try again later"


def resolve(table: Mapping[type[errors.IACSGraphError], V], kind: type[errors.IACSGraphError]) -> V:
    """Return the entry of the class or of its nearest ancestor; the tables hold the root, so there is one."""
    return next(table[ancestor] for ancestor in kind.__mro__ if ancestor in table)


def exit_code(error: errors.IACSGraphError) -> int:
    """Return the process's exit code."""
    return TEMPORARY if error.transient else resolve(EXIT_CODES, type(error))


def http_status(error: errors.IACSGraphError) -> int:
    """Return the answer's status; `retry_after`, if any, belongs into its `Retry-After`."""
    return HTTPStatus.SERVICE_UNAVAILABLE if error.transient else resolve(HTTP_STATUSES, type(error))


def remedy(error: errors.IACSGraphError) -> str:
    """Say what the caller can do, in one phrase; empty if the message says it all. USER becomes who it is about."""
    return _remedy(error).replace("USER", str(error.details.get("user_id", "USER")))


def _remedy(error: errors.IACSGraphError) -> str:
    if error.retry_after is not None:
        return f"{_LATER}, in {max(1, ceil(error.retry_after.total_seconds()))} s"
    kind: type[errors.IACSGraphError] = type(error)
    if (
        isinstance(error, errors.ReauthenticationRequiredError)
        and remedy_for(error.reason).person is Person.ADMINISTRATOR
    ):
        kind = errors.PolicyBlockedError
    return REMEDIES_BY_CODE.get(error.error_code) or resolve(REMEDIES, kind) or (_LATER if error.transient else "")
