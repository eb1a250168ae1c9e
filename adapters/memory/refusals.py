"""What an authorization response without a code means (RFC 6749 section 4.1.2.1, OpenID Connect Core 3.1.2.6)."""

from domain.errors import (
    APIConnectionError,
    AuthenticationError,
    ConfigurationError,
    IACSGraphError,
    ReauthenticationRequiredError,
)
from domain.reauth import CONSENT_REQUIRED, INTERACTION_REQUIRED
from ports.identity_provider import AuthorizationResponse

INTERACTIONS = {
    "login_required": INTERACTION_REQUIRED,
    "interaction_required": INTERACTION_REQUIRED,
    "consent_required": CONSENT_REQUIRED,
}


def refusal(response: AuthorizationResponse) -> IACSGraphError:
    """Return the error that the response tells of."""
    if response.error is None:
        msg = "The sign-in brought neither a code nor an error: sign in again."
        return AuthenticationError(msg, error_code="CODE_REJECTED")
    if response.error == "access_denied":
        msg = "The person declined to sign in or to accept the permissions asked for."
        return AuthenticationError(msg, error_code="SIGN_IN_DECLINED")
    if response.error in {"server_error", "temporarily_unavailable"}:
        return APIConnectionError("The identity provider failed: try again later.")
    if response.error in INTERACTIONS:
        msg = "The person must sign in on the provider's pages."
        return ReauthenticationRequiredError(msg, reason=INTERACTIONS[response.error])
    return ConfigurationError("The provider does not let this application sign people in: check its registration.")
