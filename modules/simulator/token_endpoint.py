"""The token endpoint: one function for each grant type."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

import attrs
from aiohttp import web

from modules.simulator.authority import Authority, find_authority
from modules.simulator.client_authentication import Client, ClientCheck
from modules.simulator.consents import check_consent
from modules.simulator.exchange import answer, base_of, form_of, needed, own_hosts, world_of
from modules.simulator.grants import Code, DeviceCode, DeviceState, Origin, PasswordGrant, RefreshToken, SignIn
from modules.simulator.refusal import refused
from modules.simulator.registration import Application
from modules.simulator.scopes import DEFAULT, Scope, has, of_first_resource, parse, resource_scopes
from modules.simulator.tokens import Order, application_answer, is_continuous, user_answer
from modules.simulator.world import World

_OWN_BEGINNING, _OWN_LENGTH = "1.", 40  # how codes and refresh tokens begin, and the least length of one


@attrs.frozen(kw_only=True)
class TokenRequest:
    """One request, as far as all grant types have it in common."""

    world: World
    authority: Authority
    client: Client
    form: Mapping[str, str]
    origin: str | None
    base: str
    hosts: frozenset[str]

    @property
    def application(self) -> Application:
        return self.client.application

    @property
    def asked(self) -> tuple[Scope, ...]:
        """Raises: RefusedError as `scopes.parse`."""
        return parse(self.form.get("scope", ""), self.hosts)

    def order(
        self,
        sign_in: SignIn,
        scopes: tuple[Scope, ...],
        origin: Origin,
        *,
        refreshable: bool | None = None,
    ) -> Order:
        """Raises: RefusedError 90023 for malformed claims, 65001 without consent."""
        check_consent(self.world.directory, self.application, sign_in.user, of_first_resource(scopes))
        return Order(
            application=self.application,
            sign_in=sign_in,
            scopes=scopes,
            origin=origin,
            client_info=self.form.get("client_info") == "1",
            continuous=is_continuous(self.form.get("claims", "")),
            base=self.base,
            refreshable=has(scopes, "offline_access") if refreshable is None else refreshable,
        )


async def token(request: web.Request) -> web.Response:
    """POST /{tenant}/oauth2/v2.0/token."""
    world = world_of(request)
    form = await form_of(request)
    authority = find_authority(world.directory, request.match_info["tenant"])
    base = base_of(request)
    check = ClientCheck(
        directory=world.directory, clock=world.clock, authority=authority, audiences=audiences(base, authority)
    )
    grant_type = needed(form, "grant_type")
    if grant_type not in _GRANT_TYPES:
        raise refused(70003, f"It is: {grant_type}")
    parts = TokenRequest(
        world=world,
        authority=authority,
        client=check.check(form, request.headers.get("Authorization", "")),
        form=form,
        origin=request.headers.get("Origin"),
        base=base,
        hosts=own_hosts(request),
    )
    world.loops.check(parts.application.client_id, form, on=world.switches.loop_detection)
    return answer(request, _GRANT_TYPES[grant_type](parts))


def audiences(base: str, authority: Authority) -> frozenset[str]:
    """How an assertion may spell the token endpoint."""
    names = {authority.path, authority.link_tenant} | ({authority.tenant.domain} if authority.tenant else set())
    ends = ("oauth2/v2.0/token", "oauth2/token", "v2.0", "")
    return frozenset(f"{base}/{name}/{end}" for name in names for end in ends)


def _authorization_code(request: TokenRequest) -> dict[str, Any]:
    text = needed(request.form, "code")
    code = request.world.grants.codes.get(text)
    if code is None or code.application is not request.application:
        raise _unknown(text)
    _check_platform(request, code)
    if code.platform == "spa" and not code.challenge:
        raise refused(9002325)
    if needed(request.form, "redirect_uri") != code.redirect_uri:
        raise refused(50011, "It differs from the one that the code was asked for with.")
    _check_verifier(code, request.form.get("code_verifier"))
    if not request.authority.admits(code.sign_in.user):
        raise refused(700005)
    check_person(request.application, code.sign_in, keeps_password=code.platform != "web")
    scopes = request.asked or code.scopes
    _one_resource(scopes if request.asked else ())
    offline = has((*code.scopes, *scopes), "offline_access")
    order = request.order(code.sign_in, scopes, code, refreshable=offline)
    request.world.grants.redeem_code(code)
    return user_answer(request.world, order)


def _check_platform(request: TokenRequest, origin: Code | RefreshToken) -> None:
    """A web application proves itself; a page in a browser comes from its origin; a native one has no secret."""
    match origin.platform:
        case "web":
            if request.origin:
                raise refused(9002326)
            request.client.must_be_proved()
        case "spa":
            if not request.origin:
                raise refused(9002327)
            if request.client.proved:
                raise refused(700025)
        case "public":
            if request.client.proved and isinstance(origin, Code):
                raise refused(700025)


def _check_verifier(code: Code, verifier: str | None) -> None:
    if code.challenge is None and verifier is None:
        return
    sent = verifier or ""
    if code.challenge_method == "S256":
        sent = urlsafe_b64encode(sha256(sent.encode(errors="surrogatepass")).digest()).decode().rstrip("=")
    expected = (code.challenge or "").encode(errors="surrogatepass")
    if not verifier or not hmac.compare_digest(sent.encode(errors="surrogatepass"), expected):
        raise refused(501481)


def _one_resource(scopes: tuple[Scope, ...]) -> None:
    if len({each.resource for each in resource_scopes(scopes)}) > 1:
        raise refused(700022)


def _refresh_token(request: TokenRequest) -> dict[str, Any]:
    text = needed(request.form, "refresh_token")
    grants, switches = request.world.grants, request.world.switches
    found = grants.refresh_tokens.get(text)
    if found is None:
        raise _unknown(text)
    if found.application is not request.application:
        raise refused(70000, "It was issued to another client.", suberror="client_mismatch")
    _check_platform(request, found)
    grants.check_refresh_token(found, strict=switches.strict)
    check_person(request.application, found.sign_in, keeps_password=found.platform != "web")
    if not request.authority.admits(found.sign_in.user):
        raise refused(50020)
    scopes = request.asked or found.scopes
    order = request.order(found.sign_in, scopes, found, refreshable=switches.rotate)
    grants.use_refresh_token(found)
    return user_answer(request.world, order)


def _device_code(request: TokenRequest) -> dict[str, Any]:
    text = request.form.get("device_code") or needed(request.form, "code")
    device = request.world.grants.devices.get(text)
    if device is None or device.application is not request.application or not _same_path(request, device):
        raise refused(70018)
    if not request.application.public_client:
        request.client.must_be_proved()
    now, switches = request.world.clock.now(), request.world.switches
    too_soon = device.polled_at and now - device.polled_at < timedelta(seconds=switches.device_interval)
    device.polled_at = now
    if device.state is DeviceState.DECLINED:
        raise refused(70018, "The person declined.", error="authorization_declined")
    if device.state is DeviceState.REDEEMED:
        raise refused(54005)
    if device.expires_at <= now:
        raise refused(70020)
    if switches.slow_down and too_soon:
        raise refused(70016, "The device asks too often.", error="slow_down")
    if device.sign_in is None:
        raise refused(70016)
    check_person(request.application, device.sign_in, keeps_password=True)
    order = request.order(device.sign_in, device.scopes, device)
    device.state = DeviceState.REDEEMED
    return user_answer(request.world, order)


def _same_path(request: TokenRequest, device: DeviceCode) -> bool:
    return device.path.lower() == request.authority.path.lower()


def _client_credentials(request: TokenRequest) -> dict[str, Any]:
    if request.origin:
        raise refused(9002326)
    if request.authority.tenant is None:
        raise refused(50059)
    request.client.must_be_proved()
    needed(request.form, "scope")
    scopes = request.asked
    if len(resource_scopes(scopes)) != 1 or len(scopes) != 1 or scopes[0].name != DEFAULT:
        raise refused(70011, "It must be one resource with /.default.")
    continuous = is_continuous(request.form.get("claims", ""))
    tenant_id = request.authority.tenant.tenant_id
    return application_answer(request.world, request.application, tenant_id, continuous=continuous)


def _password(request: TokenRequest) -> dict[str, Any]:
    """The grant that Microsoft advises against: name and password in the request, no pages."""
    if request.authority.kind in {"common", "consumers"}:
        raise refused(9001023)
    if not request.application.public_client:
        request.client.must_be_proved()
    user = request.world.directory.find_user(needed(request.form, "username"))
    password = needed(request.form, "password")
    if user is None or not request.authority.admits(user):
        raise refused(50034)
    if not hmac.compare_digest(password.encode(errors="surrogatepass"), user.password.encode()):
        raise refused(50126)
    _, sign_in = request.world.sessions.sign_in(None, user, mfa=False)
    check_person(request.application, sign_in, keeps_password=True)
    scopes = request.asked
    origin = PasswordGrant(
        application=request.application,
        platform="public" if request.application.public_client else "web",
        family=request.world.grants.family(),
    )
    return user_answer(request.world, request.order(sign_in, scopes, origin))


def check_person(application: Application, sign_in: SignIn, *, keeps_password: bool) -> None:
    """Whether the grant is still good. `keeps_password`: it dies when the person changes the password.

    Raises: RefusedError 50057, 50173, 50105, 53003 or 50076.
    """
    user = sign_in.user
    if not user.enabled:
        raise refused(50057)
    if sign_in.grants_of != user.grants_of:
        raise refused(50173)
    if keeps_password and sign_in.passwords_of != user.passwords_of:
        raise refused(50173, "The password was changed.")
    if application.assigned_only and user.object_id not in application.assigned:
        raise refused(50105)
    if user.blocked:
        raise refused(53003)
    if user.mfa and not sign_in.mfa:
        raise refused(50076)


def _unknown(text: str) -> Exception:
    """What a code or refresh token that was never issued is told; something quite different is told otherwise."""
    if text.startswith(_OWN_BEGINNING) and len(text) >= _OWN_LENGTH:
        return refused(70000)
    return refused(9002313, error="invalid_grant")


_GRANT_TYPES: Mapping[str, Callable[[TokenRequest], dict[str, Any]]] = {
    "authorization_code": _authorization_code,
    "refresh_token": _refresh_token,
    "urn:ietf:params:oauth:grant-type:device_code": _device_code,
    "device_code": _device_code,
    "client_credentials": _client_credentials,
    "password": _password,
}
