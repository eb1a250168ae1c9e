"""Whatever is sent, to whatever endpoint, the simulator answers; it never falls over itself."""

import logging
from base64 import urlsafe_b64encode

import pytest

from modules.simulator.routes import ROUTES, Route
from tests.modules.simulator.rig import Rig

NAMES = [
    *("client_id", "client_secret", "client_assertion", "client_assertion_type", "grant_type", "response_type"),
    *("redirect_uri", "scope", "state", "nonce", "response_mode", "prompt", "login_hint", "max_age", "claims"),
    *("code", "code_verifier", "code_challenge", "refresh_token", "device_code", "username", "password"),
    *("flow", "pick", "upn", "action", "otc", "mkt", "$select", "api-version", "authorization_endpoint"),
    "post_logout_redirect_uri",
]
DEEP = "[" * 3_000
NONSENSE = ["\0", "\N{SNOWMAN}", "%", "\r\nX: y", "[", "//[", "http://[::1", "{{x}}", "x" * 100]
KNOWN = {
    "grant_type": ["authorization_code", "refresh_token", "client_credentials", "device_code", "password"],
    "client_id": ["public", "web"],
}


def path_of(route: Route, word: str) -> str:
    return route.path.replace("{tenant}", word).replace("{user}", word).lstrip("/")


@pytest.mark.parametrize("route", [route for route in ROUTES if route.kind != "control"], ids=lambda route: route.path)
async def test_nonsense_is_answered(rig: Rig, route: Route, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, logger="aiohttp.server")
    header = {"Authorization": "Bearer \N{SNOWMAN}", "client-request-id": "x" * 100}
    for text in NONSENSE:
        fields = dict.fromkeys(NAMES, text)
        for url in (rig.url(path_of(route, "common"), **fields), rig.url(path_of(route, "%25%00"), **fields)):
            async with rig.http.request(
                route.method, url, data=fields, headers=header, allow_redirects=False
            ) as response:
                assert response.status < 500, (url, text)
    assert not caplog.records


@pytest.mark.parametrize("grant_type", KNOWN["grant_type"])
@pytest.mark.parametrize("name", KNOWN["client_id"])
async def test_nonsense_is_answered_by_every_grant(rig: Rig, grant_type: str, name: str) -> None:
    tenant = rig.simulator.directory.tenant.tenant_id
    for text in [*NONSENSE, DEEP]:
        form = {**dict.fromkeys(NAMES, text), "grant_type": grant_type, **rig.credentials(name)}
        form.pop("client_assertion")
        assert 400 <= (await rig.token(form, tenant=tenant)).status < 500


async def test_a_deeply_nested_assertion_is_nonsense(rig: Rig) -> None:
    part = urlsafe_b64encode(('{"a":' + DEEP).encode()).decode()
    for text in (f"{part}.{part}.x", f"e30.{part}.x"):
        form = {"grant_type": "client_credentials", "client_assertion": text, "client_id": rig.application().client_id}
        assert (await rig.token(form)).status in {400, 401}


async def test_a_broken_multipart_body_is_refused(rig: Rig) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    for body in (
        b"no boundary",
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nc\r\n--x--\r\n',
    ):
        async with rig.http.post(rig.url("common/oauth2/v2.0/token"), data=body, headers=headers) as response:
            assert response.status == 400
