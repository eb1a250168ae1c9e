"""Entra's own error codes, as hints: which verdict each means, and what a person should do.

Microsoft says that programs should look at `error` and not depend on these numbers, so a row only makes a verdict more
precise that `error` and `suberror` allow (`outcomes`).
Source: Microsoft identity platform, reference-error-codes.md; recorded answers where it is silent.
"""

from collections.abc import Mapping
from typing import Final

from adapters.azure_ad.verdicts import Kind, Verdict
from domain import reauth

_ASK = "the administrator must"
_OWNER = "the owner must"
_OPERATOR = "the operator must"
_REGISTRATION = f"{_OPERATOR} correct the app registration"

LATER = Verdict(Kind.LATER, "PROVIDER_FAILED", f"Azure AD failed on its side: {_OPERATOR} wait, it is tried again.")
BUSY = Verdict(Kind.THROTTLED, "THROTTLED", f"Azure AD asks to slow down: {_OPERATOR} wait, it is tried again later.")


def _sign_in(reason: str, advice: str) -> Verdict:
    return Verdict(Kind.SIGN_IN, reason, advice)


def _blocked(reason: str, advice: str) -> Verdict:
    return Verdict(Kind.BLOCKED, reason, advice)


def _setting(code: str, advice: str) -> Verdict:
    return Verdict(Kind.SETTING, code, advice)


def _credential(code: str, advice: str) -> Verdict:
    return Verdict(Kind.CREDENTIAL, code, advice)


