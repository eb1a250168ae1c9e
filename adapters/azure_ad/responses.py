"""What the token and device endpoints answer when they grant (RFC 6749 section 5.1, RFC 8628 section 3.2)."""

from datetime import timedelta

import attrs

from adapters.azure_ad.documents import Document, parse_object, seconds, text
from adapters.http_client.transport import Answer, Sent
from domain.errors import APIConnectionError, ValidationError
from domain.token import AccessToken, Token
from ports.identity_provider import DeviceAuthorization, DevicePoll

OK = 200
BAD_REQUEST = 400
LONGEST_LIFE = timedelta(days=366)
DEVICE_CODE_LIFE = timedelta(minutes=15)
"""Source: v2-oauth2-device-code.md, where the answer does not say it."""
POLL_INTERVAL = timedelta(seconds=5)
"""Source: RFC 8628 section 3.2, where the answer does not say it."""

_POLLS = {"authorization_pending": DevicePoll.PENDING, "slow_down": DevicePoll.SLOW_DOWN}


@attrs.frozen(kw_only=True)
class SignInAnswer:
    """The tokens of a sign-in; the id token is not verified yet."""

    token: Token
    id_token: str = attrs.field(repr=False)


def parse_sign_in(answer: Answer, requested: tuple[str, ...]) -> SignInAnswer:
    """Return the tokens, among them an id token.

    Raises:
        APIConnectionError: as `parse_tokens`.
    """
    token = parse_tokens(answer, requested)
    id_token = text(parse_object(answer.body) or {}, "id_token")
    if id_token is None:
        raise garbage(answer, "without an id token")
    return SignInAnswer(token=token, id_token=id_token)


def parse_tokens(answer: Answer, requested: tuple[str, ...]) -> Token:
    """Return the tokens. Their life counts from before the request was sent.

    `requested` are the scopes granted if the answer names none (RFC 6749 section 5.1).

    Raises:
        APIConnectionError: the answer is not one (PROVIDER_ANSWER_INVALID).
    """
    document = parse_object(answer.body)
    if document is None:
        raise garbage(answer, "not JSON")
    value, lifetime = text(document, "access_token"), _duration(document, "expires_in")
    if (
        value is None
        or not value.isascii()
        or lifetime is None
        or (text(document, "token_type") or "").lower() != "bearer"
    ):
        raise garbage(answer, "not a token with a lifetime")
    refresh_in = _duration(document, "refresh_in")
    try:
        access = AccessToken(
            value=value,
            obtained_at=answer.asked_at,
            expires_at=answer.asked_at + lifetime,
            refresh_at=None if refresh_in is None else answer.asked_at + refresh_in,
            scopes=tuple((text(document, "scope") or "").split()) or requested,
        )
        return Token(access=access, refresh=text(document, "refresh_token"))
    except ValidationError:
        raise garbage(answer, "a token with characters that no token has") from None


def parse_device_authorization(answer: Answer) -> DeviceAuthorization:
    """Return the codes.

    Raises:
        APIConnectionError: the answer is not one (PROVIDER_ANSWER_INVALID).
    """
    document = parse_object(answer.body)
    if document is None:
        raise garbage(answer, "not JSON")
    device_code, user_code = text(document, "device_code"), text(document, "user_code")
    address = text(document, "verification_uri") or text(document, "verification_url")
    if device_code is None or user_code is None or address is None or not address.startswith(("https://", "http://")):
        raise garbage(answer, "no user code with an address to type it at")
    return DeviceAuthorization(
        device_code=device_code,
        user_code=user_code,
        verification_uri=address,
        expires_at=answer.asked_at + (_duration(document, "expires_in") or DEVICE_CODE_LIFE),
        interval=_duration(document, "interval") or POLL_INTERVAL,
    )


def parse_poll(answer: Answer) -> DevicePoll | None:
    """Return that nobody has decided yet, if the answer says so (RFC 8628 section 3.5)."""
    error = text(parse_object(answer.body) or {}, "error") if answer.status == BAD_REQUEST else None
    return _POLLS.get(error or "")


def garbage(answer: Answer, what: str) -> APIConnectionError:
    """Return the error for an answer of success that holds none: the server, or something before it, is broken."""
    msg = (
        f"The identity provider's answer cannot be used: it is {what}; if that lasts, the operator must check whether"
        " something between here and there answers in its place."
    )
    details = {**answer.details, "sent": Sent.PERHAPS.value}
    return APIConnectionError(msg, error_code="PROVIDER_ANSWER_INVALID", details=details)


def _duration(document: Document, name: str) -> timedelta | None:
    found = seconds(document, name)
    return None if found is None else min(timedelta(seconds=found), LONGEST_LIFE)
