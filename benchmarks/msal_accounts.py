"""MSAL for Python as its documentation says, with as many signed-in accounts as a benchmark wants."""

import json
import time
from typing import Any, Final

import attrs
import msal
import requests

from benchmarks.accounts import CLIENT, CLIENT_SECRET, SCOPES, TENANT, access_token, refresh_token, user_id

HOST: Final = "login.microsoftonline.com"
_AUTHORITY: Final = f"https://{HOST}/{TENANT}"
_ADDRESS: Final = "@office.example"

Untyped = Any
"""What MSAL, which has no types, takes and gives."""


@attrs.frozen
class LocalHttp:
    """MSAL's `http_client`: requests' session, which it would use itself, with the server's address for Entra's.

    The description of the tenant, which MSAL asks for once, is answered here.
    """

    server: str
    session: requests.Session

    def get(self, url: str, **_: Untyped) -> Untyped:
        answer = requests.Response()
        answer.status_code, answer.encoding = 200, "utf-8"
        answer._content = json.dumps(_description()).encode()  # noqa: SLF001 - requests has no other way to make one
        answer.url = url
        return answer

    def post(self, url: str, **options: Untyped) -> Untyped:
        return self.session.post(url.replace(f"https://{HOST}", self.server), **options)

    def close(self) -> None:
        self.session.close()


def serialized(count: int) -> str:
    """Return a cache that holds accounts 0 to `count` - 1, each signed in a moment ago, as MSAL writes it."""
    now = int(time.time())
    entries: dict[str, dict[str, dict[str, str]]] = {"AccessToken": {}, "RefreshToken": {}, "Account": {}}
    makers = msal.TokenCache().key_makers
    for number in range(count):
        for kind, entry in _entries(number, now).items():
            entries[kind][makers[kind](**entry)] = entry
    return json.dumps(entries, indent=4)


def application(cache: msal.TokenCache, http: LocalHttp | None = None) -> Untyped:
    """Return MSAL's client with that cache; without `http` it must not need the network."""
    http = http or LocalHttp("http://127.0.0.1:9", requests.Session())
    return msal.ConfidentialClientApplication(
        CLIENT,
        client_credential=CLIENT_SECRET,
        authority=_AUTHORITY,
        token_cache=cache,
        http_client=http,
        instance_discovery=False,
    )


def silent(app: Untyped, number: int, *, force_refresh: bool = False) -> str:
    """Return the access token of an account as MSAL's documentation does it: find the account, then ask silently."""
    (account,) = app.get_accounts(username=user_id(number) + _ADDRESS)
    found = app.acquire_token_silent(list(SCOPES), account=account, force_refresh=force_refresh)
    if not found or "access_token" not in found:
        raise RuntimeError("MSAL has no token")
    return str(found["access_token"])


def _entries(number: int, now: int) -> dict[str, dict[str, str]]:
    owner = {"home_account_id": f"{user_id(number)}.{TENANT}", "environment": HOST}
    target = " ".join(sorted(SCOPES))
    return {
        "AccessToken": {
            **owner,
            "credential_type": "AccessToken",
            "secret": access_token(),
            "client_id": CLIENT,
            "target": target,
            "realm": TENANT,
            "token_type": "Bearer",
            "cached_at": str(now),
            "expires_on": str(now + 3600),
            "extended_expires_on": str(now + 3600),
        },
        "RefreshToken": {
            **owner,
            "credential_type": "RefreshToken",
            "secret": f"{user_id(number)}.{refresh_token()}",
            "client_id": CLIENT,
            "target": target,
            "last_modification_time": str(now),
        },
        "Account": {
            **owner,
            "realm": TENANT,
            "local_account_id": user_id(number),
            "username": user_id(number) + _ADDRESS,
            "authority_type": "MSSTS",
        },
    }


def _description() -> dict[str, str]:
    oauth = f"{_AUTHORITY}/oauth2/v2.0"
    return {
        "issuer": f"{_AUTHORITY}/v2.0",
        "token_endpoint": f"{oauth}/token",
        "authorization_endpoint": f"{oauth}/authorize",
        "device_authorization_endpoint": f"{oauth}/devicecode",
    }
