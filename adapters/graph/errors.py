"""A refusal of Graph's as an error of the domain.

The most specific code that is known decides, where its kind fits the status; else the status. Graph's `message` decides
nothing: it may change, and may quote what was asked.
Source: Microsoft Graph, errors.md, resolve-auth-errors.md and best-practices-concept.md; Exchange's own codes
(`Error...`) are in no table of Graph's.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from enum import Enum, auto
from typing import Final

import attrs
import msgspec

from adapters.graph.challenges import claims_in, wants_claims
from adapters.graph.requests import Absent
from adapters.http_client.retry_after import parse_retry_after
from adapters.http_client.transport import Answer, Sent
from domain import reauth
from domain.errors import (
    APIConnectionError,
    BusinessLogicError,
    ConflictError,
    IACSGraphError,
    NotFoundError,
    PermissionDeniedError,
    ReauthenticationRequiredError,
    ResyncRequiredError,
    ThrottledError,
    ValidationError,
)
from domain.mail import MailboxOwner

OK = range(200, 300)
CLIENT_ERROR = range(400, 500)
SERVER_ERROR = range(500, 600)
UNAUTHORIZED = 401
FORBIDDEN = 403
GATEWAY_TIMEOUT = 504
MAILBOX_MOVING = "MAILBOX_MOVING"
LONGEST_MESSAGE = 200
DEEPEST = 10

_CODE = re.compile(r"[A-Za-z_.-]{1,64}")  # without digits: nearly every token has some
_REQUEST_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}[A-Za-z0-9._-]*")


class Kind(Enum):
    """What a refusal comes to."""

    THROTTLED = auto()
    LATER = auto()
    MOVING = auto()
    SIGN_IN = auto()
    FORBIDDEN = auto()
    UNKNOWN_MAILBOX = auto()
    NOT_ENABLED = auto()
    ABSENT = auto()
    RESYNC = auto()
    CONFLICT = auto()
    FULL = auto()
    TOO_LARGE = auto()
    REFUSED = auto()


BY_CODE: Final[Mapping[str, Kind]] = {
    "TooManyRequests": Kind.THROTTLED,
    "ApplicationThrottled": Kind.THROTTLED,
    "activityLimitReached": Kind.THROTTLED,
    "ErrorServerBusy": Kind.THROTTLED,
    "ErrorInternalServerError": Kind.LATER,
    "ErrorInternalServerTransientError": Kind.LATER,
    "generalException": Kind.LATER,
    "ExtensionError": Kind.LATER,
    "serviceNotAvailable": Kind.LATER,
    "MailboxInfoStale": Kind.LATER,
    "ErrorMailboxMoveInProgress": Kind.MOVING,
    "ErrorMailboxStoreUnavailable": Kind.MOVING,
    "ErrorAccessDenied": Kind.FORBIDDEN,
    "accessDenied": Kind.FORBIDDEN,
    "Authorization_RequestDenied": Kind.FORBIDDEN,
    "Forbidden": Kind.FORBIDDEN,
    "Request_ResourceNotFound": Kind.UNKNOWN_MAILBOX,
    "ErrorInvalidUser": Kind.UNKNOWN_MAILBOX,
    "ErrorNonExistentMailbox": Kind.UNKNOWN_MAILBOX,
    "MailboxNotEnabledForRESTAPI": Kind.NOT_ENABLED,
    "MailboxNotSupportedForRESTAPI": Kind.NOT_ENABLED,
    "ResourceNotFound": Kind.NOT_ENABLED,
    "ErrorInvalidIdMalformed": Kind.ABSENT,
    "ErrorItemNotFound": Kind.ABSENT,
    "ErrorFolderNotFound": Kind.ABSENT,
    "itemNotFound": Kind.ABSENT,
    "SyncStateNotFound": Kind.RESYNC,
    "SyncStateInvalid": Kind.RESYNC,
    "resyncRequired": Kind.RESYNC,
    "ErrorIrresolvableConflict": Kind.CONFLICT,
    "resourceModified": Kind.CONFLICT,
    "ErrorQuotaExceeded": Kind.FULL,
    "quotaLimitReached": Kind.FULL,
    "ErrorMessageSizeExceeded": Kind.TOO_LARGE,
    "RequestEntityTooLarge": Kind.TOO_LARGE,
    "InefficientFilter": Kind.REFUSED,
    "SearchWithOrderBy": Kind.REFUSED,
    "RequestBroker--ParseUri": Kind.REFUSED,
    "ErrorInvalidUrlQuery": Kind.REFUSED,
    "ExpandNotSupported": Kind.REFUSED,
}
"""By code, whatever its case. `UnknownError` and `BadRequest` are not here: they come with any status, and say less."""

BY_STATUS: Final[Mapping[int, Kind]] = {
    401: Kind.SIGN_IN,
    403: Kind.FORBIDDEN,
    404: Kind.ABSENT,
    408: Kind.LATER,
    409: Kind.CONFLICT,
    410: Kind.RESYNC,
    412: Kind.CONFLICT,
    413: Kind.TOO_LARGE,
    424: Kind.LATER,
    429: Kind.THROTTLED,
    500: Kind.LATER,
    501: Kind.REFUSED,
    502: Kind.LATER,
    503: Kind.LATER,
    504: Kind.LATER,
    507: Kind.FULL,
    509: Kind.THROTTLED,
}
"""Any other of 4xx is REFUSED, any other at all LATER."""

_WHATEVER_THE_CODE = frozenset({410, 429})
_BY_STATUS_ALONE = frozenset({401, 403, 408, 413, 429})
"""What also those answer who stand between here and Graph, and in a form of their own."""
_FAILURES = frozenset({Kind.THROTTLED, Kind.LATER, Kind.MOVING, Kind.FULL})
"""What a server that failed (5xx) can be believed: not, for example, that a message does not exist."""
_PASSING = frozenset({Kind.LATER})
"""What a status of 4xx contradicts."""

_KNOWN = {code.casefold(): kind for code, kind in BY_CODE.items()}

_FORBIDDEN = (
    "Microsoft Graph does not let the application read this mailbox: the administrator must grant it the permission"
    " Mail.Read, or allow it in the mailbox's policy, and the owner must sign in again."
)
_NOT_ENABLED = (
    "The account has no mailbox that can be read: it has no licence, was deleted, or is kept on the organisation's own"
    " servers; the administrator must change that."
)
_ADVICE: Final[Mapping[Kind, tuple[type[IACSGraphError], str, str]]] = {
    Kind.LATER: (
        APIConnectionError,
        "GRAPH_FAILED",
        "Microsoft Graph failed on its side: the operator must wait, it can be tried again.",
    ),
    Kind.MOVING: (
        APIConnectionError,
        MAILBOX_MOVING,
        "The mailbox is being moved within Microsoft 365, which takes hours: the operator must wait.",
    ),
    Kind.FORBIDDEN: (PermissionDeniedError, "MAILBOX_FORBIDDEN", _FORBIDDEN),
    Kind.UNKNOWN_MAILBOX: (
        NotFoundError,
        "MAILBOX_UNKNOWN",
        "Microsoft Graph knows no such mailbox: the operator must correct the account's address.",
    ),
    Kind.NOT_ENABLED: (
        NotFoundError,
        "MAILBOX_NOT_ENABLED",
        _NOT_ENABLED,
    ),
    Kind.RESYNC: (
        ResyncRequiredError,
        "RESYNC_REQUIRED",
        "Microsoft Graph no longer knows up to where changes were read: the caller must begin again.",
    ),
    Kind.CONFLICT: (
        ConflictError,
        "CONFLICT",
        "Somebody else changed it at the same time: the caller must read it again and decide again.",
    ),
    Kind.FULL: (BusinessLogicError, "MAILBOX_FULL", "The mailbox is full: its owner must make room."),
    Kind.TOO_LARGE: (
        ValidationError,
        "REQUEST_REFUSED",
        "Microsoft Graph refuses the request because it is too large: the caller must ask in smaller parts.",
    ),
    Kind.REFUSED: (
        ValidationError,
        "REQUEST_REFUSED",
        "Microsoft Graph refuses the request as it is: repeating it does not help, the caller must ask otherwise.",
    ),
}


@attrs.frozen(kw_only=True)
class Refusal:
    """An answer that is none of success, from the network or from within a batch. `details` are safe to show."""

    status: int
    body: bytes = attrs.field(repr=False)
    retry_after: timedelta | None = None
    challenges: Sequence[str] = attrs.field(default=(), repr=False)
    details: Mapping[str, object] = attrs.field(factory=dict)

    @classmethod
    def of(cls, answer: Answer) -> "Refusal":
        """Return what an answer says. Dates in it are compared with the server's own time."""
        details = dict(answer.details)
        if _REQUEST_ID.fullmatch(answer.server_request_id or ""):
            details["request_id"] = answer.server_request_id
        return cls(
            status=answer.status,
            body=answer.body,
            retry_after=parse_retry_after(answer.retry_after, answer.date or answer.answered_at),
            challenges=answer.challenges,
            details=details,
        )

    @property
    def wants_token(self) -> bool:
        """Whether another token may open what this one does not."""
        return self.status == UNAUTHORIZED or (self.status == FORBIDDEN and wants_claims(self.challenges))


