"""All that can go wrong between mailboxes and the program: a table of turns, each with faults of its own."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import attrs

from modules.simulator import faults
from modules.simulator.faults import Fault
from modules.simulator.garbling import DAMAGES
from modules.simulator.mail.conditions import Condition
from modules.simulator.simulator import Simulator
from modules.simulator.switches import Switches
from tests.simulator.office import ANNA, KIM, PARK, Office

NO_MATTER: Mapping[str, str] = MappingProxyType(
    {
        "full_scopes": "how a token's answer spells its scopes",
        "extra_scopes": "what else such an answer names",
        "echo_offline_access": "what else such an answer names",
        "slow_down": "while a device waits for its owner",
        "device_interval": "while a device waits for its owner",
        "device_lifetime": "while a device waits for its owner",
        "code_lifetime": "while a person signs in",
        "error_page_status": "what a browser is shown",
        "graph_permissions": "forgives a missing permission, which makes nothing go wrong",
        "overrides": "what a refusal of a sign-in is called",
    }
)
"""Switches that have nothing to do with mail, or with the tokens for it, and what they are about."""

EVER: Mapping[str, Any] = MappingProxyType(
    {
        "delta_partial_updates": True,
        "delta_replays": True,
        "delta_empty_pages": True,
        "token_lifetime": timedelta(minutes=5),
        "mailbox_window": timedelta(milliseconds=200),
        "loop_detection": True,
    }
)
"""Switches that are the same in every turn."""


@attrs.frozen(kw_only=True)
class Turn:
    """What goes wrong before one sync; people by their ids. `expired`: whose changes the mailbox has forgotten.

    `disabled`, `blocked` and `revoked` need to sign in again before the next turn.
    """

    faults: tuple[Fault, ...]
    switches: Mapping[str, Any]
    conditions: Mapping[str, Condition] = attrs.field(factory=dict)
    expired: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()

    def begin(self, office: Office) -> None:
        """Let all of it go wrong. Faults are used up by being met."""
        simulator = office.simulator
        for name, value in {**EVER, **self.switches}.items():
            setattr(simulator.switches, name, value)
        for fault in self.faults:
            simulator.faults.add(fault)
        for user_id in (KIM, PARK, ANNA):
            simulator.mail.conditions.put(office.user(user_id), self.conditions.get(user_id, "ready"))
        for user_id in self.expired:
            simulator.mail.mailbox(office.user(user_id)).expire_deltas()
        for user_id in (PARK, *self.disabled, *self.blocked):
            simulator.mail.conditions.challenge(office.user(user_id), once=True)
        for user_id in self.revoked:
            simulator.revoke_sessions(office.user(user_id).upn)
        self._shut(office, is_shut=True)
        simulator.signing.roll(keep_old=False)

    def end(self, office: Office) -> None:
        """Let those in again who were disabled or blocked."""
        self._shut(office, is_shut=False)

    def _shut(self, office: Office, *, is_shut: bool) -> None:
        simulator: Simulator = office.simulator
        for user_id in self.disabled:
            (simulator.disable if is_shut else simulator.enable)(office.user(user_id).upn)
        for user_id in self.blocked:
            simulator.block(office.user(user_id).upn, blocked=is_shut)


def calm(simulator: Simulator) -> None:
    """Let nothing go wrong any more, and nobody be asked to wait."""
    simulator.faults.clear()
    standard = Switches()
    for name in ("mailbox_concurrency", "mailbox_requests", "mailbox_latency", "throttle_retry_after"):
        setattr(simulator.switches, name, getattr(standard, name))


def usual(number: int) -> tuple[Fault, ...]:
    """Return the faults of every turn, at other places in each."""
    return (
        *(faults.status(429, retry_after=0, endpoint=endpoint, times=1) for endpoint in ("folders", "delta", "batch")),
        faults.html(endpoint="delta", times=1),
        faults.truncated(endpoint="delta", times=1),
        faults.dropped(endpoint="delta", before=bool(number % 2), times=1),
        faults.slow(0.05, endpoint="delta", before=bool(number % 2), times=2),
        faults.moved(timedelta(minutes=10), endpoint="delta", times=1),
        *(
            faults.garbled(damage, nth=nth + number, endpoint="delta", times=1)
            for nth, damage in enumerate(sorted(DAMAGES))
        ),
    )


TURNS = (
    Turn(
        faults=(
            *usual(0),
            faults.status(500, endpoint="folders", times=1),
            faults.graph(503, "ErrorServerBusy", endpoint="delta", times=1),
            faults.aadsts(90033, times=1),
        ),
        switches={"mailbox_concurrency": 2, "mailbox_requests": 10_000, "throttle_retry_after": "fraction"},
        conditions={ANNA: "moving", PARK: "denied"},
    ),
    Turn(
        faults=(
            *usual(1),
            faults.status(502, endpoint="delta", times=1),
            faults.graph(500, "ErrorInternalServerTransientError", endpoint="batch", times=1),
            faults.dropped(endpoint="token", times=1),
        ),
        switches={
            "mailbox_requests": 10_000,
            "mailbox_concurrency": 3,
            "throttle_retry_after": "absent",
            "delta_resync_location": True,
            "refresh_in": timedelta(minutes=1),
            "strict": True,
        },
        conditions={KIM: "not_enabled"},
        expired=(KIM,),
        disabled=(ANNA,),
    ),
    Turn(
        faults=(
            *usual(2),
            faults.status(503, retry_after=1, endpoint="batch", times=1),
            faults.graph(429, "activityLimitReached", retry_after=1, times=1),
            faults.aadsts(90033, times=1),
        ),
        switches={
            "mailbox_requests": 3,
            "mailbox_concurrency": 4,
            "throttle_retry_after": "garbage",
            "moving_status": 500,
            "delta_resync_location": False,
            "batch_shuffle": False,
            "rotate": False,
            "strict": False,
        },
        conditions={ANNA: "moving"},
        expired=(KIM, PARK),
        blocked=(PARK,),
    ),
    Turn(
        faults=(
            *usual(3),
            faults.status(504, endpoint="delta", times=1),
            faults.graph(410, "syncStateNotFound", endpoint="delta", times=1),
            faults.dropped(endpoint="token", times=1),
        ),
        switches={
            "mailbox_requests": 10_000,
            "mailbox_concurrency": 3,
            "throttle_retry_after": "date",
            "mailbox_latency": 0.01,
            "delta_resync_location": True,
            "batch_shuffle": True,
            "rotate": True,
            "strict": True,
        },
        expired=(KIM, PARK, ANNA),
        revoked=(KIM,),
    ),
)
