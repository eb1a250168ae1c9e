"""Entra's error codes: which OAuth error, status and sub-error each comes with, and whether a page shows it.

The texts are the simulator's own: Microsoft changes its texts, and clients must not read them.
"""

from collections.abc import Mapping
from typing import Literal, TypedDict

import attrs

Show = Literal["page", "redirect"]

GRANT, CLIENT, REQUEST = "invalid_grant", "invalid_client", "invalid_request"
UNAUTHORIZED, INTERACTION, LATER = "unauthorized_client", "interaction_required", "temporarily_unavailable"

MFA, MESSAGE, BAD_TOKEN = "basic_action", "message_only", "bad_token"


@attrs.frozen(kw_only=True)
class Aadsts:
    """One line of the table. `claims`: the answer asks the client to send a claims challenge on.

    `at_authorize` and `shown` tell what the authorize endpoint does: the error of its redirect, or a page instead.
    """

    code: int
    error: str
    text: str
    status: int = 400
    suberror: str | None = None
    claims: bool = False
    at_authorize: str | None = None
    shown: Show = "redirect"


class Changes(TypedDict, total=False):
    """Columns of a line that a test wants otherwise."""

    error: str
    text: str
    status: int
    suberror: str | None
    claims: bool
    at_authorize: str | None
    shown: Show


def changed(code: int, changes: Changes) -> Aadsts:
    """The line of a code with some columns replaced.

    Raises: ValueError if the table does not have the code or the column.
    """
    if code not in TABLE:
        raise ValueError(f"AADSTS{code} is not in the table")
    if unknown := set(changes) - Changes.__optional_keys__:
        raise ValueError(f"a line has no {', '.join(sorted(unknown))}")
    return attrs.evolve(TABLE[code], **changes)


def _line(  # noqa: PLR0913 - a line has so many columns
    code: int,
    error: str,
    text: str,
    *,
    status: int | None = None,
    suberror: str | None = None,
    claims: bool = False,
    at_authorize: str | None = None,
    shown: Show = "redirect",
) -> Aadsts:
    return Aadsts(
        code=code,
        error=error,
        text=text,
        status=status or {CLIENT: 401}.get(error, 400),
        suberror=suberror,
        claims=claims,
        at_authorize=at_authorize,
        shown=shown,
    )


_ACCOUNTS = (
    _line(16000, GRANT, "The account belongs to another identity provider.", shown="page"),
    _line(50020, GRANT, "The account does not exist in this tenant.", shown="page"),
    _line(50034, GRANT, "The account is not in the directory.", suberror=BAD_TOKEN, shown="page"),
    _line(50053, GRANT, "The account is locked after too many wrong passwords.", shown="page"),
    _line(50055, "user_password_expired", "The password has expired.", suberror="user_password_expired", shown="page"),
    _line(50057, GRANT, "The account is disabled.", shown="page"),
    _line(50058, "login_required", "Nobody is signed in, and the request allows no sign-in page."),
    _line(50105, INTERACTION, "The person is not assigned to a role of the application.", shown="page"),
    _line(50126, GRANT, "The user name or the password is wrong.", shown="page"),
    _line(50132, GRANT, "The session ended with the password's expiry or change.", suberror=BAD_TOKEN),
    _line(50133, GRANT, "The session ended with the password's expiry.", suberror=BAD_TOKEN),
    _line(50135, GRANT, "The password must be changed because of a risk.", suberror=MFA),
    _line(50140, INTERACTION, "The person was asked whether to stay signed in.", suberror=MFA),
    _line(50144, GRANT, "The password in the local directory has expired.", shown="page"),
    _line(50173, GRANT, "The grant was revoked; a new sign-in is needed.", suberror=BAD_TOKEN),
    _line(80007, GRANT, "The local directory refused the password.", shown="page"),
    _line(80012, GRANT, "The account may not sign in at this hour.", shown="page"),
    _line(90072, GRANT, "The external account is not in this tenant.", shown="page"),
    _line(900439, REQUEST, "The account belongs to another cloud.", shown="page"),
)

