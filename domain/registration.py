"""What can be said of an application without asking anybody: whether it can work as it is set up.

Source: Microsoft identity platform, reply-url.md, scopes-oidc.md, v2-oauth2-client-creds-grant-flow.md.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final
from urllib.parse import SplitResult, urlsplit

import attrs

from domain.account import AuthFlow, OAuthApplication

OFFLINE_ACCESS = "offline_access"
MANY_TENANTS: Final = frozenset({"common", "organizations", "consumers"})
"""Names that stand for many tenants."""

_OIDC = frozenset({"openid", "profile", "email", OFFLINE_ACCESS})
_UNSUPPORTED = frozenset({"address", "phone"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1"})
_LONGEST_REDIRECT = 256
_REFUSED_IN_REDIRECT = re.compile(r"[!$'(),;*\s]")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""A scope token (RFC 6749 section 3.3)."""
_GRAPH = re.compile(r"https://([a-z-]+\.)?graph\.(microsoft\.com|microsoft\.us|windows\.net)")


class Level(StrEnum):
    """FAULT: it cannot work. WARNING: it may fail for some or soon. UNKNOWN: nobody could be asked."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    UNKNOWN = "unknown"


@attrs.frozen(kw_only=True)
class Finding:
    """One thing found out. `code` is stable and UPPER_SNAKE; `remedy` says what to do, empty if nothing."""

    level: Level
    code: str
    message: str
    remedy: str = ""


def fault(code: str, message: str, remedy: str) -> Finding:
    """Return a finding that keeps the application from working."""
    return Finding(level=Level.FAULT, code=code, message=message, remedy=remedy)


def warning(code: str, message: str, remedy: str) -> Finding:
    """Return a finding that somebody should look at."""
    return Finding(level=Level.WARNING, code=code, message=message, remedy=remedy)


def unknown(code: str, message: str, remedy: str) -> Finding:
    """Return a finding that says why nothing could be found out."""
    return Finding(level=Level.UNKNOWN, code=code, message=message, remedy=remedy)


def check_registration(application: OAuthApplication) -> Iterator[Finding]:
    """Look at everything but the tenant and the credentials, which must be asked for; nothing is said of what is right.

    Scopes and redirect URI are quoted: they are no secrets.
    """
    if application.flow is AuthFlow.CLIENT_CREDENTIALS:
        yield from _check_application_scopes(application)
        yield from _check_own_identity(application)
    else:
        yield from _check_delegated_scopes(application.scopes)
    if application.flow is AuthFlow.AUTHORIZATION_CODE:
        yield from _check_redirect(application)


def _check_own_identity(application: OAuthApplication) -> Iterator[Finding]:
    if application.tenant_id.casefold() in MANY_TENANTS:
        yield fault(
            "TENANT_NOT_SPECIFIC",
            f"Client credentials need one tenant, but {application.tenant_id} stands for many.",
            "name the tenant: its GUID or a domain of it",
        )
    if not application.client_secrets:
        yield fault(
            "CREDENTIAL_MISSING",
            "Client credentials need a credential, and there is none.",
            "give the application a client secret or a certificate",
        )


def _check_application_scopes(application: OAuthApplication) -> Iterator[Finding]:
    wrong = [scope for scope in application.scopes if not scope.endswith(".default")]
    if wrong or len(application.scopes) > 1:
        yield fault(
            "SCOPES_NOT_DEFAULT",
            f"With client credentials the only scope is .default, not {' '.join(application.scopes)}.",
            "ask for https://graph.microsoft.com/.default; the permissions are those that the administrator granted",
        )


def _check_delegated_scopes(scopes: tuple[str, ...]) -> Iterator[Finding]:
    malformed = [scope for scope in scopes if not _SCOPE.fullmatch(scope)]
    if malformed:
        yield fault(
            "SCOPES_MALFORMED",
            f"{len(malformed)} of {len(scopes)} scopes hold a space, a quote or a letter that no scope has.",
            "write one permission per item, as in the app registration",
        )
    if OFFLINE_ACCESS not in scopes:
        yield fault(
            "OFFLINE_ACCESS_MISSING",
            "Without the scope offline_access there is no refresh token: the owner would have to sign in every hour.",
            "add offline_access to the permissions asked for",
        )
    unsupported = sorted(_UNSUPPORTED.intersection(scopes))
    if unsupported:
        yield fault("SCOPES_UNSUPPORTED", f"There is no scope {' or '.join(unsupported)}.", "leave it out")
    yield from _check_resources([scope for scope in scopes if scope not in _OIDC | _UNSUPPORTED])


def _check_resources(scopes: list[str]) -> Iterator[Finding]:
    if not scopes:
        yield warning(
            "SCOPES_WITHOUT_PERMISSION",
            "No permission on any data is asked for, only who the person is.",
            "add what is needed, such as Mail.Read",
        )
    if any(scope.endswith("/.default") for scope in scopes) and len(scopes) > 1:
        yield fault(
            "SCOPES_DEFAULT_MIXED",
            ".default cannot be asked for together with other permissions.",
            "keep either .default or the others",
        )
    resources = sorted({_resource(scope) for scope in scopes})
    if len(resources) > 1:
        yield fault(
            "SCOPES_OF_SEVERAL_RESOURCES",
            f"The permissions belong to several resources ({' '.join(resources)}); a token is for one.",
            "keep those of Microsoft Graph",
        )


def _resource(scope: str) -> str:
    """Return whose permission it is; one without an address is Microsoft Graph's."""
    resource, slash, _ = scope.rpartition("/")
    return resource if slash and "://" in scope and not _GRAPH.fullmatch(resource.rstrip("/")) else "Graph"


