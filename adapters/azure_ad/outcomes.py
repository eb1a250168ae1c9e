"""A refusal of the provider's as an error of the domain.

`error` and `suberror` decide, as Microsoft asks programs to; an AADSTS code may make their verdict more precise. No
word of `error_description` is used: in a callback anybody may have written it.
Source: RFC 6749 sections 4.1.2.1 and 5.2, RFC 8628 section 3.5, reference-error-codes.md.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum, auto
from typing import Final

import attrs

from adapters.azure_ad import aadsts
from adapters.azure_ad.documents import parse_object, text
from adapters.azure_ad.endpoints import is_guid
from adapters.azure_ad.verdicts import Kind, Verdict
from adapters.http_client.retry_after import parse_retry_after
from adapters.http_client.transport import Answer, Sent
from domain import reauth
from domain.errors import (
    APIConnectionError,
    AuthenticationError,
    ConfigurationError,
    IACSGraphError,
    InvalidClientError,
    PolicyBlockedError,
    ReauthenticationRequiredError,
    ThrottledError,
)
from ports.identity_provider import AuthorizationResponse

TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500
LONGEST_CLAIMS = 10_000
LARGEST_CODE = 10**8
PAUSES: Final = {aadsts.BUSY.code: timedelta(minutes=1), "REQUEST_LOOP": timedelta(minutes=5)}
"""How long to wait where the answer does not say it. Source of the second: AADSTS50196 counts within 5 minutes."""

_WORD = re.compile(r"[a-z0-9_]{1,64}")
_CODE = re.compile(r"AADSTS([0-9]{4,8})\b")
_ANY = frozenset(Kind)
_PERSONAL = frozenset({Kind.SIGN_IN, Kind.BLOCKED, Kind.DECLINED, Kind.LATER, Kind.THROTTLED})
_OWN = frozenset({Kind.SETTING, Kind.CREDENTIAL, Kind.LATER, Kind.THROTTLED})
_LATER = frozenset({Kind.LATER, Kind.THROTTLED})
_NONE: frozenset[Kind] = frozenset()
_GRANTS = frozenset({reauth.GRANT_REJECTED, reauth.GRANT_REVOKED, reauth.GRANT_EXPIRED})


class Call(Enum):
    """What was asked: the same refusal is another error of another call."""

    AUTHORIZE = auto()
    CODE = auto()
    DEVICE_BEGIN = auto()
    DEVICE = auto()
    REFRESH = auto()
    APPLICATION = auto()

    @property
    def personal(self) -> bool:
        """Whether a person's grant is behind it."""
        return self not in {Call.APPLICATION, Call.DEVICE_BEGIN}


@attrs.frozen(kw_only=True)
class Refusal:
    """What the provider said. `details` are safe to show; `claims` is what the next sign-in must ask for."""

    error: str | None
    suberror: str | None = None
    claims: str | None = None
    codes: tuple[int, ...] = ()
    retry_after: timedelta | None = None
    details: Mapping[str, object] = attrs.field(factory=dict)


_DECLINED = Verdict(
    Kind.DECLINED, "SIGN_IN_DECLINED", "The person declined to sign in: the owner must sign in again to go on."
)
_CREDENTIAL = Verdict(
    Kind.CREDENTIAL,
    "INVALID_CLIENT",
    "The application's credential is not accepted: the operator must renew AZURE_CLIENT_SECRET or the certificate.",
)
_NOT_ALLOWED = Verdict(
    Kind.SETTING,
    "APPLICATION_NOT_ALLOWED",
    "The application may not do what it asks for: the operator must correct the app registration.",
)
_UNKNOWN = Verdict(
    Kind.SETTING,
    "PROVIDER_REFUSED",
    "The identity provider refused for a reason that is not known here: the operator must look it up.",
)
_NOT_BY_ITSELF = Verdict(
    Kind.SETTING,
    "APPLICATION_BLOCKED",
    "The application may not act by itself here: the administrator must allow it in the organisation's policies.",
)
_REDIRECT_DIFFERS = Verdict(
    Kind.GRANT,
    reauth.GRANT_REJECTED,
    "The sign-in began with another redirect URI: the owner must sign in again, after the operator has made"
    " AZURE_REDIRECT_URI and the app registration the same.",
)

