"""Grants without pages: an application's own token by secret or certificate, and the password grant."""

import time
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes

from tests.modules.simulator.credentials import make_credential
from tests.modules.simulator.rig import ORIGIN, Answer, Rig

DEFAULT = "https://graph.microsoft.com/.default"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


async def own_token(rig: Rig, *, tenant: str = "", name: str = "daemon", **changes: str) -> Answer:
    form = {"grant_type": "client_credentials", "scope": DEFAULT, **rig.credentials(name), **changes}
    form = {key: value for key, value in form.items() if value}
    return await rig.token(form, tenant=tenant or rig.simulator.directory.tenant.tenant_id)


def thumbprint(algorithm: hashes.HashAlgorithm, *, padded: bool = False) -> str:
    text = urlsafe_b64encode(make_credential(0).certificate.fingerprint(algorithm)).decode()
    return text if padded else text.rstrip("=")


SHA1, SHA256 = hashes.SHA1(), hashes.SHA256()  # noqa: S303 - x5t is defined so


def assertion(rig: Rig, header: dict[str, str] | None = None, *, number: int = 0, **claims: Any) -> str:  # noqa: ANN401
    """A signed one as MSAL makes it; a claim that is None is left out."""
    tenant, application = rig.simulator.directory.tenant, rig.application("daemon")
    now = time.time()
    every = {
        "aud": f"{rig.simulator.http_url}/{tenant.tenant_id}/oauth2/v2.0/token",
        "iss": application.client_id,
        "sub": application.client_id,
        "exp": now + 600,
        "iat": now,
        "jti": "1",
        **claims,
    }
    headers = header or {"alg": "PS256", "x5t#S256": thumbprint(SHA256)}
    payload = {name: value for name, value in every.items() if value is not None}
    return jwt.encode(payload, make_credential(number).key_pem, algorithm=headers["alg"], headers=headers)


async def by_assertion(rig: Rig, text: str, **changes: str) -> Answer:
    rig.simulator.directory.add_certificate(rig.application("daemon"), make_credential(0).certificate_pem)
    proof = {"client_secret": "", "client_assertion": text, "client_assertion_type": ASSERTION_TYPE}
    return await own_token(rig, **{**proof, **changes})


async def test_an_application_gets_a_token_for_itself_and_nothing_else(rig: Rig) -> None:
    answer = await own_token(rig)
    assert set(answer.body) == {"token_type", "expires_in", "ext_expires_in", "access_token"}
    user = await rig.graph(f"v1.0/users/{rig.user().upn}", answer.body["access_token"])
    assert user.body["id"] == rig.user().object_id


async def test_the_tenant_may_be_named_by_its_domain(rig: Rig) -> None:
    assert (await own_token(rig, tenant=rig.simulator.directory.tenant.domain)).status == 200


@pytest.mark.parametrize(
    ("change", "code", "error"),
    [
        ({"scope": ""}, 900144, "invalid_request"),
        ({"scope": "https://graph.microsoft.com/Mail.Read"}, 70011, "invalid_scope"),
        ({"scope": f"{DEFAULT} https://outlook.office.com/.default"}, 70011, "invalid_scope"),
        ({"scope": f"{DEFAULT} openid"}, 70011, "invalid_scope"),
        ({"scope": "https://unknown.example/.default"}, 500011, "invalid_resource"),
        ({"client_secret": "wrong"}, 7000215, "invalid_client"),
        ({"client_secret": ""}, 7000218, "invalid_client"),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, 700016, "unauthorized_client"),
        ({"tenant": "nobody.example"}, 90002, "invalid_request"),
        ({"tenant": "fabrikam-class.example"}, 700016, "unauthorized_client"),
    ],
)
async def test_a_wrong_request_says_what_is_wrong(rig: Rig, change: dict[str, str], code: int, error: str) -> None:
    answer = await own_token(rig, **change)
    assert (answer.code, answer.body["error"]) == (code, error)
    assert answer.status == (401 if error == "invalid_client" else 400)


async def test_the_tenant_must_be_a_real_one(rig: Rig) -> None:
    answer = await own_token(rig, tenant="common", name="web")
    assert (answer.error, answer.code) == ((400, "invalid_request", None), 50059)


async def test_a_page_of_another_origin_has_no_application_s_token(rig: Rig) -> None:
    form = {"grant_type": "client_credentials", "scope": DEFAULT, **rig.credentials("daemon")}
    tenant_id = rig.simulator.directory.tenant.tenant_id
    assert (await rig.token(form, tenant=tenant_id, headers=ORIGIN)).code == 9002326


async def test_a_public_client_has_no_secret_to_send(rig: Rig) -> None:
    answer = await own_token(rig, name="public", client_secret="x")
    assert (answer.error, answer.code) == ((401, "invalid_client", None), 700025)


async def test_an_expired_secret_says_so(rig: Rig) -> None:
    rig.simulator.clock.advance(timedelta(days=181))
    assert (await own_token(rig)).code == 7000222


