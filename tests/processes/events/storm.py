"""Kills whoever is on the way of events, in named windows and at any moment, and lets others take over."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol

import attrs

from tests.fakes.shared_watched_relay import AFTER_SEND, BEFORE_SEND
from tests.processes.driver import PATIENCE, WorkerProcess
from tests.processes.events.effects import AFTER_EFFECT, HANDLING
from tests.processes.events.way import APPEND, CONSUME, RELAY, Player, Way

RELAY_SEND, RELAY_MARK = "relay killed before it sends", "relay killed between send and mark"
CONSUMER_HANDLER, CONSUMER_COMMIT = "consumer killed in its handler", "consumer killed between effect and commit"
BROKER_IN_MID_SEND, LOCKED_LOG = "broker killed in mid-send", "log locked in mid-send"
HELD_RELAY, LATE_RELAY = "relay slow between send and mark", "relay late with what another has sent"
STOPPED_CONSUMER = "consumer stopped until others take over"

CAST: Mapping[str, int] = {APPEND: 2, RELAY: 2, CONSUME: 3}
_LONGEST_PAUSE = 0.3
"""Seconds until a kill at any moment."""
_MOMENT = 0.05
_MUCH = 20
"""Events of one call."""
_GATHERING = 0.5
"""Seconds: less than a claim holds."""
_TRIES = 20
_DONE = {"pending": 0, "parked": 0, "behind": 0}


class StormyBroker(Protocol):
    """What a storm does to a broker."""

    @property
    def servers(self) -> str: ...
    def start(self) -> None: ...
    def kill(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...


@attrs.define(eq=False, kw_only=True)
class Storm:
    """`broker` None: the log is in the database, which is locked for a while instead of the broker being killed."""

    way: Way
    observer: WorkerProcess
    broker: StormyBroker | None
    chance: random.Random
    pace: float
    """Seconds between the bursts of an appender."""
    cast: Mapping[str, int] = CAST
    hits: Counter[str] = attrs.field(factory=Counter, init=False)

    @property
    def blows(self) -> Mapping[str, Callable[[], None]]:
        """What is done, by name; those that kill begin with who is killed."""
        found = {
            RELAY_SEND: lambda: self.kill_at(RELAY, BEFORE_SEND),
            RELAY_MARK: lambda: self.kill_at(RELAY, AFTER_SEND),
            "relay killed at any moment": lambda: self.kill_at_random(RELAY),
            CONSUMER_HANDLER: lambda: self.kill_at(CONSUME, HANDLING),
            CONSUMER_COMMIT: lambda: self.kill_at(CONSUME, AFTER_EFFECT),
            "consumer killed at any moment": lambda: self.kill_at_random(CONSUME),
            "appender killed at any moment": lambda: self.kill_at_random(APPEND),
            HELD_RELAY: self.hold_relay,
            LATE_RELAY: self.delay_relay,
            STOPPED_CONSUMER: self.stop_consumer,
            "relay ends": lambda: self.dismiss(RELAY),
            "consumer leaves": lambda: self.dismiss(CONSUME),
        }
        if self.broker is None:
            return {**found, LOCKED_LOG: self.lock_log}
        broker = self.broker
        return {
            **found,
            BROKER_IN_MID_SEND: lambda: self.kill_broker_in_mid_send(broker),
            "broker killed at any moment": lambda: self.kill_broker(broker),
        }

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return sum(number for name, number in self.hits.items() if " killed " in name)

    def begin(self) -> None:
        """Let everybody start."""
        for role, number in self.cast.items():
            for _ in range(number):
                self.play(role)

    def strike(self, name: str) -> None:
        """Do one thing, and count it if it was done."""
        self.hits[name] += 1
        self.blows[name]()

    def calm(self) -> bool:
        """Let the appenders end and the others finish; False if nothing moves any more for `PATIENCE`."""
        for player in self.way.cast(APPEND):
            self.way.dismiss(player)
        while (state := self.observer.call("state")) != _DONE:
            if not self._wait(lambda: self.observer.call("state") != state, PATIENCE):
                return False
        for player in tuple(self.way.players):
            self.way.dismiss(player)
        return True

    def play(self, role: str) -> Player:
        """Start one more."""
        return self.way.play(role, pause=self.pace) if role == APPEND else self.way.play(role)

    def kill_at(self, role: str, window: str) -> None:
        """Kill the first who comes to the window."""
        self._replace(self.way.first_at(window, role))

    def kill_at_random(self, role: str) -> None:
        """Kill anyone, any time."""
        self._pause()
        self._replace(self.chance.choice(self.way.ready(role)))

    def dismiss(self, role: str) -> None:
        """Let one end as programs should, and another one come."""
        player = self.chance.choice(self.way.ready(role))
        self.play(role)
        self.way.dismiss(player)

    def hold_relay(self) -> None:
        """Let a relay be slow with its messages sent, until another has asked for the outbox."""
        self._wait(lambda: self.way.all_ready(RELAY), PATIENCE)
        for _ in range(_TRIES):
            holder = self.way.first_at(AFTER_SEND, RELAY)
            others = [player for player in self.way.ready(RELAY) if player is not holder]
            before = sum(player.worker.call("asked") for player in others)
            asked = self._wait(lambda: sum(each.worker.call("asked") for each in others) > before, self.patience)  # noqa: B023 - used at once
            self.way.let_go(holder, AFTER_SEND)
            if asked:
                return
        raise self.observer.missed("chance to see two relays at once")

    def delay_relay(self) -> None:
        """Let a relay lose its claim with the messages in its hand, and send them after another has."""
        self._wait(lambda: self.way.all_ready(RELAY), PATIENCE)
        late = self.way.first_at(BEFORE_SEND, RELAY)
        others = [player for player in self.way.ready(RELAY) if player is not late]
        for player in others:
            player.forget("sent")
        if not self._wait(lambda: any(player.worker.heard("sent") for player in others), PATIENCE):
            raise late.worker.missed("other relay that sent its messages")
        self.way.let_go(late, BEFORE_SEND)

    def stop_consumer(self) -> None:
        """Stop a consumer in its handler until others have its partitions, and let it go on as if nothing had been.

        One that is stopped in the middle of a write to the database keeps everybody out: then another chance is taken.
        """
        for _ in range(_TRIES):
            stopped = self.way.first_at(HANDLING, CONSUME)
            others = [player for player in self.way.cast(CONSUME) if player is not stopped]
            for player in others:
                player.forget("assigned")
            stopped.worker.stop()
            taken = self._wait(lambda: any(each.worker.heard("assigned") for each in others), 5 * self.member)  # noqa: B023 - used at once
            stopped.worker.go_on()
            self.way.let_go(stopped, HANDLING)
            if taken:
                return
        raise self.observer.missed("chance to see partitions taken over")

    def lock_log(self) -> None:
        """Lock the database when a relay is about to append to the log, until it gives up."""
        relay = self.relay_with_much()
        with self.way.locked():
            relay.forget("refused")
            self.way.let_go(relay, BEFORE_SEND)
            relay.worker.hear("refused")

    def kill_broker_in_mid_send(self, broker: StormyBroker) -> None:
        """Kill the broker when it has a relay's request, or part of it; sometimes it stays away until that gives up."""
        relay = self.relay_with_much()
        broker.pause()
        relay.forget("sending", "sent", "refused")
        self.way.let_go(relay, BEFORE_SEND)
        relay.worker.hear("sending")
        time.sleep(self.chance.uniform(0, _MOMENT))  # the request is on its way, or there, and is not answered
        if self.chance.random() < 0.5:
            broker.resume()  # it answers or dies in the middle: who is first is chance
        broker.kill()
        if self.chance.random() < 0.5:
            relay.worker.hear_any({"note": "sent"}, {"note": "refused"})
        broker.start()

    def relay_with_much(self) -> Player:
        """Return a relay that is held before it sends many messages, several of a user; at last any that has some."""
        for _ in range(_TRIES):
            relay = self.way.first_at(BEFORE_SEND, RELAY)
            if self._wait(lambda: self.observer.call("waiting") >= _MUCH, _GATHERING):
                relay.forget("reached")
                relay.worker.call("let_one_pass", window=BEFORE_SEND, user="")
                if self._wait(lambda: relay.worker.heard("reached") is not None, self.patience):  # noqa: B023 - as above
                    return relay
            self.way.let_go(relay, BEFORE_SEND)
        return self.way.first_at(BEFORE_SEND, RELAY)

    def kill_broker(self, broker: StormyBroker) -> None:
        """Kill the broker, and let it be away for a while."""
        self._pause()
        broker.kill()
        self._pause()
        broker.start()

    @property
    def patience(self) -> float:
        """Seconds that a relay may be held without losing its claim."""
        return float(str(self.way.options["lease"])) / 2

    @property
    def member(self) -> float:
        """Seconds after which a silent consumer is dead."""
        return float(str(self.way.options["member"]))

    def _replace(self, player: Player) -> None:
        self.play(player.role)
        self.way.kill_player(player)

    def _wait(self, for_it: Callable[[], bool], longest: float) -> bool:
        """Return whether it came about in time."""
        deadline = time.monotonic() + longest
        while not for_it():
            if time.monotonic() > deadline:
                return False
            self.way.listen(_MOMENT)
        return True

    def _pause(self) -> None:
        until = time.monotonic() + self.chance.uniform(0, _LONGEST_PAUSE)
        while (left := until - time.monotonic()) > 0:
            self.way.listen(left)