_POLICIES = (
    _line(50072, GRANT, "The person must register for multi-factor authentication.", suberror=MFA, claims=True),
    _line(50074, GRANT, "Strong authentication is required and was not passed.", suberror=MFA, claims=True),
    _line(50076, GRANT, "A policy requires multi-factor authentication.", suberror=MFA, claims=True),
    _line(50078, GRANT, "The multi-factor authentication has expired.", suberror=MFA, claims=True),
    _line(50079, INTERACTION, "The person must register for multi-factor authentication.", suberror=MFA, claims=True),
    _line(50085, GRANT, "The social identity provider wants a sign-in.", suberror=MFA),
    _line(50089, GRANT, "The sign-in took too long.", suberror=MFA),
    _line(50097, INTERACTION, "The device must authenticate.", suberror="device_authentication_failed"),
    _line(50131, GRANT, "Conditional access failed.", suberror="additional_action", shown="page"),
    _line(50155, GRANT, "The device could not be authenticated.", suberror="device_authentication_failed"),
    _line(50158, GRANT, "An external security challenge was not met.", suberror=MFA, claims=True),
    _line(50187, GRANT, "The service could not authenticate the device.", suberror="device_authentication_failed"),
    _line(53000, GRANT, "The device does not comply with policy.", suberror="additional_action", shown="page"),
    _line(53001, GRANT, "The device is not joined to the domain.", suberror="additional_action", shown="page"),
    _line(53002, GRANT, "The application is not approved by policy.", suberror="protection_policy_required"),
    _line(53003, GRANT, "A conditional access policy blocks access.", suberror=MESSAGE, claims=True, shown="page"),
    _line(53004, GRANT, "Registration is blocked because of a risk.", suberror=MESSAGE, claims=True, shown="page"),
    _line(53010, GRANT, "Registration is blocked at this place.", suberror=MESSAGE, claims=True, shown="page"),
    _line(53011, GRANT, "The person is blocked because of a risk.", suberror=MESSAGE, claims=True, shown="page"),
    _line(530032, GRANT, "A security policy of the tenant blocks access.", suberror=MESSAGE, claims=True, shown="page"),
    _line(530034, GRANT, "A delegated administrator was blocked.", suberror=MESSAGE, claims=True, shown="page"),
    _line(530035, GRANT, "Security defaults block access.", suberror=MESSAGE, claims=True, shown="page"),
    _line(70043, GRANT, "The sign-in is older than the policy of sign-in frequency allows.", suberror="token_expired"),
    _line(500021, "access_denied", "The tenant's restrictions deny access.", shown="page"),
    _line(500022, "access_denied", "The tenant's restrictions lack a value.", shown="page"),
    _line(500212, "access_denied", "A cross-tenant policy of the user's tenant denies access.", shown="page"),
    _line(500213, "access_denied", "A cross-tenant policy of the resource's tenant denies access.", shown="page"),
)

_GRANTS = (
    _line(54005, GRANT, "The authorization code was already redeemed."),
    _line(70000, GRANT, "The grant is not valid."),
    _line(70008, GRANT, "The code or refresh token has expired."),
    _line(700005, GRANT, "The code is for another tenant."),
    _line(700082, GRANT, "The refresh token expired after 90 days without use.", suberror="token_expired"),
    _line(
        700084, GRANT, "The refresh token of a single-page application ended after 24 hours.", suberror="token_expired"
    ),
    _line(501481, GRANT, "The code_verifier does not match the code_challenge."),
    _line(50147, REQUEST, "The code_challenge_method is not known."),
    _line(501491, REQUEST, "The code_challenge has a wrong size."),
    _line(50196, GRANT, "The client repeats one request; it is in a loop."),
    _line(700020, INTERACTION, "The grant requires interaction."),
    _line(70016, "authorization_pending", "The person has not finished signing in."),
    _line(70018, "bad_verification_code", "The device code is not known."),
    _line(70019, "expired_token", "The device code has expired."),
    _line(70020, "expired_token", "The device code has expired."),
    _line(500133, GRANT, "The assertion is outside its time range."),
    _line(50013, GRANT, "The assertion is not valid."),
)

_APPLICATIONS = (
    _line(50001, "invalid_resource", "The resource is not known or disabled in the tenant."),
    _line(500011, "invalid_resource", "The resource was not found in the tenant."),
    _line(50011, GRANT, "The redirect URI is not one of the application's.", at_authorize=REQUEST, shown="page"),
    _line(50012, CLIENT, "The client's assertion was not accepted."),
    _line(50027, REQUEST, "The JWT is malformed."),
    _line(50194, REQUEST, "The application is for one tenant and cannot be used here.", shown="page"),
    _line(
        65001,
        GRANT,
        "Nobody consented to the permissions.",
        suberror="consent_required",
        at_authorize="consent_required",
    ),
    _line(65002, REQUEST, "The application is not pre-authorized for the resource."),
    _line(65004, "consent_required", "The person declined to consent.", at_authorize="access_denied"),
    _line(65005, CLIENT, "The application's registration lacks the resource."),
    _line(650052, CLIENT, "The tenant lacks the service that the application needs."),
    _line(650054, "invalid_resource", "The resource is no longer available."),
    _line(650056, CLIENT, "The application is misconfigured.", shown="page"),
    _line(650057, "invalid_resource", "The resource is not listed in the application's registration."),
    _line(70001, UNAUTHORIZED, "The application is disabled.", shown="page"),
    _line(7000112, UNAUTHORIZED, "The application is disabled.", shown="page"),
    _line(70002, CLIENT, "The credentials could not be validated."),
    _line(700011, UNAUTHORIZED, "The application was not found in the directory.", shown="page"),
    _line(700016, UNAUTHORIZED, "The application was not found in the directory.", shown="page"),
    _line(70021, UNAUTHORIZED, "No federated credential matches the assertion.", status=401),
    _line(700021, CLIENT, "The assertion speaks of another application."),
    _line(700024, CLIENT, "The assertion is outside its time range."),
    _line(700025, CLIENT, "The client is public and must not send a secret or an assertion."),
    _line(700027, CLIENT, "The assertion's signature or certificate is not valid."),
    _line(700030, CLIENT, "The certificate's subject does not match."),
    _line(700229, UNAUTHORIZED, "The token type is wrong for a federated credential.", status=401),
    _line(7000215, CLIENT, "The client secret is wrong."),
    _line(7000216, CLIENT, "A client secret or assertion is required for this grant."),
    _line(7000218, CLIENT, "The request must carry client_assertion or client_secret."),
    _line(7000222, CLIENT, "The client secret has expired."),
    _line(7000272, CLIENT, "The client's certificate has expired."),
    _line(90093, "access_denied", "The directory forbade the request."),
    _line(90094, "consent_required", "An administrator must consent.", suberror="consent_required", shown="page"),
    _line(90095, "consent_required", "An administrator must approve.", suberror="consent_required", shown="page"),
    _line(90099, UNAUTHORIZED, "The application is not authorized in the tenant.", shown="page"),
)

