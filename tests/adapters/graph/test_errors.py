"""What a refusal of Graph's comes to, row by row."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.graph.errors import BY_CODE, BY_STATUS, Refusal, error_of
from adapters.graph.requests import Absent
from adapters.http_client.transport import Answer
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

OWNER = MailboxOwner(user_id="anna")
MAIL = Absent(error_code="MAIL_UNKNOWN", message="There is no such mail: the caller must forget it.")
ASKED_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)

THROTTLED = (ThrottledError, "THROTTLED")
FAILED = (APIConnectionError, "GRAPH_FAILED")
MOVING = (APIConnectionError, "MAILBOX_MOVING")
NO_GRAPH = (APIConnectionError, "GRAPH_ANSWER_INVALID")
SIGN_IN = (ReauthenticationRequiredError, "REAUTHENTICATION_REQUIRED")
FORBIDDEN = (PermissionDeniedError, "MAILBOX_FORBIDDEN")
UNKNOWN = (NotFoundError, "MAILBOX_UNKNOWN")
NOT_ENABLED = (NotFoundError, "MAILBOX_NOT_ENABLED")
ABSENT = (NotFoundError, "MAIL_UNKNOWN")
RESYNC = (ResyncRequiredError, "RESYNC_REQUIRED")
CONFLICT = (ConflictError, "CONFLICT")
FULL = (BusinessLogicError, "MAILBOX_FULL")
REFUSED = (ValidationError, "REQUEST_REFUSED")

type_and_code = tuple[type[IACSGraphError], str]

CODES: list[tuple[int, str, type_and_code]] = [
    (429, "TooManyRequests", THROTTLED),
    (503, "ApplicationThrottled", THROTTLED),
    (509, "activityLimitReached", THROTTLED),
    (503, "ErrorServerBusy", THROTTLED),
    (400, "ErrorServerBusy", THROTTLED),
    (500, "ErrorInternalServerError", FAILED),
    (500, "ErrorInternalServerTransientError", FAILED),
    (500, "generalException", FAILED),
    (500, "ExtensionError", FAILED),
    (503, "serviceNotAvailable", FAILED),
    (503, "MailboxInfoStale", FAILED),
    (500, "ErrorMailboxMoveInProgress", MOVING),
    (503, "ErrorMailboxMoveInProgress", MOVING),
    (503, "ErrorMailboxStoreUnavailable", MOVING),
    (403, "ErrorAccessDenied", FORBIDDEN),
    (403, "accessDenied", FORBIDDEN),
    (403, "Authorization_RequestDenied", FORBIDDEN),
    (400, "Forbidden", FORBIDDEN),
    (404, "ErrorAccessDenied", FORBIDDEN),
    (404, "Request_ResourceNotFound", UNKNOWN),
    (404, "ErrorInvalidUser", UNKNOWN),
    (404, "ErrorNonExistentMailbox", UNKNOWN),
    (404, "MailboxNotEnabledForRESTAPI", NOT_ENABLED),
    (404, "MailboxNotSupportedForRESTAPI", NOT_ENABLED),
    (404, "ResourceNotFound", NOT_ENABLED),
    (404, "ErrorItemNotFound", ABSENT),
    (404, "ErrorFolderNotFound", ABSENT),
    (400, "itemNotFound", ABSENT),
    (403, "itemNotFound", FORBIDDEN),
    (500, "ErrorItemNotFound", FAILED),
    (410, "SyncStateNotFound", RESYNC),
    (404, "syncStateNotFound", RESYNC),
    (400, "SyncStateInvalid", RESYNC),
    (400, "resyncRequired", RESYNC),
    (503, "resyncRequired", FAILED),
    (410, "ErrorItemNotFound", RESYNC),
    (409, "ErrorIrresolvableConflict", CONFLICT),
    (412, "resourceModified", CONFLICT),
    (400, "ErrorQuotaExceeded", FULL),
    (507, "quotaLimitReached", FULL),
    (413, "ErrorMessageSizeExceeded", REFUSED),
    (413, "RequestEntityTooLarge", REFUSED),
    (400, "ErrorInvalidIdMalformed", ABSENT),
    (400, "InefficientFilter", REFUSED),
    (400, "SearchWithOrderBy", REFUSED),
    (400, "RequestBroker--ParseUri", REFUSED),
    (400, "ErrorInvalidUrlQuery", REFUSED),
    (400, "ExpandNotSupported", REFUSED),
    (404, "UnknownError", ABSENT),
    (500, "UnknownError", FAILED),
    (400, "BadRequest", REFUSED),
    (429, "ErrorItemNotFound", THROTTLED),
    (401, "InvalidAuthenticationToken", SIGN_IN),
    (401, "ErrorAccessDenied", SIGN_IN),
]

STATUSES: list[tuple[int, type_and_code]] = [
    (400, REFUSED),
    (401, SIGN_IN),
    (403, FORBIDDEN),
    (404, ABSENT),
    (405, REFUSED),
    (408, FAILED),
    (409, CONFLICT),
    (410, RESYNC),
    (412, CONFLICT),
    (413, REFUSED),
    (424, FAILED),
    (429, THROTTLED),
    (451, REFUSED),
    (500, FAILED),
    (501, REFUSED),
    (502, FAILED),
    (503, FAILED),
    (504, FAILED),
    (507, FULL),
    (509, THROTTLED),
    (599, FAILED),
    (302, NO_GRAPH),
    (304, NO_GRAPH),
]


def refused(status: int, body: object, **named: object) -> IACSGraphError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    refusal = Refusal(status=status, body=content, **named)  # type: ignore[arg-type]  # each test names what it means
    return error_of(refusal, OWNER, MAIL)


def graphs(code: str, *inner: str, message: str = "words") -> dict[str, object]:
    """Return Graph's error with the codes, the outermost first."""
    error: dict[str, object] = {"code": code, "message": message}
    if inner:
        error["innerError"] = {"date": "2025-02-13T10:17:05", **graphs(*inner)["error"]}  # type: ignore[dict-item]  # built here
    return {"error": error}


