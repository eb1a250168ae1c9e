"""How a client proves who it is: secret in the form or by HTTP Basic, or an assertion signed with a certificate."""

import binascii
import hmac
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

import attrs
import jwt
from jwt.types import Options

from modules.simulator.authority import Authority
from modules.simulator.clock import Clock
from modules.simulator.directory import Directory
from modules.simulator.refusal import refused
from modules.simulator.registration import Application, ClientCertificate

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SKEW_SECONDS = 300

# Times may be fractions here, and each fault has a code of its own: the claims are checked by hand.
_SIGNATURE_ONLY: Options = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


@attrs.frozen(kw_only=True)
class Client:
    """The client of a request. `proved`: it sent a good secret or assertion."""

    application: Application
    proved: bool

    def must_be_proved(self) -> None:
        """Raises: RefusedError 7000218 if it sent neither."""
        if not self.proved:
            raise refused(7000218)


@attrs.frozen(kw_only=True)
class ClientCheck:
    """Checks clients of one tenant's token endpoint. `audiences`: the spellings of its URL."""

    directory: Directory
    clock: Clock
    authority: Authority
    audiences: frozenset[str]

    def check(self, form: Mapping[str, str], authorization: str) -> Client:
        """Raises: RefusedError if the application is unknown here, or what it sent is no proof."""
        basic_id, basic_secret = basic_credentials(authorization)
        assertion = form.get("client_assertion", "")
        client_id = form.get("client_id") or basic_id or _issuer(assertion)
        if not client_id:
            raise refused(900144, "It is: client_id")
        application = self.directory.find_application(client_id)
        if application is None:
            raise refused(700016, f"Application: {client_id}")
        self.authority.check_application(application)
        secret = form.get("client_secret") or basic_secret
        if (secret or assertion) and not application.is_confidential:
            raise refused(700025)
        if assertion:
            if form.get("client_assertion_type") != ASSERTION_TYPE:
                raise refused(50027, "The client_assertion_type is not known.")
            self._check_assertion(application, assertion)
        elif secret:
            self._check_secret(application, secret)
        return Client(application=application, proved=bool(secret or assertion))

    def _check_secret(self, application: Application, sent: str) -> None:
        known = [each for each in application.secrets if hmac.compare_digest(each.value.encode(), _bytes(sent))]
        if not known:
            raise refused(7000215, f"Application: {application.client_id}")
        if all(each.expires_at <= self.clock.now() for each in known):
            raise refused(7000222, f"Application: {application.client_id}")

    def _check_assertion(self, application: Application, assertion: str) -> None:
        certificate, algorithm = _certificate(application, assertion)
        try:
            claims: dict[str, Any] = jwt.decode(
                assertion,
                certificate.public_key,
                algorithms=[algorithm],
                options=_SIGNATURE_ONLY,
            )
        except (jwt.InvalidTokenError, RecursionError) as error:
            raise refused(700027) from error
        if certificate.expires_at <= self.clock.now():
            raise refused(7000272)
        if not claims.get("iss") == claims.get("sub") == application.client_id:
            raise refused(700021)
        if not isinstance(claims.get("aud"), str) or claims["aud"] not in self.audiences:
            raise refused(700023, "The audience is another.", error="invalid_client", status=401)
        self._check_times(claims)

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        """`exp` is needed; `nbf` and `iat` are not, and all may be fractions."""
        now = self.clock.now().timestamp()
        times = [claims.get(name, now) for name in ("nbf", "iat")]
        if any(isinstance(each, bool) or not isinstance(each, int | float) for each in [*times, claims.get("exp")]):
            raise refused(50027, "A time is missing or no number.", error="invalid_client", status=401)
        if claims["exp"] + _SKEW_SECONDS <= now or max(times) - _SKEW_SECONDS > now:
            moment = datetime.fromtimestamp(now, UTC)
            raise refused(700024, f"Current time: {moment:%Y-%m-%dT%H:%M:%SZ}")


def _certificate(application: Application, assertion: str) -> tuple[ClientCertificate, str]:
    """The registered certificate that the header names, and the algorithm that may be used with it."""
    try:
        header = jwt.get_unverified_header(assertion)
    except (jwt.InvalidTokenError, RecursionError) as error:
        raise refused(50027, error="invalid_client", status=401) from error
    sha256, sha1, algorithm = header.get("x5t#S256"), header.get("x5t"), header.get("alg")
    for certificate in application.certificates:
        if algorithm in {"PS256", "RS256"} and (
            _bare(sha256) == certificate.sha256 or (sha256 is None and _bare(sha1) == certificate.sha1)
        ):
            return certificate, algorithm
    raise refused(700027, "The certificate that it names is not registered.")


def _bare(thumbprint: object) -> str | None:
    return thumbprint.rstrip("=") if isinstance(thumbprint, str) else None


def _issuer(assertion: str) -> str | None:
    try:
        issuer = jwt.decode(assertion, options={"verify_signature": False}).get("iss")
    except (jwt.InvalidTokenError, RecursionError):
        return None
    return issuer if isinstance(issuer, str) else None


def basic_credentials(authorization: str) -> tuple[str, str]:
    """Client id and secret of a Basic header, each form-encoded; empty ones if there is no such header.

    Raises: RefusedError 9002313 if the header is malformed.
    """
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        decoded = b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise refused(9002313, "The Authorization header is malformed.") from error
    client_id, _, secret = decoded.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
