"""Device flows of the authorization server in memory: user codes that somebody enters and decides on."""

from datetime import datetime, timedelta

import attrs

from domain.errors import AuthenticationError, NotFoundError
from ports.clock import Clock
from ports.identifiers import Identifiers
from ports.identity_provider import DeviceAuthorization, DevicePoll

VERIFICATION_URI = "https://login.memory.invalid/device"
SLOWER = timedelta(seconds=5)
"""Source: RFC 8628 section 3.5, slow_down."""


@attrs.define(kw_only=True)
class DeviceFlow:
    """One flow until it is redeemed. `username` is who approved."""

    client_id: str
    user_code: str
    expires_at: datetime
    interval: timedelta
    polled_at: datetime | None = None
    username: str | None = None
    declined: bool = False


@attrs.define(kw_only=True, eq=False)
class DeviceFlows:
    """The flows by device code."""

    clock: Clock
    identifiers: Identifiers
    lifetime: timedelta = timedelta(minutes=15)
    interval: timedelta = SLOWER
    flows: dict[str, DeviceFlow] = attrs.field(factory=dict, repr=False)
    begun: int = 0
    """How many there were: a user code is nobody else's, also when other flows are over."""

    def begin(self, client_id: str) -> DeviceAuthorization:
        """Make a flow that waits for somebody."""
        self.begun += 1
        device_code, user_code = f"dc-{self.identifiers.unique()}", f"UC-{self.begun:04}"
        expires_at = self.clock.now() + self.lifetime
        self.flows[device_code] = DeviceFlow(
            client_id=client_id, user_code=user_code, expires_at=expires_at, interval=self.interval
        )
        return DeviceAuthorization(
            device_code=device_code,
            user_code=user_code,
            verification_uri=VERIFICATION_URI,
            expires_at=expires_at,
            interval=self.interval,
        )

    def entered(self, user_code: str) -> DeviceFlow:
        """Return the flow whose code a person typed."""
        for flow in self.flows.values():
            if flow.user_code == user_code:
                return flow
        msg = f"There is no user code {user_code}."
        raise NotFoundError(msg)

    def poll(self, client_id: str, device_code: str) -> str | DevicePoll:
        """Return who approved, once; or that nobody has decided."""
        flow, now = self.flows.get(device_code), self.clock.now()
        if flow is None or flow.client_id != client_id:
            msg = "The device code is unknown or was used before: begin the sign-in again."
            raise AuthenticationError(msg, error_code="DEVICE_CODE_REJECTED")
        if flow.declined:
            msg = "The person declined to sign in."
            raise AuthenticationError(msg, error_code="SIGN_IN_DECLINED")
        if now >= flow.expires_at:
            msg = "Nobody signed in before the user code expired: begin the sign-in again."
            raise AuthenticationError(msg, error_code="DEVICE_CODE_EXPIRED")
        if flow.username is not None:
            del self.flows[device_code]
            return flow.username
        hurried = flow.polled_at is not None and now - flow.polled_at < flow.interval
        flow.polled_at = now
        if not hurried:
            return DevicePoll.PENDING
        flow.interval += SLOWER
        return DevicePoll.SLOW_DOWN
