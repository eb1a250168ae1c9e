"""Mailboxes that cannot be read now, and challenges of continuous access evaluation that are about one mailbox."""

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Literal, get_args

import attrs

from modules.simulator.clock import Clock
from modules.simulator.directory import Directory
from modules.simulator.graph_error import GraphError
from modules.simulator.people import User
from modules.simulator.switches import Switches

Condition = Literal["ready", "not_enabled", "denied", "moving"]
Who = str | int | User
CONDITIONS: tuple[Condition, ...] = get_args(Condition)


@attrs.define(eq=False)
class _Challenge:
    """`moment`: what the claims demand a token to be no older than. `met`: tokens that were refused once."""

    moment: int
    once: bool
    met: set[str] = attrs.field(factory=set, repr=False)


class Conditions:
    """What is the matter with which mailbox; most are ready.

    `who` is its owner's UPN, address, object id or number. All raise KeyError if there is nobody of this name.
    """

    def __init__(self, *, clock: Clock, switches: Switches, directory: Directory) -> None:
        self._clock, self._switches, self._directory = clock, switches, directory
        self._conditions: dict[str, Condition] = {}
        self._challenges: dict[str, _Challenge] = {}
        self._obtained: dict[str, int] = {}
        self._latest = 0

    def put(self, who: Who, condition: Condition) -> None:
        """Raises: ValueError if there is no such condition."""
        if condition not in CONDITIONS:
            raise ValueError(f"condition: one of {', '.join(CONDITIONS)}")
        self._conditions[self._key(who)] = condition

    def of(self, who: Who) -> Condition:
        return self._conditions.get(self._key(who), "ready")

    def challenge(self, who: Who, *, once: bool = False) -> None:
        """Refuse tokens at this mailbox until one comes that was obtained with the claims of the refusal.

        `once`: refuse each token once only. A further challenge takes the place of the one before, and asks for more.
        Unlike revoked sessions, a challenge is made whatever the client said that it understands.
        """
        self._latest = max(self._clock.seconds(), self._latest + 1)
        self._challenges[self._key(who)] = _Challenge(moment=self._latest, once=once)

    def is_challenged(self, who: Who) -> bool:
        return self._key(who) in self._challenges

    def withdraw(self, who: Who) -> None:
        """Challenge no more."""
        self._challenges.pop(self._key(who), None)

    def obtained(self, token: str, claims: str) -> None:
        """Note with which claims a token was asked for."""
        moment = demanded(claims)
        if moment is not None:
            self._obtained[token] = moment

    def claims_for(self, who: Who, token: str) -> str | None:
        """The claims, in base64, that this token is challenged with; None: it may pass."""
        challenge = self._challenges.get(self._key(who))
        if challenge is None or self._obtained.get(token, 0) >= challenge.moment:
            return None
        if challenge.once and token in challenge.met:
            return None
        challenge.met.add(token)
        claims = {"access_token": {"nbf": {"essential": True, "value": str(challenge.moment)}}}
        return b64encode(json.dumps(claims).encode()).decode()

    def check(self, who: Who) -> None:
        """Raises: GraphError unless the mailbox is ready."""
        match self.of(who):
            case "not_enabled":
                message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
                raise GraphError(404, "MailboxNotEnabledForRESTAPI", message)
            case "denied":
                raise GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
            case "moving":
                message = "Mailbox move in progress. Try again later."
                raise GraphError(self._switches.moving_status, "ErrorMailboxMoveInProgress", message)
            case "ready":
                return

    def _key(self, who: Who) -> str:
        return who.object_id if isinstance(who, User) else self._directory.user(who).object_id


def demanded(claims: str) -> int | None:
    """The moment, in seconds since 1970, that a `claims` parameter passes on from a challenge; None: there is none."""
    try:
        found: Any = json.loads(claims)
        for name in ("access_token", "nbf", "value"):
            found = found.get(name) if isinstance(found, Mapping) else None
        return int(found) if isinstance(found, str | int) else None
    except (ValueError, RecursionError):
        return None