_BY_ERROR: Final[Mapping[str, tuple[Verdict, frozenset[Kind]]]] = {
    "invalid_grant": (aadsts.REJECTED, _ANY),
    "interaction_required": (aadsts.INTERACTION, _PERSONAL),
    "login_required": (aadsts.INTERACTION, _PERSONAL),
    "consent_required": (aadsts.CONSENT, _PERSONAL),
    "user_password_expired": (aadsts.PASSWORD, _NONE),
    "access_denied": (_DECLINED, _PERSONAL),
    "authorization_declined": (_DECLINED, _NONE),
    "expired_token": (Verdict(Kind.GRANT, reauth.GRANT_EXPIRED, aadsts.ROWS[70019].advice), _NONE),
    "bad_verification_code": (aadsts.ROWS[70018], _NONE),
    "temporarily_unavailable": (aadsts.LATER, _LATER),
    "server_error": (aadsts.LATER, _LATER),
    "invalid_client": (_CREDENTIAL, _OWN),
    "unauthorized_client": (_NOT_ALLOWED, _OWN | {Kind.BLOCKED}),
    "invalid_request": (aadsts.BAD_REQUEST, _OWN | {Kind.BLOCKED, Kind.GRANT}),
    "invalid_scope": (aadsts.SCOPE, _OWN),
    "invalid_target": (aadsts.SCOPE, _OWN),
    "invalid_resource": (aadsts.RESOURCE, _OWN | {Kind.BLOCKED}),
    "unsupported_grant_type": (aadsts.RESPONSE_KIND, _OWN),
    "unsupported_response_type": (aadsts.RESPONSE_KIND, _OWN),
    "unsupported_response_mode": (aadsts.RESPONSE_KIND, _OWN),
    "invalid_tenant": (aadsts.UNKNOWN_TENANT, _OWN),
}
"""By `error`: the verdict, and which kinds of AADSTS rows may replace it."""

_BY_SUBERROR: Final[Mapping[str, tuple[Verdict, frozenset[Kind]]]] = {
    "basic_action": (aadsts.INTERACTION, frozenset({Kind.SIGN_IN})),
    "additional_action": (aadsts.INTERACTION, frozenset({Kind.SIGN_IN, Kind.BLOCKED})),
    "message_only": (aadsts.POLICY, frozenset({Kind.BLOCKED})),
    "consent_required": (aadsts.CONSENT, frozenset({Kind.BLOCKED, Kind.DECLINED})),
    "user_password_expired": (aadsts.PASSWORD, _NONE),
    "token_expired": (aadsts.GRANT_EXPIRED, frozenset({Kind.SIGN_IN})),
    "bad_token": (aadsts.REJECTED, frozenset({Kind.SIGN_IN, Kind.BLOCKED, Kind.GRANT})),
    "client_mismatch": (aadsts.REJECTED, frozenset({Kind.SIGN_IN, Kind.GRANT})),
    "protection_policy_required": (aadsts.DEVICE, frozenset({Kind.SIGN_IN})),
    "device_authentication_failed": (aadsts.DEVICE, frozenset({Kind.SIGN_IN})),
}
"""The same by `suberror`, which goes before where a person could act (MSAL.NET: UiRequiredExceptionClassification)."""

_WITH_SUBERROR = frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required"})


def refused(answer: Answer, call: Call) -> IACSGraphError:
    """Return the error for an answer that is none of success."""
    retry_after = parse_retry_after(answer.retry_after, answer.date or answer.answered_at)
    if answer.status == TOO_MANY_REQUESTS:
        return _throttled(aadsts.BUSY, retry_after, {**answer.details, "sent": Sent.REFUSED.value})
    if answer.status >= SERVER_ERROR:
        return _later(aadsts.LATER, retry_after, {**answer.details, "sent": Sent.FAILED.value})
    refusal = parse_refusal(answer)
    if refusal is not None:
        return error_of(attrs.evolve(refusal, retry_after=retry_after), call)
    msg = (
        "What answered is no identity provider, or a broken one: the operator must check AZURE_AUTHORITY, and whether"
        " something between here and there answers in its place."
    )
    details = {**answer.details, "sent": Sent.PERHAPS.value}
    return APIConnectionError(msg, error_code="PROVIDER_ANSWER_INVALID", details=details)


def parse_refusal(answer: Answer) -> Refusal | None:
    """Return what the answer's body says (RFC 6749 section 5.2, with Microsoft's additions), if it says it."""
    document = parse_object(answer.body)
    error = None if document is None else text(document, "error")
    if document is None or error is None:
        return None
    listed = document.get("error_codes")
    numbers = (
        [code for code in listed if type(code) is int and 0 < code < LARGEST_CODE] if isinstance(listed, list) else []
    )
    claims = text(document, "claims")
    traces = {name: text(document, name) or "" for name in ("trace_id", "correlation_id")}
    return _refusal(
        error,
        text(document, "suberror"),
        claims if claims is not None and len(claims) <= LONGEST_CLAIMS and parse_object(claims) is not None else None,
        tuple(numbers) or _codes_in(text(document, "error_description")),
        {**answer.details, **{name: value for name, value in traces.items() if is_guid(value)}},
    )


def refused_at_sign_in(response: AuthorizationResponse) -> IACSGraphError:
    """Return the error that an authorization response without a code tells of."""
    if response.error is None:
        return AuthenticationError(
            "The sign-in brought neither a code nor an error: the owner must sign in again.", error_code="CODE_REJECTED"
        )
    refusal = _refusal(response.error, None, None, _codes_in(response.error_description), {})
    return error_of(refusal, Call.AUTHORIZE)


