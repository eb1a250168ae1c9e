"""The addresses of clouds and of other servers."""

import pytest

from adapters.azure_ad.endpoints import Endpoints
from domain.errors import ConfigurationError

TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
LOGIN = "https://login.microsoftonline.com"


def test_the_addresses_are_those_of_the_global_cloud() -> None:
    endpoints = Endpoints()
    assert str(endpoints.discovery("common")) == f"{LOGIN}/common/v2.0/.well-known/openid-configuration"
    assert str(endpoints.authorize("common")) == f"{LOGIN}/common/oauth2/v2.0/authorize"
    assert str(endpoints.token(TENANT)) == f"{LOGIN}/{TENANT}/oauth2/v2.0/token"
    assert str(endpoints.device_code("contoso.com")) == f"{LOGIN}/contoso.com/oauth2/v2.0/devicecode"
    assert endpoints.default_scope == "https://graph.microsoft.com/.default"
    assert str(endpoints.me) == "https://graph.microsoft.com/v1.0/me?$select=id"
    assert str(endpoints.revoke_sessions) == "https://graph.microsoft.com/v1.0/me/revokeSignInSessions"


@pytest.mark.parametrize(
    ("authority", "kept"),
    [
        (f"{LOGIN}/", LOGIN),
        (f"{LOGIN}/common", LOGIN),
        (f"{LOGIN}/organizations/", LOGIN),
        (f"{LOGIN}/consumers/v2.0", LOGIN),
        (f"{LOGIN}/{TENANT}/v2.0/", LOGIN),
        (f"{LOGIN}/contoso.onmicrosoft.com", LOGIN),
        ("https://proxy.example/entra", "https://proxy.example/entra"),
        ("https://proxy.example/entra/common", "https://proxy.example/entra"),
        ("https://proxy.example:8443/a/b", "https://proxy.example:8443/a/b"),
        ("http://127.0.0.1:8400", "http://127.0.0.1:8400"),
    ],
)
def test_a_tenant_at_the_end_is_left_out_and_a_prefix_stays(authority: str, kept: str) -> None:
    assert Endpoints(authority=authority).authority == kept


def test_graph_may_be_given_with_its_version() -> None:
    endpoints = Endpoints(graph_url="https://microsoftgraph.chinacloudapi.cn/v1.0/")
    assert endpoints.default_scope == "https://microsoftgraph.chinacloudapi.cn/.default"


@pytest.mark.parametrize("tenant", ["a/b", "a?b#c", "a b", "%2e"])
def test_a_tenant_stays_within_its_place_in_the_path(tenant: str) -> None:
    assert len(Endpoints().token(tenant).raw_parts) == len(Endpoints().token("common").raw_parts)
    assert not Endpoints().token(tenant).query_string


@pytest.mark.parametrize(
    "text", ["", "login", "ftp://x", "https://", "https://u:p@x", "https://x?a=b", "https://[", "/a"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    for name in ("authority", "graph_url"):
        with pytest.raises(ConfigurationError) as caught:
            Endpoints(**{name: text})
        assert caught.value.error_code == "ENDPOINT_INVALID"
