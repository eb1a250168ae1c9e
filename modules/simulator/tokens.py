"""Token answers: access, refresh and id tokens from a grant."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

import attrs

from modules.simulator.consents import expanded
from modules.simulator.grants import AccessToken, Code, Origin, RefreshToken, SignIn
from modules.simulator.people import User
from modules.simulator.refusal import refused
from modules.simulator.registration import Application
from modules.simulator.scopes import GRAPH, Scope, has, of_first_resource
from modules.simulator.signing import client_info, half_hash
from modules.simulator.world import World

_ID_TOKEN_SECONDS = 3600


@attrs.frozen(kw_only=True)
class Order:
    """What one token answer is for. `scopes`: as asked; `refreshable`: a refresh token is due."""

    application: Application
    sign_in: SignIn
    scopes: tuple[Scope, ...]
    origin: Origin
    refreshable: bool
    client_info: bool
    continuous: bool
    base: str


def user_answer(world: World, order: Order) -> dict[str, Any]:
    """The body for a person's grant; the access token is for the first resource of the scopes."""
    sign_in, user = order.sign_in, order.sign_in.user
    scopes = of_first_resource(order.scopes)
    granted = expanded(world.directory, order.application, user, scopes)
    body = _access(
        world,
        AccessToken(
            value=world.grants.access_text(),
            application=order.application,
            tenant_id=user.tenant_id,
            user=user,
            scopes=granted,
            expires_at=world.clock.now() + _lifetime(world, continuous=order.continuous),
            grants_of=sign_in.grants_of,
            continuous=order.continuous,
        ),
    )
    body["scope"] = _echo(world, scopes, granted)
    if order.refreshable:
        kept = order.origin.scopes if isinstance(order.origin, RefreshToken) else order.scopes
        body["refresh_token"] = world.grants.new_refresh_token(order.origin, sign_in, kept).value
    if has(scopes, "openid"):
        claims = id_claims(world, order.application, sign_in, scopes, order.base)
        body["id_token"] = world.signing.sign({**claims, **_optional(order)})
    if order.client_info:
        body["client_info"] = client_info(user.object_id, user.tenant_id)
    return body


def application_answer(world: World, application: Application, tenant_id: str, *, continuous: bool) -> dict[str, Any]:
    """The body for an application's own grant: neither scope, refresh token nor id token."""
    roles = world.directory.consented_by_tenant(application.client_id, tenant_id)
    return _access(
        world,
        AccessToken(
            value=world.grants.access_text(),
            application=application,
            tenant_id=tenant_id,
            user=None,
            scopes=(),
            roles=tuple(sorted(each.removeprefix(f"{GRAPH}/") for each in roles)),
            expires_at=world.clock.now() + _lifetime(world, continuous=continuous),
            continuous=continuous,
        ),
    )


def _access(world: World, token: AccessToken) -> dict[str, Any]:
    world.grants.new_access_token(token)
    seconds = round((token.expires_at - world.clock.now()).total_seconds())
    body: dict[str, Any] = {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds}
    if world.switches.refresh_in is not None:
        body["refresh_in"] = int(world.switches.refresh_in.total_seconds())
    return {**body, "access_token": token.value}


def _lifetime(world: World, *, continuous: bool) -> timedelta:
    if world.switches.token_lifetime is not None:
        return world.switches.token_lifetime
    least, spread = (20 * 3600, 8 * 3600) if continuous else (3600, 1800)
    return timedelta(seconds=least + world.chance.number("lifetime", spread))


def _echo(world: World, asked: tuple[Scope, ...], granted: tuple[Scope, ...]) -> str:
    """The `scope` of the answer: as asked, unless switched otherwise. Entra does not echo `offline_access`."""
    switches = world.switches
    words = [each.full if switches.full_scopes else each.asked for each in (*granted, *asked)]
    shown = [word for word in dict.fromkeys(words) if word.lower() != "offline_access" or switches.echo_offline_access]
    return " ".join([*shown, *(each for each in switches.extra_scopes if each not in shown)])


def id_claims(
    world: World, application: Application, sign_in: SignIn, scopes: Iterable[Scope], base: str
) -> dict[str, Any]:
    """The claims of an id token, without those that only some requests have."""
    user, now, scopes = sign_in.user, world.clock.seconds(), tuple(scopes)
    claims: dict[str, Any] = {
        "aud": application.client_id,
        "iss": f"{base}/{user.tenant_id}/v2.0",
        "iat": now,
        "nbf": now,
        "exp": now + _ID_TOKEN_SECONDS,
        "sub": subject(application, user),
        "tid": user.tenant_id,
        "ver": "2.0",
        "sid": sign_in.session_id,
        "uti": world.chance.text("uti", 22),
        "rh": world.chance.text("rh", 40),
    }
    if has(scopes, "profile"):
        claims |= {"oid": user.object_id, "preferred_username": user.upn, "name": user.name}
    if has(scopes, "email"):
        claims["email"] = user.mail
    return claims


def _optional(order: Order) -> dict[str, Any]:
    """The claims that only a redeemed code brings about, and only if its request asked for them."""
    origin, claims = order.origin, dict[str, Any]()
    if isinstance(origin, Code) and origin.nonce is not None:
        claims["nonce"] = origin.nonce
    if isinstance(origin, Code) and origin.max_age:
        claims["auth_time"] = int(order.sign_in.moment.timestamp())
    return claims


def code_id_token(  # noqa: PLR0913 - the parts of a hybrid answer
    world: World,
    application: Application,
    sign_in: SignIn,
    scopes: tuple[Scope, ...],
    *,
    nonce: str,
    code: str,
    base: str,
) -> str:
    """The id token that the authorize endpoint hands out, beside the code or alone (empty code)."""
    claims = {**id_claims(world, application, sign_in, scopes, base), "nonce": nonce}
    return world.signing.sign({**claims, "c_hash": half_hash(code)} if code else claims)


def subject(application: Application, user: User) -> str:
    """The user's name at this application only."""
    digest = sha256(f"{application.client_id}/{user.object_id}".encode()).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def is_continuous(claims: str) -> bool:
    """Whether the `claims` of a request declare the capability `cp1`. Raises: as `parsed_claims`."""
    values = _path(parsed_claims(claims), "access_token", "xms_cc", "values")
    return isinstance(values, list) and any(str(each).lower() == "cp1" for each in values)


def parsed_claims(claims: str) -> dict[str, Any]:
    """Raises: RefusedError 90023 if it is no JSON object."""
    if not claims:
        return {}
    try:
        found = json.loads(claims)
    except (ValueError, RecursionError) as error:
        raise refused(90023, "Parameter: claims") from error
    if not isinstance(found, dict):
        raise refused(90023, "Parameter: claims")
    return found


def _path(value: object, *names: str) -> object:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
