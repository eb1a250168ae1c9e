"""What clients read before they begin: discovery documents, keys, instances, realms."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from modules.simulator.authority import find_authority
from modules.simulator.exchange import TRACE, base_of, needed, single_fields, world_of
from modules.simulator.refusal import RefusedError, refused

MICROSOFT = ("login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net")
_CLAIMS = (
    "sub iss cloud_instance_name cloud_instance_host_name cloud_graph_host_name msgraph_host aud exp iat auth_time acr "
    "nonce preferred_username name tid ver at_hash c_hash email"
)
_CACHED = {"Cache-Control": "max-age=86400, private", "Access-Control-Allow-Origin": "*"}


async def discovery(request: web.Request) -> web.Response:
    """GET /{tenant}/v2.0/.well-known/openid-configuration, and without /v2.0."""
    try:
        authority = find_authority(world_of(request).directory, request.match_info["tenant"])
    except RefusedError as error:
        raise refused(error.refusal.code, error.refusal.detail, error="invalid_tenant") from error
    base = base_of(request)
    tenant = f"{base}/{authority.link_tenant}"
    document = {
        "token_endpoint": f"{tenant}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{tenant}/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "response_types_supported": ["code", "id_token", "code id_token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": f"{base}/{authority.issuer_tenant}/v2.0",
        "request_uri_parameter_supported": False,
        "userinfo_endpoint": f"{base}/oidc/userinfo",
        "authorization_endpoint": f"{tenant}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{tenant}/oauth2/v2.0/devicecode",
        "http_logout_supported": True,
        "frontchannel_logout_supported": False,
        "end_session_endpoint": f"{tenant}/oauth2/v2.0/logout",
        "claims_supported": _CLAIMS.split(),
        "tenant_region_scope": "NA",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": request.host,
        "rbac_url": f"{base}/rbac",
    }
    return _cached(request, document)


async def keys(request: web.Request) -> web.Response:
    """GET /{tenant}/discovery/v2.0/keys."""
    world = world_of(request)
    find_authority(world.directory, request.match_info["tenant"])
    return _cached(request, world.signing.jwks(base_of(request)))


async def instance(request: web.Request) -> web.Response:
    """GET /common/discovery/instance: whether a host is a known authority, and its other names."""
    fields = single_fields(request.query)
    version = needed(fields, "api-version")
    try:
        asked = urlsplit(needed(fields, "authorization_endpoint"))
    except ValueError as error:
        raise refused(50049) from error
    if asked.netloc.lower() not in {request.host.lower(), *MICROSOFT}:
        raise refused(50049)
    tenant = asked.path.strip("/").partition("/")[0] or "common"
    document: dict[str, Any] = {
        "tenant_discovery_endpoint": f"{base_of(request)}/{tenant}/v2.0/.well-known/openid-configuration",
        "api-version": version,
        "metadata": [_names(request.host), _names(*MICROSOFT)],
    }
    return _cached(request, document)


def _names(*hosts: str) -> dict[str, Any]:
    preferred_cache = hosts[min(1, len(hosts) - 1)]
    return {"preferred_network": hosts[0], "preferred_cache": preferred_cache, "aliases": list(hosts)}


async def user_realm(request: web.Request) -> web.Response:
    """GET /common/userrealm/{user}: all domains of the simulator are managed in the cloud."""
    name = request.match_info["user"]
    domain = name.rpartition("@")[2]
    document: dict[str, Any] = {"ver": "1.0", "account_type": "Unknown", "cloud_instance_name": "microsoftonline.com"}
    if world_of(request).directory.find_tenant(domain):
        document |= {
            "account_type": "Managed",
            "domain_name": domain,
            "cloud_audience_urn": "urn:federation:MicrosoftOnline",
        }
    return _cached(request, document)


def _cached(request: web.Request, document: Mapping[str, Any]) -> web.Response:
    headers = {**_CACHED, "x-ms-request-id": request[TRACE].trace_id, "x-ms-ests-server": "2.1.0 - SIMULATOR"}
    text = json.dumps(document)
    return web.Response(text=text, headers=headers, content_type="application/json", charset="utf-8")


async def preflight(request: web.Request) -> web.Response:
    """OPTIONS: what a page of another origin may send."""
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
        "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", "*"),
        "Access-Control-Max-Age": "86400",
    }
    return web.Response(status=204, headers=headers)