async def test_a_capable_application_gets_a_long_lived_token(rig: Rig) -> None:
    claims = '{"access_token": {"xms_cc": {"values": ["cp1"]}}}'
    assert (await own_token(rig, claims=claims)).body["expires_in"] >= 20 * 3600


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "PS256", "x5t#S256": thumbprint(SHA256)},
        {"alg": "PS256", "x5t#S256": thumbprint(SHA256, padded=True)},
        {"alg": "RS256", "x5t": thumbprint(SHA1)},
        {"alg": "RS256", "x5t": thumbprint(SHA1, padded=True)},
    ],
)
async def test_a_certificate_proves_the_application(rig: Rig, header: dict[str, str]) -> None:
    assert (await by_assertion(rig, assertion(rig, header))).status == 200


@pytest.mark.parametrize("end", ["oauth2/v2.0/token", "oauth2/token", "v2.0"])
@pytest.mark.parametrize("name", ["tenant_id", "domain"])
async def test_the_audience_may_be_spelt_in_several_ways(rig: Rig, name: str, end: str) -> None:
    tenant = getattr(rig.simulator.directory.tenant, name)
    text = assertion(rig, aud=f"{rig.simulator.http_url}/{tenant}/{end}", nbf=time.time())
    assert (await by_assertion(rig, text)).status == 200


async def test_the_client_id_may_be_left_to_the_assertion(rig: Rig) -> None:
    assert (await by_assertion(rig, assertion(rig), client_id="")).status == 200


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": time.time() - 3600}, 700024),
        ({"nbf": time.time() + 3600}, 700024),
        ({"exp": None}, 50027),
        ({"exp": True}, 50027),
        ({"aud": "https://elsewhere.example/token"}, 700023),
        ({"aud": ["a", "b"]}, 700023),
        ({"iss": "another"}, 700021),
        ({"sub": None}, 700021),
    ],
)
async def test_an_assertion_that_claims_something_wrong_is_refused(rig: Rig, claims: dict[str, Any], code: int) -> None:
    answer = await by_assertion(rig, assertion(rig, **claims))
    assert (answer.error, answer.code) == ((401, "invalid_client", None), code)


@pytest.mark.parametrize(
    "text",
    [
        lambda rig: assertion(rig, number=1),
        lambda rig: assertion(rig, {"alg": "PS256", "x5t#S256": "unknown"}),
        lambda rig: assertion(rig, {"alg": "RS512", "x5t#S256": thumbprint(SHA256)}),
        lambda rig: assertion(rig)[:-6] + "AAAAAA",
    ],
    ids=["another key", "unknown certificate", "unknown algorithm", "changed"],
)
async def test_a_signature_that_is_not_the_certificate_s_is_refused(rig: Rig, text: Any) -> None:  # noqa: ANN401
    answer = await by_assertion(rig, text(rig))
    assert (answer.error, answer.code) == ((401, "invalid_client", None), 700027)


async def test_an_unsigned_assertion_is_refused(rig: Rig) -> None:
    text = jwt.encode({"iss": "x"}, "", algorithm="none", headers={"x5t#S256": thumbprint(SHA256)})
    assert (await by_assertion(rig, text)).code == 700027


async def test_nonsense_is_no_assertion(rig: Rig) -> None:
    assert (await by_assertion(rig, "garbage")).code == 50027
    assert (await by_assertion(rig, assertion(rig), client_assertion_type="x")).code == 50027


async def test_an_expired_certificate_is_refused(rig: Rig) -> None:
    rig.simulator.clock.advance(timedelta(days=31))
    text = assertion(rig, exp=time.time() + 40 * 86_400)
    assert (await by_assertion(rig, text)).code == 7000272


async def test_only_certificates_of_rsa_keys_can_be_registered(rig: Rig) -> None:
    directory, application = rig.simulator.directory, rig.application("daemon")
    for pem in (b"garbage", make_credential(2, elliptic=True).certificate_pem):
        with pytest.raises(ValueError, match=r"."):
            directory.add_certificate(application, pem)


async def password_grant(rig: Rig, **changes: str) -> Answer:
    form = {"grant_type": "password", "scope": "openid offline_access User.Read", **rig.credentials("public")}
    user = {"username": rig.user().upn, "password": rig.user().password}
    tenant = changes.pop("tenant", "organizations")
    return await rig.token({**form, **user, **changes}, tenant=tenant)


async def test_name_and_password_give_tokens_if_there_is_consent(rig: Rig) -> None:
    assert (await password_grant(rig)).code == 65001
    await rig.signed_in(name="public")
    assert "refresh_token" in (await password_grant(rig)).body


@pytest.mark.parametrize(
    ("change", "code"),
    [({"password": "wrong"}, 50126), ({"username": "nobody@x.example"}, 50034), ({"tenant": "common"}, 9001023)],
)
async def test_a_wrong_name_or_password_or_place_is_refused(rig: Rig, change: dict[str, str], code: int) -> None:
    assert (await password_grant(rig, **change)).code == code