_REQUESTS = (
    _line(50049, "invalid_instance", "The host is not a known authority."),
    _line(50059, REQUEST, "The request names no tenant.", shown="page"),
    _line(50128, REQUEST, "The domain is not valid.", shown="page"),
    _line(50192, REQUEST, "The credentials are missing."),
    _line(70003, "unsupported_grant_type", "The grant type is not supported."),
    _line(70005, "unsupported_response_type", "The response type is not supported."),
    _line(70007, REQUEST, "The response mode is not supported."),
    _line(70011, "invalid_scope", "The scope is not valid."),
    _line(700022, "invalid_scope", "The scope names several resources."),
    _line(700023, "invalid_scope", "The scope names no resource."),
    _line(28002, "invalid_scope", "The scope is not valid for a token request."),
    _line(28003, "invalid_scope", "The scope is empty."),
    _line(700054, "unsupported_response_type", "Id tokens at the authorize endpoint are not enabled."),
    _line(90002, REQUEST, "The tenant was not found.", shown="page"),
    _line(90014, REQUEST, "A required field is missing."),
    _line(90019, REQUEST, "The request names no tenant.", shown="page"),
    _line(90023, REQUEST, "A parameter is not valid."),
    _line(90124, REQUEST, "The resource is not available at this endpoint."),
    _line(90130, REQUEST, "The application is not available at this endpoint.", shown="page"),
    _line(900144, REQUEST, "A required field is missing."),
    _line(9000411, REQUEST, "A parameter is repeated."),
    _line(9001023, REQUEST, "The grant type is not available at this endpoint."),
    _line(900561, REQUEST, "The endpoint accepts another method."),
    _line(9002313, REQUEST, "The request is malformed."),
    _line(9002325, REQUEST, "A code of a single-page application needs PKCE."),
    _line(9002326, REQUEST, "Only a single-page application may redeem from another origin."),
    _line(9002327, REQUEST, "A code of a single-page application must be redeemed from its origin."),
    _line(9002332, REQUEST, "The application is not for this kind of account.", shown="page"),
    _line(240001, REQUEST, "The person may not register devices."),
    _line(240002, REQUEST, "An id token cannot be used for this grant."),
)

_OUTAGES = (
    _line(50033, LATER, "A transient error occurred."),
    _line(50087, LATER, "A transient error occurred."),
    _line(50088, LATER, "The quota of calls for multi-factor authentication is used up."),
    _line(70012, "server_error", "The server failed.", status=500),
    _line(80001, LATER, "The agent of the local directory cannot be reached."),
    _line(80002, LATER, "The agent of the local directory did not answer in time."),
    _line(80005, LATER, "The agent of the local directory sent something unexpected."),
    _line(80014, LATER, "The agent of the local directory exceeded the time allowed."),
    _line(90006, LATER, "An external server asks to try again."),
    _line(90012, LATER, "The request took too long."),
    _line(90024, LATER, "A transient error occurred."),
    _line(90033, LATER, "The directory is temporarily unavailable."),
    _line(90055, LATER, "The tenant is throttled.", status=429),
    _line(90090, LATER, "The directory's interface is temporarily unavailable."),
)

TABLE: Mapping[int, Aadsts] = {
    each.code: each for part in (_ACCOUNTS, _POLICIES, _GRANTS, _APPLICATIONS, _REQUESTS, _OUTAGES) for each in part
}