_OTHER_ACCOUNT = _sign_in(
    reauth.OTHER_ACCOUNT_REQUIRED,
    f"The account that was used is not in this organisation: {_OWNER} sign in with one that is.",
)
_MFA = _sign_in(
    reauth.MFA_REQUIRED,
    f"The organisation asks for a second factor: {_OWNER} sign in again and confirm with it.",
)
_MFA_SET_UP = _sign_in(
    reauth.MFA_REQUIRED,
    f"The organisation asks for a second factor that is not set up: {_OWNER} sign in again and set it up.",
)
DEVICE = _sign_in(
    reauth.DEVICE_REQUIRED,
    f"The organisation allows only devices or programs that it manages: {_OWNER} sign in again on such a device.",
)
PASSWORD = _sign_in(
    reauth.PASSWORD_EXPIRED, f"The password has expired or must be changed: {_OWNER} set a new one, then sign in again."
)
INTERACTION = _sign_in(
    reauth.INTERACTION_REQUIRED, f"Azure AD wants to ask the person something: {_OWNER} sign in again."
)
_REVOKED = _sign_in(
    reauth.GRANT_REVOKED,
    f"The grant was revoked, as after a change of password or a sign-out everywhere: {_OWNER} sign in again.",
)
GRANT_EXPIRED = _sign_in(
    reauth.GRANT_EXPIRED, f"The grant was not used for too long or is too old: {_OWNER} sign in again."
)
REJECTED = Verdict(Kind.GRANT, reauth.GRANT_REJECTED, f"The grant is not accepted: {_OWNER} sign in again.")
_BAD_CREDENTIALS = _sign_in(
    reauth.GRANT_REJECTED, f"The user name or password was not accepted: {_OWNER} sign in again."
)
POLICY = _blocked(
    reauth.BLOCKED_BY_POLICY,
    f"The organisation's policies block this sign-in: {_ASK} allow it, signing in again does not help.",
)
_TENANT_RESTRICTED = _blocked(
    reauth.BLOCKED_BY_POLICY,
    f"The organisation does not allow access to this other organisation: {_ASK} allow it.",
)
CONSENT = _sign_in(
    reauth.CONSENT_REQUIRED,
    f"The application's permissions were not accepted: {_OWNER} sign in again and accept them.",
)
_ADMIN_CONSENT = _blocked(
    reauth.ADMIN_CONSENT_REQUIRED,
    f"The application's permissions need an administrator's consent: {_ASK} give it.",
)
_UNKNOWN_APPLICATION = _setting(
    "APPLICATION_UNKNOWN",
    f"The application is not known in this tenant: {_OPERATOR} check AZURE_CLIENT_ID and AZURE_TENANT_ID.",
)
_DISABLED_APPLICATION = _setting(
    "APPLICATION_DISABLED", f"The application is disabled: {_ASK} enable it in the directory."
)
UNKNOWN_TENANT = _setting("TENANT_UNKNOWN", f"There is no such tenant: {_OPERATOR} check AZURE_TENANT_ID.")
_NO_TENANT = _setting(
    "TENANT_REQUIRED",
    f"The request names no tenant that Azure AD could use: {_OPERATOR} put the organisation's into AZURE_TENANT_ID.",
)
_TENANT_KIND = _setting(
    "TENANT_NOT_ALLOWED",
    f"The application cannot be used with this tenant name: {_OPERATOR} put another into AZURE_TENANT_ID, such as the"
    " organisation's own.",
)
RESOURCE = _setting(
    "RESOURCE_UNAVAILABLE",
    f"The service that is asked for is not available in this tenant: {_ASK} add or enable it, or {_REGISTRATION}.",
)
SCOPE = _setting(
    "INVALID_SCOPE", f"A permission that is asked for does not exist or does not fit: {_OPERATOR} correct AZURE_SCOPES."
)
RESPONSE_KIND = _setting("REQUEST_NOT_ALLOWED", f"The application may not sign in this way: {_REGISTRATION}.")
BAD_REQUEST = _setting(
    "REQUEST_REJECTED", f"Azure AD does not understand the request: {_OPERATOR} check the settings, or report a defect."
)
_ASSERTION = _credential(
    "CLIENT_CERTIFICATE_REJECTED",
    f"The application's certificate is not accepted: {_OPERATOR} register it with the application, and see that the"
    " machine's clock is right.",
)
_SECRET_WRONG = _credential(
    "CLIENT_SECRET_REJECTED",
    f"The client secret is wrong: {_OPERATOR} put the secret's value, not its id, into AZURE_CLIENT_SECRET.",
)
_SECRET_EXPIRED = _credential(
    "CLIENT_SECRET_EXPIRED",
    f"The client secret has expired: {_OPERATOR} issue a new one and put it into AZURE_CLIENT_SECRET.",
)
_SECRET_MISSING = _credential(
    "CLIENT_SECRET_REQUIRED",
    f"The application needs a client secret or certificate: {_OPERATOR} set AZURE_CLIENT_SECRET, or allow public client"
    " flows in the app registration.",
)
_SECRET_UNWANTED = _credential(
    "CLIENT_SECRET_NOT_ALLOWED",
    f"The application is registered as a public client: {_OPERATOR} remove AZURE_CLIENT_SECRET, or register a redirect"
    " URI of the kind web.",
)
_LOOP = Verdict(
    Kind.THROTTLED,
    "REQUEST_LOOP",
    f"The same request was sent too often: {_OPERATOR} look for a program that keeps asking; it is tried again later.",
)


def _rows(verdict: Verdict, *codes: int) -> dict[int, Verdict]:
    return dict.fromkeys(codes, verdict)