def _check_redirect(application: OAuthApplication) -> Iterator[Finding]:
    uri = application.redirect_uri
    if uri is None:
        yield fault(
            "REDIRECT_URI_MISSING",
            "The authorization code flow needs a redirect URI, and there is none.",
            "give the one of the app registration",
        )
        return
    parts = _split(uri)
    if parts is None or not parts.scheme or not parts.hostname:
        yield fault(
            "REDIRECT_URI_MALFORMED",
            "The redirect URI is not an absolute address.",
            "write it as in the app registration: https://host/path",
        )
        return
    yield from _check_redirect_host(parts)
    yield from _check_redirect_form(uri, parts)
    if parts.query and application.tenant_id.casefold() in {"common", "consumers"}:
        yield warning(
            "REDIRECT_URI_QUERY",
            "The redirect URI has a query, which works for applications of work and school accounts only.",
            "register and use one without a query",
        )


def _check_redirect_host(parts: SplitResult) -> Iterator[Finding]:
    if ":" in (parts.hostname or ""):
        yield fault(
            "REDIRECT_URI_IPV6",
            "The redirect URI's host is an IPv6 address, which cannot be registered.",
            "use localhost or 127.0.0.1",
        )
    elif parts.scheme not in {"http", "https"}:
        yield fault(
            "REDIRECT_URI_SCHEME",
            f"The redirect URI begins with {parts.scheme}, where no browser brings the person back to us.",
            "use https://, or http:// on localhost",
        )
    elif parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        yield fault(
            "REDIRECT_URI_NOT_HTTPS",
            "The redirect URI begins with http://, which is accepted for localhost only.",
            "use https://",
        )


def _check_redirect_form(uri: str, parts: SplitResult) -> Iterator[Finding]:
    if "#" in uri:
        yield fault("REDIRECT_URI_FRAGMENT", "The redirect URI has a fragment (#).", "leave the fragment out")
    if parts.username is not None or _REFUSED_IN_REDIRECT.search(uri) or len(uri) > _LONGEST_REDIRECT:
        yield fault(
            "REDIRECT_URI_REFUSED",
            f"The redirect URI cannot be registered: it holds a user name, a space or one of ! $ ' ( ) , ; *,"
            f" or is longer than {_LONGEST_REDIRECT}.",
            "register and use a plain one",
        )
    if parts.path in {"", "/"}:
        yield warning(
            "REDIRECT_URI_WITHOUT_PATH",
            "The redirect URI has no path; the path must be the registered one, letter by letter.",
            "register and use one with a path, such as /auth/callback",
        )


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts
