"""Where a cloud answers. National clouds and servers of tests are other values, nothing else.

Source: Microsoft identity platform, v2-protocols-oidc.md and authentication-national-cloud.md.
"""

import re
from datetime import timedelta
from urllib.parse import quote

import attrs
from yarl import URL

from adapters.http_client.retrying import Pace
from adapters.http_client.transport import Server
from domain.errors import ConfigurationError

ENTRA = Server(unreachable="PROVIDER_UNREACHABLE", setting="AZURE_AUTHORITY")
PACE = Pace(
    budget=timedelta(seconds=15),  # callers allow 20 s
    attempts=4,
    first_pause=timedelta(milliseconds=500),
    longest_pause=timedelta(seconds=4),
)

MANY_TENANTS = frozenset({"common", "organizations"})
"""Names that stand for many tenants."""
NOT_ONE_TENANT = MANY_TENANTS | {"consumers"}
"""Tenants in which an application cannot have a token of its own."""

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_VERSION = "v2.0"


def is_guid(text: str) -> bool:
    """Return whether the text is a GUID in its usual form."""
    return _GUID.fullmatch(text) is not None


def _authority(text: str) -> str:
    url = _absolute(text, "AZURE_AUTHORITY")
    segments = [segment for segment in url.parts[1:] if segment]
    if segments and segments[-1] == _VERSION:
        segments.pop()
    if segments and _is_tenant(segments[-1]):
        segments.pop()
    return _joined(url, segments)


def _graph(text: str) -> str:
    url = _absolute(text, "AZURE_GRAPH_URL")
    segments = [segment for segment in url.parts[1:] if segment]
    if segments and segments[-1] == "v1.0":
        segments.pop()
    return _joined(url, segments)


def _absolute(text: str, name: str) -> URL:
    try:
        url = URL(text)
    except ValueError as error:
        raise _not_an_address(name) from error
    if url.scheme not in {"https", "http"} or not url.host or url.query_string or url.fragment or url.user:
        raise _not_an_address(name)
    return url


def _not_an_address(name: str) -> ConfigurationError:
    msg = f"{name} must be an absolute https address without query, fragment or credentials."
    return ConfigurationError(msg, error_code="ENDPOINT_INVALID")


def _joined(url: URL, segments: list[str]) -> str:
    return "/".join([str(url.origin()), *segments])


def _is_tenant(segment: str) -> bool:
    return segment in NOT_ONE_TENANT or is_guid(segment) or "." in segment


@attrs.frozen(kw_only=True)
class Endpoints:
    """All addresses of a cloud.

    `authority` may end with a tenant, which is left out: a last segment that is a GUID, a domain (with a dot), or one
    of the names `common`, `organizations`, `consumers`; also `<tenant>/v2.0`, as an issuer ends. Any other path is a
    prefix that stays, as servers of other makers have it. `graph_url` may end with `/v1.0`.
    """

    authority: str = attrs.field(default="https://login.microsoftonline.com", converter=_authority)
    graph_url: str = attrs.field(default="https://graph.microsoft.com", converter=_graph)

    def discovery(self, tenant: str) -> URL:
        """Return where a tenant describes itself (OpenID Connect Discovery)."""
        return self._of(tenant, _VERSION, ".well-known", "openid-configuration")

    def authorize(self, tenant: str) -> URL:
        """Return where browsers go."""
        return self._of(tenant, "oauth2", _VERSION, "authorize")

    def token(self, tenant: str) -> URL:
        """Return where grants are redeemed."""
        return self._of(tenant, "oauth2", _VERSION, "token")

    def device_code(self, tenant: str) -> URL:
        """Return where device flows begin."""
        return self._of(tenant, "oauth2", _VERSION, "devicecode")

    @property
    def default_scope(self) -> str:
        """Return the scope that stands for all permissions given to an application in this cloud's Graph."""
        return f"{self.graph_url}/.default"

    @property
    def graph(self) -> URL:
        """Return where version 1.0 of Graph is."""
        return URL(self.graph_url) / "v1.0"

    @property
    def me(self) -> URL:
        """Return where Graph knows the token's owner; only the id is asked for."""
        return (self.graph / "me").with_query({"$select": "id"})

    @property
    def mailbox(self) -> URL:
        """Return where Graph tells the mail address of the token's owner."""
        return (self.graph / "me").with_query({"$select": "id,mail"})

    @property
    def revoke_sessions(self) -> URL:
        """Return where Graph ends the sessions of the token's owner."""
        return self.graph / "me" / "revokeSignInSessions"

    def _of(self, tenant: str, *segments: str) -> URL:
        return URL("/".join([self.authority, quote(tenant, safe=""), *segments]), encoded=True)
