"""The part of Graph that is about people: who am I, who is that, sign them out everywhere."""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from modules.simulator.exchange import base_of, world_of
from modules.simulator.grants import AccessToken
from modules.simulator.graph_error import GraphError, graph_headers
from modules.simulator.people import User
from modules.simulator.scopes import GRAPH, GRAPH_ID, OPENID, has
from modules.simulator.tokens import subject

_CONTENT_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
_OWN_PROFILE = frozenset({"User.Read", "User.ReadWrite", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All"})
_OTHERS = frozenset(
    {"User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.AccessAsUser.All"}
)
_REVOKE = frozenset(
    {"User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All"}
)
_USUAL = (
    "businessPhones displayName givenName jobTitle mail mobilePhone officeLocation preferredLanguage surname "
    "userPrincipalName id"
)
_DENIED = "Insufficient privileges to complete the operation."


def bearer(request: web.Request) -> AccessToken:
    """The access token of the request. Raises: GraphError 401 unless it is good for Graph now."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise unauthorized(request, "Access token is empty.")
    token = world_of(request).grants.access_tokens.get(text.strip())
    if token is None:
        raise unauthorized(request, "IDX14100: JWT is not well formed, there are no dots (.).")
    if token.expires_at <= world_of(request).clock.now():
        raise unauthorized(request, "Lifetime validation failed, the token is expired.")
    if token.user and any(each.resource not in {GRAPH, OPENID} for each in token.scopes):
        raise unauthorized(request, "Access token validation failure. Invalid audience.")
    if token.continuous and token.user and _is_revoked(token, token.user):
        raise _challenge(request, token.user)
    return token


def _is_revoked(token: AccessToken, user: User) -> bool:
    return token.grants_of != user.grants_of or not user.enabled


def unauthorized(request: web.Request, message: str, **more: str) -> GraphError:
    """The refusal of a token; `more` parts come in its challenge."""
    parts = {
        "realm": "",
        "authorization_uri": f"{base_of(request)}/common/oauth2/authorize",
        "client_id": GRAPH_ID,
        **more,
    }
    value = "Bearer " + ", ".join(f'{name}="{text}"' for name, text in parts.items())
    return GraphError(401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": value})


def _challenge(request: web.Request, user: User) -> GraphError:
    """The claims challenge of continuous access evaluation, for a token that is older than the revocation."""
    claims = {"access_token": {"nbf": {"essential": True, "value": str(user.sessions_valid_from)}}}
    return unauthorized(
        request,
        "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: "
        "TokenIssuedBeforeRevocationTimestamp",
        error="insufficient_claims",
        claims=b64encode(json.dumps(claims).encode()).decode(),
    )


def need(request: web.Request, token: AccessToken, any_of: Iterable[str]) -> None:
    """Raises: GraphError 403 unless the token has one of these permissions."""
    have = {each.name for each in token.scopes} | set(token.roles)
    if world_of(request).switches.graph_permissions and have.isdisjoint(any_of):
        raise GraphError(403, "Authorization_RequestDenied", _DENIED)


def _me(token: AccessToken) -> User:
    if token.user is None:
        raise GraphError(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
    return token.user


def _somebody(request: web.Request, token: AccessToken) -> User:
    """Raises: GraphError 404 unless the token's tenant has the user of the path."""
    who = request.match_info["user"]
    user = world_of(request).directory.find_user(who)
    if user is None or user.tenant_id != token.tenant_id:
        raise GraphError(
            404, "Request_ResourceNotFound", f"Resource '{who}' does not exist or one of its references do."
        )
    return user


async def me(request: web.Request) -> web.Response:
    """GET /v1.0/me."""
    token = bearer(request)
    user = _me(token)
    need(request, token, _OWN_PROFILE)
    return _profile(request, user)


async def user(request: web.Request) -> web.Response:
    """GET /v1.0/users/{id or UPN}."""
    token = bearer(request)
    found = _somebody(request, token)
    need(request, token, _OTHERS | (_OWN_PROFILE if found is token.user else frozenset()))
    return _profile(request, found)


async def revoke_me(request: web.Request) -> web.Response:
    """POST /v1.0/me/revokeSignInSessions."""
    token = bearer(request)
    return _revoke(request, token, _me(token))


async def revoke_user(request: web.Request) -> web.Response:
    """POST /v1.0/users/{id or UPN}/revokeSignInSessions."""
    token = bearer(request)
    return _revoke(request, token, _somebody(request, token))


def _revoke(request: web.Request, token: AccessToken, who: User) -> web.Response:
    need(request, token, _REVOKE)
    world = world_of(request)
    who.revoke(world.clock.seconds())
    return graph_answer(request, {"@odata.context": f"{base_of(request)}/v1.0/$metadata#Edm.Boolean", "value": True})


async def user_info(request: web.Request) -> web.Response:
    """GET or POST /oidc/userinfo."""
    token = bearer(request)
    found = _me(token)
    if not has(token.scopes, "openid"):
        raise GraphError(403, "Authorization_RequestDenied", _DENIED)
    given, _, family = found.name.partition(" ")
    claims = {"sub": subject(token.application, found), "name": found.name, "email": found.mail}
    return graph_answer(request, {**claims, "given_name": given, "family_name": family})


def _profile(request: web.Request, found: User) -> web.Response:
    properties = _properties(found)
    asked = [each.strip() for each in request.query.get("$select", "").split(",") if each.strip()]
    names = [_property(properties, each) for each in asked] or _USUAL.split()
    shown = f"({','.join(asked)})" if asked else ""
    context = f"{base_of(request)}/v1.0/$metadata#users{shown}/$entity"
    return graph_answer(request, {"@odata.context": context, **{name: properties[name] for name in names}})


def _property(properties: Mapping[str, Any], asked: str) -> str:
    """The property's own spelling. Raises: GraphError 400 if a user has none of this name."""
    found = next((name for name in properties if name.lower() == asked.lower()), None)
    if found is None:
        message = f"Parsing OData Select and Expand failed: Could not find a property named '{asked}' on type 'user'."
        raise GraphError(400, "BadRequest", message)
    return found


def _properties(found: User) -> dict[str, Any]:
    given, _, family = found.name.partition(" ")
    return {
        "businessPhones": [],
        "displayName": found.name,
        "givenName": given,
        "jobTitle": None,
        "mail": found.mail,
        "mobilePhone": None,
        "officeLocation": None,
        "preferredLanguage": None,
        "surname": family or None,
        "userPrincipalName": found.upn,
        "id": found.object_id,
        "accountEnabled": found.enabled,
        "mailNickname": found.upn.partition("@")[0],
        "userType": "Member",
        "proxyAddresses": [f"SMTP:{found.mail}"],
    }


def graph_answer(request: web.Request, body: Mapping[str, Any], *, status: int = 200) -> web.Response:
    headers = {**graph_headers(request), "Content-Type": _CONTENT_TYPE}
    return web.Response(body=json.dumps(body).encode(), status=status, headers=headers)
