"""Codes, refresh tokens, device codes and access tokens: what was granted, to whom, until when."""

from datetime import datetime, timedelta
from enum import Enum

import attrs

from modules.simulator.chance import Chance
from modules.simulator.clock import Clock
from modules.simulator.people import User
from modules.simulator.redirects import Platform
from modules.simulator.refusal import refused
from modules.simulator.registration import Application
from modules.simulator.scopes import Scope

IDLE_LIFETIME = timedelta(days=90)
SPA_LIFETIME = timedelta(hours=24)


@attrs.frozen(kw_only=True)
class SignIn:
    """A person's sign-in that grants rest on. `grants_of` and `passwords_of` are the user's counts at that moment."""

    user: User
    moment: datetime
    mfa: bool
    session_id: str
    grants_of: int
    passwords_of: int


@attrs.frozen(kw_only=True)
class Code:
    """An authorization code, redeemed once."""

    value: str = attrs.field(repr=False)
    sign_in: SignIn
    application: Application
    scopes: tuple[Scope, ...]
    redirect_uri: str
    platform: Platform
    expires_at: datetime
    challenge: str | None = None
    challenge_method: str = "plain"
    nonce: str | None = None
    max_age: bool = False
    family: str


@attrs.frozen(kw_only=True)
class RefreshToken:
    """`expires_at` moves with each redemption, except that of a single-page application."""

    value: str = attrs.field(repr=False)
    sign_in: SignIn
    application: Application
    scopes: tuple[Scope, ...]
    platform: Platform
    expires_at: datetime
    family: str


class DeviceState(Enum):
    """How far the person has come."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    REDEEMED = "redeemed"


@attrs.define(kw_only=True, eq=False)
class DeviceCode:
    """A sign-in that was begun on one device and is finished on another. `path`: the tenant's name in the URL."""

    value: str = attrs.field(repr=False)
    user_code: str = attrs.field(repr=False)
    application: Application
    scopes: tuple[Scope, ...]
    path: str
    expires_at: datetime
    state: DeviceState = DeviceState.PENDING
    sign_in: SignIn | None = None
    polled_at: datetime | None = None


@attrs.frozen(kw_only=True)
class AccessToken:
    """`user` is None for an application's own token. `continuous`: the client understands claims challenges."""

    value: str = attrs.field(repr=False)
    application: Application
    tenant_id: str
    user: User | None
    scopes: tuple[Scope, ...]
    roles: tuple[str, ...] = ()
    expires_at: datetime
    grants_of: int = 0
    continuous: bool = False


@attrs.frozen(kw_only=True)
class PasswordGrant:
    """A sign-in with name and password in the token request itself."""

    application: Application
    platform: Platform
    family: str


Origin = Code | RefreshToken | DeviceCode | PasswordGrant


class Grants:
    """Everything granted, by its string, for as long as the simulator lives."""

    def __init__(self, *, clock: Clock, chance: Chance) -> None:
        self._clock, self._chance = clock, chance
        self.codes: dict[str, Code] = {}
        self.refresh_tokens: dict[str, RefreshToken] = {}
        self.devices: dict[str, DeviceCode] = {}
        self.access_tokens: dict[str, AccessToken] = {}
        self._redeemed: set[str] = set()
        self._used: set[str] = set()
        self._dead_families: set[str] = set()

    def new_code(self, code: Code) -> Code:
        self.codes[code.value] = code
        return code

    def code_text(self) -> str:
        return "1.A" + self._chance.text("code", 397)

    def family(self) -> str:
        return self._chance.guid("family")

    def redeem_code(self, code: Code) -> None:
        """Use the code up. Raises: RefusedError 54005 the second time, 70008 when it has expired."""
        if code.value in self._redeemed:
            self._dead_families.add(code.family)
            raise refused(54005)
        if code.expires_at <= self._clock.now():
            raise refused(70008)
        self._redeemed.add(code.value)

    def new_refresh_token(self, origin: Origin, sign_in: SignIn, scopes: tuple[Scope, ...]) -> RefreshToken:
        """Issue the token that follows from `origin`; a rotated one stays in its family."""
        platform = "public" if isinstance(origin, DeviceCode) else origin.platform
        expires_at = self._clock.now() + (SPA_LIFETIME if platform == "spa" else IDLE_LIFETIME)
        if isinstance(origin, RefreshToken) and platform == "spa":
            expires_at = origin.expires_at
        token = RefreshToken(
            value="1.A" + self._chance.text("refresh token", 697),
            sign_in=sign_in,
            application=origin.application,
            scopes=scopes,
            platform=platform,
            expires_at=expires_at,
            family=self.family() if isinstance(origin, DeviceCode) else origin.family,
        )
        self.refresh_tokens[token.value] = token
        return token

    def check_refresh_token(self, token: RefreshToken, *, strict: bool) -> None:
        """Raises: RefusedError 700082 or 700084 when it is too old; 70000 when its family was ended.

        With `strict`, a token that was redeemed before ends its family.
        """
        if token.expires_at <= self._clock.now():
            raise refused(700084 if token.platform == "spa" else 700082)
        if strict and token.value in self._used:
            self._dead_families.add(token.family)
        if strict and token.family in self._dead_families:
            raise refused(70000, "It was used before; the whole family is revoked.", suberror="bad_token")

    def use_refresh_token(self, token: RefreshToken) -> None:
        """Note that it was redeemed: 90 days without use begin anew."""
        self._used.add(token.value)
        if token.platform != "spa":
            self.refresh_tokens[token.value] = attrs.evolve(token, expires_at=self._clock.now() + IDLE_LIFETIME)

    def new_device(
        self,
        *,
        application: Application,
        scopes: tuple[Scope, ...],
        path: str,
        lifetime: timedelta,
    ) -> DeviceCode:
        device = DeviceCode(
            value=self._chance.text("device code", 180),
            user_code=self._chance.letters("user code", 9),
            application=application,
            scopes=scopes,
            path=path,
            expires_at=self._clock.now() + lifetime,
        )
        self.devices[device.value] = device
        return device

    def device_by_user_code(self, typed: str) -> DeviceCode | None:
        """The device that waits for this code, written in any case and with any gaps."""
        wanted = "".join(filter(str.isalnum, typed)).upper()
        now = self._clock.now()
        waiting = (
            each for each in self.devices.values() if each.state is DeviceState.PENDING and each.expires_at > now
        )
        return next((each for each in waiting if each.user_code == wanted), None)

    def new_access_token(self, token: AccessToken) -> AccessToken:
        self.access_tokens[token.value] = token
        return token

    def access_text(self) -> str:
        return self._chance.text("access token", 1200)