def kind_of(error: IACSGraphError) -> type_and_code:
    return type(error), error.error_code


@pytest.mark.parametrize("change", [str, str.upper, str.lower])
@pytest.mark.parametrize(("status", "code", "expected"), CODES)
def test_a_code_means_what_the_table_says_whatever_its_case(
    status: int, code: str, expected: type_and_code, change: type[str]
) -> None:
    error = refused(status, graphs(change(code)))
    assert kind_of(error) == expected
    assert error.details["graph_code"] == change(code)


@pytest.mark.parametrize("body", [graphs(""), graphs("SomethingNew"), {"error": {}}, {"error": {"code": None}}, b""])
@pytest.mark.parametrize(("status", "expected"), STATUSES)
def test_without_a_code_that_is_known_the_status_decides(status: int, expected: type_and_code, body: object) -> None:
    assert kind_of(refused(status, body)) == expected


def test_no_row_goes_untested() -> None:
    assert set(BY_CODE) <= {code for _, code, _ in CODES}
    assert set(BY_STATUS) <= {status for status, _ in STATUSES}


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (("UnknownError", "ResourceNotFound"), NOT_ENABLED),
        (("ErrorItemNotFound", "SomethingNew"), ABSENT),
        (("ErrorItemNotFound", "MailboxNotEnabledForRESTAPI"), NOT_ENABLED),
        (("BadRequest", "UnknownError", "syncStateNotFound"), RESYNC),
        (("itemNotFound", "404"), ABSENT),
        (("", "", "ErrorAccessDenied"), FORBIDDEN),
        (("a",) * 9 + ("ResourceNotFound",), NOT_ENABLED),
        (("ErrorItemNotFound", "generalException"), ABSENT),
    ],
)
def test_the_innermost_known_code_that_fits_decides(codes: tuple[str, ...], expected: type_and_code) -> None:
    assert kind_of(refused(404, graphs(*codes))) == expected


def test_both_spellings_of_the_inner_error_are_read() -> None:
    body = {"error": {"code": "x", "innererror": {"code": "ResourceNotFound"}}}
    assert kind_of(refused(404, body)) == NOT_ENABLED


@pytest.mark.parametrize(
    "body", [b"<html>Bad gateway</html>", b"[]", b'"x"', b'{"error": "text"}', b"{}", b"\xff", b"[" * 9999]
)
def test_a_body_that_is_not_graphs_says_nothing_about_a_mail(body: bytes) -> None:
    """A proxy's page with 404 must not delete anything; what fails on the way passes."""
    for status in (400, 404, 405, 410):
        error = refused(status, body)
        assert kind_of(error) == NO_GRAPH
        assert error.transient
    assert kind_of(refused(502, body)) == FAILED
    assert kind_of(refused(429, body)) == THROTTLED
    assert kind_of(refused(403, body)) == FORBIDDEN


def test_what_can_be_asked_again_says_how_far_it_came_and_nothing_else_does() -> None:
    assert refused(429, b"").details["sent"] == "refused"
    assert refused(503, b"").details["sent"] == "failed"
    assert refused(404, b"<html>").details["sent"] == "perhaps"
    for status, code, expected in CODES:
        error = refused(status, graphs(code))
        assert ("sent" in error.details) == error.transient == issubclass(expected[0], APIConnectionError)


def test_a_wait_that_is_asked_for_is_told() -> None:
    wait = timedelta(seconds=7)
    for status in (429, 503, 500):
        error = refused(status, b"", retry_after=wait)
        assert kind_of(error) == THROTTLED
        assert error.retry_after == wait
    moving = refused(503, graphs("ErrorMailboxMoveInProgress"), retry_after=wait)
    assert (kind_of(moving), moving.retry_after) == (MOVING, wait)


def test_a_challenge_decides_over_codes_and_carries_its_claims() -> None:
    challenges = ['Bearer error="insufficient_claims", claims="e30="']
    for status in (401, 403):
        error = refused(status, graphs("ErrorAccessDenied"), challenges=challenges)
        assert isinstance(error, ReauthenticationRequiredError)
        assert (error.reason, error.claims) == ("interaction_required", "{}")
    assert kind_of(refused(404, graphs("itemNotFound"), challenges=challenges)) == ABSENT
    plain = refused(401, b"")
    assert isinstance(plain, ReauthenticationRequiredError)
    assert (plain.reason, plain.claims) == ("grant_rejected", None)
    assert kind_of(refused(403, b"", challenges=['Bearer error="invalid_token"'])) == FORBIDDEN


def test_where_nothing_can_be_absent_a_404_is_a_refusal() -> None:
    refusal = Refusal(status=404, body=json.dumps(graphs("itemNotFound")).encode())
    assert kind_of(error_of(refusal, OWNER, None)) == REFUSED


def test_the_details_are_for_support_and_hold_no_more_than_ids() -> None:
    answer = Answer(
        status=400,
        body=json.dumps(graphs("BadRequest", message="Invalid\r\nfilter " + "x" * 500)).encode(),
        asked_at=ASKED_AT,
        answered_at=ASKED_AT,
        retry_after=None,
        date=None,
        request_id="mine",
        server_request_id="0a1b2c3d-1111",
    )
    error = error_of(Refusal.of(answer), OWNER, MAIL)
    message = error.details.pop("graph_message")
    assert error.details == {
        "status": 400,
        "client_request_id": "mine",
        "request_id": "0a1b2c3d-1111",
        "user_id": "anna",
        "graph_code": "BadRequest",
    }
    assert isinstance(message, str)
    assert message.startswith("Invalid  filter xxx")
    assert len(message) == 200
    assert "filter" not in str(error)


def test_graphs_message_is_only_told_where_the_request_is_wrong_and_never_with_a_token() -> None:
    token = "eyJ0eXAiOiJKV1QiLCJub25jZSI6.eyJhdWQiOiIwMDAwMDAwMyJ9abc.c2lnbmF0dXJl"
    assert "graph_message" not in refused(400, graphs("x", message=f"Token {token} is bad")).details
    assert "graph_message" not in refused(404, graphs("x", message="words")).details
    assert refused(405, graphs("x", message="words")).details["graph_message"] == "words"


def test_a_code_that_looks_like_a_token_is_not_told() -> None:
    error = refused(400, graphs("BadRequest", "0.AXoAs3Dv3kM1-9dQw"))
    assert error.details["graph_code"] == "BadRequest"


@pytest.mark.parametrize("request_id", ["<script>", "", "x" * 65, "a b"])
def test_a_request_id_that_is_none_is_left_out(request_id: str) -> None:
    answer = Answer(
        status=500,
        body=b"",
        asked_at=ASKED_AT,
        answered_at=ASKED_AT,
        retry_after="Thu, 01 Jan 2026 12:00:30 GMT",
        date=ASKED_AT + timedelta(seconds=20),
        request_id="mine",
        server_request_id=request_id,
    )
    refusal = Refusal.of(answer)
    assert "request_id" not in refusal.details
    assert refusal.retry_after == timedelta(seconds=10)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "code", "innerError", "innererror", "message"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.integers(300, 599), st.one_of(JSON, st.binary(max_size=30)))
def test_no_answer_is_a_defect_and_each_says_who_must_act(status: int, body: object) -> None:
    error = refused(status, body)
    assert "must" in str(error)
    assert error.details["user_id"] == "anna"