def error_of(refusal: Refusal, owner: MailboxOwner, absent: Absent | None) -> IACSGraphError:
    """Return the error. `absent`: what it means if what was asked for does not exist; None if it surely does."""
    document = _error_in(refusal.body)
    codes = list(_codes(document))
    details = {**refusal.details, "user_id": owner.user_id}
    if codes:
        details["graph_code"] = codes[-1]
    if not _is_graphs(refusal, document):
        return _foreign(refusal, details)
    kind, code = _verdict(refusal, codes)
    if code is not None:
        details["graph_code"] = code
    if kind is Kind.SIGN_IN:
        return _sign_in(refusal, details)
    if kind in {Kind.THROTTLED, Kind.LATER, Kind.MOVING}:
        return _later(kind, refusal, details)
    if kind is Kind.ABSENT and absent is not None:
        return NotFoundError(absent.message, error_code=absent.error_code, details=details)
    known, error_code, advice = _ADVICE.get(kind, _ADVICE[Kind.REFUSED])
    if known is ValidationError:
        details.update(_message(document))
    return known(advice, error_code=error_code, details=details)


def _verdict(refusal: Refusal, codes: Sequence[str]) -> tuple[Kind, str | None]:
    """Return what it comes to, and which code decided, if one did."""
    if refusal.wants_token:
        return Kind.SIGN_IN, None
    for code in () if refusal.status in _WHATEVER_THE_CODE else reversed(codes):
        kind = _KNOWN.get(code.casefold())
        if kind is not None and _fits(kind, refusal.status):
            return kind, code
    return BY_STATUS.get(refusal.status, Kind.REFUSED if refusal.status in CLIENT_ERROR else Kind.LATER), None