def verdict_of(refusal: Refusal) -> Verdict:
    """Return what the refusal comes to."""
    verdict, replaceable = _BY_ERROR.get(refusal.error or "", (_UNKNOWN, _ANY))
    if refusal.error in _WITH_SUBERROR:
        if refusal.claims is not None:
            verdict = aadsts.INTERACTION
        verdict, replaceable = _BY_SUBERROR.get(refusal.suberror or "", (verdict, replaceable))
    for code in refusal.codes:
        row = aadsts.ROWS.get(code)
        if refusal.error == "invalid_grant" and code == 50011:  # noqa: PLR2004 - an AADSTS code
            return _REDIRECT_DIFFERS
        if row is not None and row.kind in replaceable:
            return row
    return verdict


def error_of(refusal: Refusal, call: Call) -> IACSGraphError:
    """Return the error."""
    verdict = verdict_of(refusal)
    if not call.personal and verdict.kind in {Kind.SIGN_IN, Kind.BLOCKED, Kind.DECLINED}:
        verdict = _NOT_BY_ITSELF
    if call is Call.REFRESH and verdict is _DECLINED:
        verdict = aadsts.POLICY
    known = [code for code in refusal.codes if code in aadsts.ROWS] or list(refusal.codes)
    sign = f"AADSTS{known[0]}" if known else refusal.error or "no reason given"
    verdict = attrs.evolve(verdict, advice=f"{verdict.advice.removesuffix('.')} ({sign}).")
    details = {**refusal.details, "sent": Sent.FAILED.value}
    if verdict.kind is Kind.LATER:
        return _later(verdict, refusal.retry_after, details)
    if verdict.kind is Kind.THROTTLED:
        return _throttled(verdict, refusal.retry_after or PAUSES.get(verdict.code), details)
    return _final(verdict, refusal, call)


def _final(verdict: Verdict, refusal: Refusal, call: Call) -> IACSGraphError:
    """Return the error for what does not pass by itself."""
    if verdict.kind in {Kind.CREDENTIAL, Kind.SETTING}:
        kind = InvalidClientError if verdict.kind is Kind.CREDENTIAL else ConfigurationError
        return kind(verdict.advice, error_code=verdict.code, details=refusal.details)
    if verdict.kind is Kind.BLOCKED:
        return PolicyBlockedError(verdict.advice, reason=verdict.code, details=refusal.details)
    if call is Call.REFRESH or (verdict.kind is Kind.SIGN_IN and verdict.code not in _GRANTS):
        reason = reauth.CONSENT_REQUIRED if verdict.kind is Kind.DECLINED else verdict.code
        return ReauthenticationRequiredError(
            verdict.advice, reason=reason, claims=refusal.claims, details=refusal.details
        )
    if not call.personal:
        bad = aadsts.BAD_REQUEST
        return ConfigurationError(bad.advice, error_code=bad.code, details=refusal.details)
    return AuthenticationError(verdict.advice, error_code=_rejection(verdict, call), details=refusal.details)


def _rejection(verdict: Verdict, call: Call) -> str:
    """Return how a sign-in failed that is not finished."""
    if verdict.kind is Kind.DECLINED:
        return "SIGN_IN_DECLINED"
    if call is not Call.DEVICE:
        return "CODE_REJECTED"
    return "DEVICE_CODE_EXPIRED" if verdict.code == reauth.GRANT_EXPIRED else "DEVICE_CODE_REJECTED"


def _later(verdict: Verdict, retry_after: timedelta | None, details: Mapping[str, object]) -> APIConnectionError:
    if retry_after is not None:
        return _throttled(verdict, retry_after, details)
    return APIConnectionError(verdict.advice, error_code=verdict.code, details=details)


def _throttled(verdict: Verdict, retry_after: timedelta | None, details: Mapping[str, object]) -> ThrottledError:
    return ThrottledError(verdict.advice, error_code=verdict.code, retry_after=retry_after, details=details)


def _refusal(
    error: str, suberror: str | None, claims: str | None, codes: tuple[int, ...], details: Mapping[str, object]
) -> Refusal:
    """Return it with words that look like such: nothing that somebody else could have written goes further."""
    said = {
        "error": error if _WORD.fullmatch(error) else "unrecognised",
        "suberror": suberror if _WORD.fullmatch(suberror or "") else None,
    }
    shown = {name: value for name, value in said.items() if value is not None}
    return Refusal(
        error=said["error"],
        suberror=said["suberror"],
        claims=claims,
        codes=codes,
        details={**details, **shown, "aadsts": list(codes)},
    )


def _codes_in(description: str | None) -> tuple[int, ...]:
    return tuple(int(code) for code in _CODE.findall((description or "")[:LONGEST_CLAIMS]))
