"""Sign-ins in progress: what was asked for, kept while the person clicks through the pages."""

from datetime import datetime, timedelta
from typing import Literal

import attrs

from modules.simulator.authority import Authority
from modules.simulator.chance import Chance
from modules.simulator.clock import Clock
from modules.simulator.grants import DeviceCode, SignIn
from modules.simulator.redirects import Platform
from modules.simulator.registration import Application
from modules.simulator.scopes import Scope

ResponseMode = Literal["query", "fragment", "form_post"]

_LIFETIME = timedelta(hours=1)


@attrs.frozen(kw_only=True)
class Callback:
    """Where and how an authorize request is answered. `response_types`: of `code` and `id_token`."""

    redirect_uri: str
    platform: Platform
    response_mode: ResponseMode = "query"
    response_types: frozenset[str] = frozenset({"code"})
    state: str | None = None
    nonce: str | None = None
    challenge: str | None = None
    challenge_method: str = "plain"
    client_info: bool = False


@attrs.frozen(kw_only=True)
class AdminConsent:
    """An administrator's consent for a whole tenant. `first_version`: asked for at the endpoint without `/v2.0`."""

    redirect_uri: str
    state: str | None
    first_version: bool


@attrs.define(kw_only=True, eq=False)
class Flow:
    """One sign-in in progress; `purpose` says what comes of it. `sign_in` is set once the person is known."""

    flow_id: str
    authority: Authority
    application: Application
    scopes: tuple[Scope, ...]
    purpose: Callback | DeviceCode | AdminConsent
    begun_at: datetime
    prompt: frozenset[str] = frozenset()
    login_hint: str = ""
    max_age: timedelta | None = None
    sign_in: SignIn | None = None
    consented: bool = False


class Flows:
    """Flows by the id that the pages carry; dropped when finished or after an hour."""

    def __init__(self, *, clock: Clock, chance: Chance) -> None:
        self._clock, self._chance = clock, chance
        self._flows: dict[str, Flow] = {}

    def new_id(self) -> str:
        return self._chance.text("flow", 32)

    def add(self, flow: Flow) -> Flow:
        now = self._clock.now()
        for old in [each for each in self._flows.values() if each.begun_at + _LIFETIME <= now]:
            self.finish(old)
        self._flows[flow.flow_id] = flow
        return flow

    def find(self, flow_id: str) -> Flow | None:
        flow = self._flows.get(flow_id)
        return flow if flow and flow.begun_at + _LIFETIME > self._clock.now() else None

    def finish(self, flow: Flow) -> None:
        self._flows.pop(flow.flow_id, None)