def _fits(kind: Kind, status: int) -> bool:
    if status in CLIENT_ERROR:
        return kind not in _PASSING and not (kind is Kind.ABSENT and status == FORBIDDEN)
    return status in SERVER_ERROR and kind in _FAILURES


def _error_in(body: bytes) -> Mapping[str, object] | None:
    """Return Graph's error, if the body is one."""
    try:
        document = msgspec.json.decode(body, type=dict[str, object])
    except (ValueError, RecursionError):  # of msgspec
        return None
    error = document.get("error")
    return error if isinstance(error, dict) else None


def _codes(error: Mapping[str, object] | None) -> Iterator[str]:
    """Return the codes that have the form of one, the outermost first."""
    for _ in range(DEEPEST):
        if error is None:
            return
        code = error.get("code")
        if isinstance(code, str) and _CODE.fullmatch(code):
            yield code
        inner = error.get("innerError", error.get("innererror"))
        error = inner if isinstance(inner, dict) else None


def _is_graphs(refusal: Refusal, error: Mapping[str, object] | None) -> bool:
    """Return whether it was Graph that answered; a page of HTML with 404 says nothing about a message."""
    if refusal.status not in CLIENT_ERROR:
        return refusal.status in SERVER_ERROR
    return error is not None or not refusal.body.strip() or refusal.status in _BY_STATUS_ALONE


def _foreign(refusal: Refusal, details: Mapping[str, object]) -> APIConnectionError:
    msg = (
        f"What answered is not Microsoft Graph (HTTP {refusal.status}): if that lasts, the operator must check"
        " AZURE_GRAPH_URL, and whether something between here and there answers in its place."
    )
    return APIConnectionError(msg, error_code="GRAPH_ANSWER_INVALID", details={**details, "sent": Sent.PERHAPS.value})


def _later(kind: Kind, refusal: Refusal, details: Mapping[str, object]) -> APIConnectionError:
    """Return the error for what passes by itself."""
    marked = {**details, "sent": (Sent.FAILED if refusal.status in SERVER_ERROR else Sent.REFUSED).value}
    if kind is Kind.THROTTLED or (kind is Kind.LATER and refusal.retry_after is not None):
        msg = "Microsoft Graph asks to slow down: the caller must wait, and ask again."
        return ThrottledError(msg, retry_after=refusal.retry_after, details=marked)
    _, error_code, advice = _ADVICE[kind]
    return APIConnectionError(advice, error_code=error_code, retry_after=refusal.retry_after, details=marked)


def _sign_in(refusal: Refusal, details: Mapping[str, object]) -> ReauthenticationRequiredError:
    claims = claims_in(refusal.challenges)
    msg = "Microsoft Graph refuses the access token, even a new one: the owner must sign in again."
    reason = reauth.GRANT_REJECTED if claims is None else reauth.INTERACTION_REQUIRED
    return ReauthenticationRequiredError(msg, reason=reason, claims=claims, details=details)


def _message(error: Mapping[str, object] | None) -> Mapping[str, object]:
    """Return the beginning of what Graph says to the program's author; nothing that looks like a token."""
    message = (error or {}).get("message")
    if not isinstance(message, str) or _TOKEN.search(message):
        return {}
    readable = "".join(character if character.isprintable() else " " for character in message[:LONGEST_MESSAGE])
    return {"graph_message": readable}