ROWS: Final[Mapping[int, Verdict]] = {
    **_rows(LATER, 50033, 50087, 50088, 70012, 80001, 80002, 80005, 80014, 90006, 90012, 90024, 90033, 90090),
    **_rows(BUSY, 90055),
    **_rows(_LOOP, 50196),
    # Who signed in, and how
    **_rows(_OTHER_ACCOUNT, 16000, 50020, 90072),
    50034: _sign_in(
        reauth.OTHER_ACCOUNT_REQUIRED,
        f"The account is not, or no longer, in the organisation's directory: {_OWNER} sign in with one that is.",
    ),
    **_rows(_BAD_CREDENTIALS, 50126, 80007),
    **_rows(INTERACTION, 50058, 50085, 50089, 50140, 700020),
    **_rows(_MFA, 50074, 50076, 50078, 50158),
    **_rows(_MFA_SET_UP, 50072, 50079),
    **_rows(PASSWORD, 50055, 50135, 50144),
    **_rows(DEVICE, 50097, 50131, 50155, 50187, 53000, 53001, 53002),
    # The grant
    **_rows(_REVOKED, 50132, 50133, 50173),
    **_rows(GRANT_EXPIRED, 70043, 700082, 700084),
    **_rows(REJECTED, 70000, 9002313),
    70008: Verdict(
        Kind.GRANT, reauth.GRANT_EXPIRED, f"The grant has expired or was not used for too long: {_OWNER} sign in again."
    ),
    54005: Verdict(
        Kind.GRANT,
        reauth.GRANT_REJECTED,
        f"The sign-in's code was used before, as when the page is loaded twice: {_OWNER} sign in again.",
    ),
    501481: Verdict(
        Kind.GRANT,
        reauth.GRANT_REJECTED,
        f"The sign-in's code belongs to another sign-in: {_OWNER} sign in again, in one browser window.",
    ),
    700005: Verdict(
        Kind.GRANT,
        reauth.GRANT_REJECTED,
        f"The sign-in's code belongs to another tenant: {_OWNER} sign in again, and {_OPERATOR} check AZURE_TENANT_ID.",
    ),
    # What an administrator decides
    50053: _blocked(
        reauth.USER_LOCKED_OUT,
        f"The account is locked after wrong passwords, or its address is suspicious: {_ASK} unlock it, or time will.",
    ),
    50057: _blocked(reauth.USER_DISABLED, f"The account is disabled: {_ASK} enable it in the directory."),
    80012: _blocked(
        reauth.BLOCKED_BY_POLICY,
        f"The account may not sign in at this hour: {_ASK} change its logon hours, or time will.",
    ),
    50105: _blocked(
        reauth.USER_NOT_ASSIGNED, f"The person is not assigned to the application: {_ASK} assign the person to it."
    ),
    **_rows(POLICY, 53003, 53004, 53010, 53011, 530032, 530034, 530035),
    **_rows(_TENANT_RESTRICTED, 500021, 500022, 500212, 500213),
    # Consent
    **_rows(CONSENT, 65001),
    65004: Verdict(
        Kind.DECLINED,
        "SIGN_IN_DECLINED",
        f"The person declined the permissions that the application asks for: {_OWNER} sign in again and accept them.",
    ),
    **_rows(_ADMIN_CONSENT, 90093, 90094, 90095, 90099),
    # The application's registration and settings
    **_rows(_UNKNOWN_APPLICATION, 700011, 700016, 7000229),
    **_rows(_DISABLED_APPLICATION, 70001, 7000112),
    **_rows(UNKNOWN_TENANT, 90002, 900021, 900023),
    **_rows(_NO_TENANT, 50059, 50128, 90019),
    **_rows(_TENANT_KIND, 50194, 9001023, 9002332, 90124, 90130),
    900439: _setting("WRONG_CLOUD", f"The account belongs to another Microsoft cloud: {_OPERATOR} check AZURE_CLOUD."),
    50011: _setting(
        "REDIRECT_URI_UNKNOWN",
        f"The redirect URI is not registered with the application: {_OPERATOR} make AZURE_REDIRECT_URI and the app"
        " registration the same, to the letter.",
    ),
    **_rows(RESOURCE, 50001, 500011, 65002, 65005, 650052, 650054, 650056, 650057),
    **_rows(SCOPE, 28002, 28003, 70011, 700022, 700023),
    **_rows(RESPONSE_KIND, 70003, 70005, 70007, 700054, 9002327, 240001),
    **_rows(BAD_REQUEST, 50147, 501491, 50192, 90014, 90023, 900144, 240002),
    # The application's credential
    **_rows(_ASSERTION, 50012, 50013, 500133, 70021, 700024, 700027, 700030, 700229, 7000272),
    **_rows(_SECRET_WRONG, 7000215),
    **_rows(_SECRET_EXPIRED, 7000222),
    **_rows(_SECRET_MISSING, 7000216, 7000218),
    **_rows(_SECRET_UNWANTED, 700025),
    # Device flows; those that say no more than `error` does (70016: nobody has signed in yet) need no row.
    70018: Verdict(Kind.GRANT, reauth.GRANT_REJECTED, f"The user code is not known: {_OWNER} begin the sign-in again."),
    **_rows(
        Verdict(Kind.GRANT, reauth.GRANT_EXPIRED, f"The user code has expired: {_OWNER} begin the sign-in again."),
        70019,
        70020,
    ),
}
"""By AADSTS code. 70002 has none: it is a prefix before the code that matters."""
