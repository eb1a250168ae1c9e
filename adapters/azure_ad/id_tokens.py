"""Who signed in, as an id token says it and as far as that can be believed.

Source: OpenID Connect Core 1.0 section 3.1.3.7; Microsoft identity platform, id-token-claims-reference.md and
signing-key-rollover.md.
"""

import hmac
from datetime import datetime, timedelta

import attrs
import jwt
from jwt.api_jws import PyJWS

from adapters.azure_ad.documents import Document, moment, parse_object, text
from adapters.azure_ad.endpoints import is_guid
from adapters.azure_ad.signing_keys import TENANT_PLACE, SigningKey
from domain.account import Identity
from domain.errors import AuthenticationError, ValidationError

ALGORITHM = "RS256"
LEEWAY = timedelta(minutes=5)
"""How far our clock may be from the provider's."""
LONGEST_TOKEN = 64 * 1024
LONGEST_LABEL = 320
CONSUMERS_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of personal accounts, whose addresses Microsoft has verified."""

_JWS = PyJWS(algorithms=[ALGORITHM])


@attrs.frozen(kw_only=True)
class Person:
    """Who signed in."""

    identity: Identity
    username: str | None
    email: str | None
    name: str | None


@attrs.frozen(kw_only=True)
class Expected:
    """What an id token must be for. `nonce` is None in flows that have none (RFC 8628)."""

    client_id: str
    issuer: str
    nonce: str | None = attrs.field(repr=False)
    now: datetime


def key_id(id_token: str) -> str:
    """Return the id of the key that is said to have signed it.

    Raises:
        AuthenticationError: it is no JWT signed with RS256 (ID_TOKEN_REJECTED).
    """
    if len(id_token) > LONGEST_TOKEN:
        raise rejected("is too long")
    try:
        header = _JWS.get_unverified_header(id_token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise rejected("is not a JWT") from None
    found = header.get("kid")
    if header.get("alg") != ALGORITHM or not isinstance(found, str):
        raise rejected(f"is not signed with {ALGORITHM} and a named key")
    return found


def verify(id_token: str, signed_with: SigningKey, expected: Expected) -> Person:
    """Return who signed in.

    Raises:
        AuthenticationError: the signature or a claim is wrong (ID_TOKEN_REJECTED), or it belongs to another sign-in
            (CODE_REJECTED).
    """
    try:
        payload = _JWS.decode(id_token, signed_with.key, algorithms=[ALGORITHM])
    except (jwt.PyJWTError, ValueError, TypeError):
        raise rejected("has a wrong signature") from None
    claims = parse_object(payload)
    if claims is None:
        raise rejected("holds no claims")
    _check_issuer(claims, signed_with, expected.issuer)
    _check_audience(claims, expected.client_id)
    _check_times(claims, expected.now)
    if expected.nonce is not None and not _same(text(claims, "nonce") or "", expected.nonce):
        msg = "The sign-in's answer belongs to another sign-in: the owner must sign in again, in one browser window."
        raise AuthenticationError(msg, error_code="CODE_REJECTED")
    return _person(claims, expected)


def _check_issuer(claims: Document, signed_with: SigningKey, template: str) -> None:
    """Compare exactly, after putting the token's own tenant where the issuer, or the key's, is a form for many."""
    issuer, tenant = text(claims, "iss") or "", text(claims, "tid") or ""
    if TENANT_PLACE in template and not is_guid(tenant):
        raise rejected("names no tenant")
    if issuer != template.replace(TENANT_PLACE, tenant):
        raise rejected("was issued by somebody else")
    bound = signed_with.issuer
    if bound is not None and issuer != (bound.replace(TENANT_PLACE, tenant) if is_guid(tenant) else bound):
        raise rejected("is signed with the key of another issuer")


def _check_audience(claims: Document, client_id: str) -> None:
    audience = claims.get("aud")
    if audience not in (client_id, [client_id]) or claims.get("azp", client_id) != client_id:
        raise rejected("is for another application")


def _check_times(claims: Document, now: datetime) -> None:
    issued, expires, begins = moment(claims, "iat"), moment(claims, "exp"), moment(claims, "nbf")
    if issued is None or expires is None or (begins is None and "nbf" in claims):
        raise rejected("does not say when it is valid")
    seconds, leeway = now.timestamp(), LEEWAY.total_seconds()
    if expires + leeway <= seconds:
        raise rejected("has expired, or this machine's clock is wrong")
    if max(issued, begins or 0) - leeway > seconds:
        raise rejected("is not valid yet, or this machine's clock is wrong")


def _person(claims: Document, expected: Expected) -> Person:
    try:
        identity = Identity(tenant_id=text(claims, "tid") or "", object_id=text(claims, "oid") or "")
    except ValidationError:
        raise rejected("does not say who signed in (tid and oid)") from None
    return Person(
        identity=identity,
        username=_label(claims, "preferred_username"),
        email=_label(claims, "email") if _vouched(claims, expected) else None,
        name=_label(claims, "name"),
    )


def _label(claims: Document, name: str) -> str | None:
    """Return a text that can be shown and stored; people write their own names."""
    found = (text(claims, name) or "").strip()
    return found if found and found.isprintable() and len(found) <= LONGEST_LABEL else None


def _vouched(claims: Document, expected: Expected) -> bool:
    """Return whether the address is known to be the person's.

    Any organisation may write any address into its own directory: under an issuer for many, only a personal account's
    address counts, and one whose domain is proven to be the organisation's (`xms_edov`).
    """
    verified = claims.get("email_verified", claims.get("xms_edov"))
    if verified is not None:
        return verified in (True, 1, "1", "true", "True")
    return TENANT_PLACE not in expected.issuer or claims.get("tid") == CONSUMERS_TENANT


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="surrogatepass"), other.encode(errors="surrogatepass"))


def rejected(why: str) -> AuthenticationError:
    """Return the error for an id token that `why` says something bad of."""
    msg = (
        f"The sign-in cannot be believed, for its id token {why}: the owner must sign in again; if that does not help,"
        " the operator must check the clock, AZURE_TENANT_ID and AZURE_AUTHORITY."
    )
    return AuthenticationError(msg, error_code="ID_TOKEN_REJECTED")
