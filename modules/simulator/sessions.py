"""Who is signed in at the simulator in which browser, so that the next application needs no password."""

import attrs

from modules.simulator.chance import Chance
from modules.simulator.clock import Clock
from modules.simulator.grants import SignIn
from modules.simulator.people import User


class Sessions:
    """Sign-ins by the value of the session cookie; a browser may hold several people."""

    def __init__(self, *, clock: Clock, chance: Chance) -> None:
        self._clock, self._chance = clock, chance
        self._sign_ins: dict[str, dict[str, SignIn]] = {}
        self._ids: dict[str, str] = {}

    def sign_in(self, cookie: str | None, user: User, *, mfa: bool) -> tuple[str, SignIn]:
        """Note that a person proved who they are. Return the cookie for the browser, a new one if it had none."""
        value = cookie if cookie in self._sign_ins else self._chance.text("session cookie", 64)
        session_id = self._ids.setdefault(value, self._chance.guid("session"))
        sign_in = SignIn(
            user=user,
            moment=self._clock.now(),
            mfa=mfa,
            session_id=session_id,
            grants_of=user.grants_of,
            passwords_of=user.passwords_of,
        )
        self._sign_ins.setdefault(value, {})[user.object_id] = sign_in
        return value, sign_in

    def people(self, cookie: str | None) -> list[SignIn]:
        """The sign-ins that still count, the latest last."""
        return [each for each in self._sign_ins.get(cookie or "", {}).values() if is_alive(each)]

    def note_mfa(self, cookie: str | None, sign_in: SignIn) -> SignIn:
        """The person passed multi-factor authentication as well."""
        stronger = attrs.evolve(sign_in, mfa=True)
        self._sign_ins.setdefault(cookie or "", {})[sign_in.user.object_id] = stronger
        return stronger

    def end(self, cookie: str | None) -> None:
        self._sign_ins.pop(cookie or "", None)


def is_alive(sign_in: SignIn) -> bool:
    user = sign_in.user
    return user.enabled and (sign_in.grants_of, sign_in.passwords_of) == (user.grants_of, user.passwords_of)
