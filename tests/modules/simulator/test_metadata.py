"""Discovery, keys, instances and realms are what Entra publishes, with links that lead back the way the client came."""

from base64 import urlsafe_b64encode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1

from tests.modules.simulator.rig import Rig, running_rig

WELL_KNOWN = ".well-known/openid-configuration"
ALL_FIELDS = frozenset(
    {
        *("token_endpoint", "token_endpoint_auth_methods_supported", "jwks_uri", "response_modes_supported"),
        *("subject_types_supported", "id_token_signing_alg_values_supported", "response_types_supported"),
        *("scopes_supported", "issuer", "request_uri_parameter_supported", "userinfo_endpoint"),
        *("authorization_endpoint", "device_authorization_endpoint", "http_logout_supported"),
        *("frontchannel_logout_supported", "end_session_endpoint", "claims_supported", "tenant_region_scope"),
        *("cloud_instance_name", "cloud_graph_host_name", "msgraph_host", "rbac_url"),
    }
)


@pytest.mark.parametrize("version", ["v2.0/", ""])
async def test_a_tenant_s_discovery_names_its_own_issuer(rig: Rig, version: str) -> None:
    tenant_id, base = rig.simulator.directory.tenant.tenant_id, rig.simulator.http_url
    answer = await rig.get(f"{tenant_id}/{version}{WELL_KNOWN}")
    assert set(answer.body) >= ALL_FIELDS
    assert answer.body["issuer"] == f"{base}/{tenant_id}/v2.0"
    assert answer.body["token_endpoint"] == f"{base}/{tenant_id}/oauth2/v2.0/token"
    assert answer.headers["Cache-Control"] == "max-age=86400, private"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_a_domain_is_resolved_to_the_tenant_s_id(rig: Rig) -> None:
    tenant = rig.simulator.directory.tenant
    by_domain = await rig.get(f"{tenant.domain.upper()}/v2.0/{WELL_KNOWN}")
    assert by_domain.body == (await rig.get(f"{tenant.tenant_id}/v2.0/{WELL_KNOWN}")).body


@pytest.mark.parametrize(
    ("name", "issuer"),
    [
        ("common", "{tenantid}"),
        ("organizations", "{tenantid}"),
        ("consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"),
    ],
)
async def test_an_authority_for_many_tenants_has_a_template_for_an_issuer(rig: Rig, name: str, issuer: str) -> None:
    answer = await rig.get(f"{name}/v2.0/{WELL_KNOWN}")
    assert answer.body["issuer"] == f"{rig.simulator.http_url}/{issuer}/v2.0"
    assert answer.body["authorization_endpoint"] == f"{rig.simulator.http_url}/{name}/oauth2/v2.0/authorize"


async def test_an_unknown_tenant_is_invalid(rig: Rig) -> None:
    answer = await rig.get(f"nobody.example/v2.0/{WELL_KNOWN}")
    assert (answer.error, answer.code) == ((400, "invalid_tenant", None), 90002)


async def test_links_carry_the_host_that_the_client_used(rig: Rig) -> None:
    answer = await rig.get(f"common/v2.0/{WELL_KNOWN}", {"Host": "login.example:1234"})
    assert answer.body["token_endpoint"].startswith("http://login.example:1234/common/")


async def test_links_on_tls_are_https() -> None:
    async with running_rig(tls=True) as rig:
        url, ca_file = rig.simulator.https_url, rig.simulator.ca_file
        assert url is not None
        person = await rig.person(ca_file=ca_file)
        page = await person.open(f"{url}/common/v2.0/{WELL_KNOWN}")
        assert f'"token_endpoint": "{url}/common/oauth2/v2.0/token"' in getattr(page, "text", "")


async def test_a_key_has_its_certificate_and_an_issuer_template(rig: Rig) -> None:
    (key,) = (await rig.get("common/discovery/v2.0/keys")).body["keys"]
    assert (key["kty"], key["use"], key["kid"]) == ("RSA", "sig", key["x5t"])
    assert key["issuer"] == f"{rig.simulator.http_url}/{{tenantid}}/v2.0"
    pem = f"-----BEGIN CERTIFICATE-----\n{key['x5c'][0]}\n-----END CERTIFICATE-----\n"
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert urlsafe_b64encode(certificate.fingerprint(SHA1())).decode().rstrip("=") == key["kid"]  # noqa: S303 - x5t is so


async def test_a_rolled_key_is_published_first_and_the_old_one_stays_or_goes(rig: Rig) -> None:
    async def kids() -> list[str]:
        return [key["kid"] for key in (await rig.get("common/discovery/v2.0/keys")).body["keys"]]

    (first,) = await kids()
    second = rig.simulator.signing.roll().kid
    assert await kids() == [second, first]
    third = rig.simulator.signing.roll(keep_old=False).kid
    assert await kids() == [third]


async def test_a_key_for_one_tenant_says_so(rig: Rig) -> None:
    tenant_id = rig.simulator.directory.tenant.tenant_id
    rig.simulator.signing.roll(keep_old=False, tenant_id=tenant_id)
    (key,) = (await rig.get("common/discovery/v2.0/keys")).body["keys"]
    assert key["issuer"] == f"{rig.simulator.http_url}/{tenant_id}/v2.0"


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_instance_discovery_knows_microsoft_and_itself(rig: Rig, version: str) -> None:
    endpoint = f"{rig.simulator.http_url}/contoso/oauth2/v2.0/authorize"
    query = {"api-version": version, "authorization_endpoint": endpoint}
    body = (await rig.get(rig.url("common/discovery/instance", **query))).body
    assert body["tenant_discovery_endpoint"] == f"{rig.simulator.http_url}/contoso/v2.0/{WELL_KNOWN}"
    assert body["api-version"] == version
    assert "login.windows.net" in [alias for each in body["metadata"] for alias in each["aliases"]]


async def test_instance_discovery_does_not_know_others(rig: Rig) -> None:
    query = {"api-version": "1.1", "authorization_endpoint": "https://evil.example/common/oauth2/v2.0/authorize"}
    answer = await rig.get(rig.url("common/discovery/instance", **query))
    assert answer.error == (400, "invalid_instance", None)


async def test_instance_discovery_needs_a_version(rig: Rig) -> None:
    assert (await rig.get("common/discovery/instance")).code == 900144


@pytest.mark.parametrize(("domain", "kind"), [("contoso-class.example", "Managed"), ("nobody.example", "Unknown")])
async def test_a_user_s_realm_is_managed_if_the_domain_is_known(rig: Rig, domain: str, kind: str) -> None:
    answer = await rig.get(f"common/userrealm/somebody@{domain}?api-version=1.0")
    assert answer.body["account_type"] == kind


async def test_an_unknown_path_is_not_found(rig: Rig) -> None:
    assert (await rig.get("no/such/path/here")).status == 404


async def test_a_page_of_another_origin_may_ask(rig: Rig) -> None:
    async with rig.http.options(rig.url("common/oauth2/v2.0/token"), headers={"Origin": "http://x.example"}) as found:
        assert (found.status, found.headers["Access-Control-Allow-Origin"]) == (204, "*")
