"""What an ordinary hardened web site answers with and turns away: pure rules, whatever the server."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import attrs

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+?)\.?(?::[0-9]{1,5})?")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_FROM_HERE = frozenset({"same-origin", "none"})
_DENIED = ("camera", "display-capture", "geolocation", "microphone", "payment", "publickey-credentials-get", "usb")
_A_YEAR = 31_536_000

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

FIXED_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _DENIED),
    "Referrer-Policy": "no-referrer",
    "Server": "iacsgraph",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


@attrs.frozen(kw_only=True)
class SitePolicy:
    """Of one web site. Origins are `scheme://host[:port]`.

    `origins`: under which it is reached; their hosts, and this machine's own names, are the only ones it answers to.
    `form_targets`: other origins that a form may lead to; Chromium holds redirects to it, too.
    `style_hash`: of the one style sheet inside the pages, as Content Security Policy writes it (`sha256-...`).
    `open_paths`: to which other sites may send a browser with POST; whoever answers there has a proof of its own.
    `secure`: whether browsers come by https, through a proxy.
    """

    origins: frozenset[str] = frozenset()
    form_targets: tuple[str, ...] = ()
    style_hash: str | None = None
    open_paths: frozenset[str] = frozenset()
    secure: bool = False

    def headers(self) -> dict[str, str]:
        """Return what goes with every answer."""
        secure = {"Strict-Transport-Security": f"max-age={_A_YEAR}"} if self.secure else {}
        return {"Content-Security-Policy": self._content_security_policy(), **FIXED_HEADERS, **secure}

    def answers_to(self, host: str) -> bool:
        """Return whether a `Host` header names this site; any other is a mistake, or DNS rebinding."""
        name = _host_name(host)
        return name in LOCAL_NAMES or name in {_host_name(_netloc(origin)) for origin in self.origins}

    def admits(self, method: str, path: str, host: str, headers: Mapping[str, str]) -> bool:
        """Return whether a request may change anything: one that another site sends must not (RFC 6749 section 10.12).

        Browsers tell by `Sec-Fetch-Site`, older ones by `Origin`; what tells neither is no browser.
        """
        if method in _SAFE_METHODS or path in self.open_paths:
            return True
        site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
        if site is not None:
            return site in _FROM_HERE
        return origin is None or origin in self.origins or _netloc(origin).lower() == host.lower()

    def _content_security_policy(self) -> str:
        directives = {
            "default-src": "'none'",
            "base-uri": "'none'",
            "form-action": " ".join(("'self'", *self.form_targets)),
            "frame-ancestors": "'none'",
            "img-src": "'self'",
            "style-src": f"'{self.style_hash}'" if self.style_hash else "'none'",
        }
        return "; ".join(f"{name} {value}" for name, value in directives.items())


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL, as browsers write an origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _netloc(origin: str) -> str:
    return origin.partition("://")[2]


def _host_name(netloc: str) -> str | None:
    found = _HOST.fullmatch(netloc)
    return None if found is None else found["name"].lower()
