"""The processes on the way of an event, as the parent sees them: appenders, relays and consumers on one database."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from tests.processes.crew import Crew
from tests.processes.driver import PATIENCE, Pool, WorkerProcess, listen

EMBEDDED, KAFKA = "tests.processes.events.worker", "tests.processes.events.kafka_worker"
"""Programs for a `Pool`."""
APPEND, RELAY, CONSUME, CARRY = "append", "relay", "consume", "carry"
"""Roles: commands of `Session` that go on until it is stopped. CARRY is to relay and to consume."""
_MOMENT = 0.05


@attrs.define(eq=False, kw_only=True)
class Player:
    """A process that has been told to do one thing until it is stopped."""

    worker: WorkerProcess
    role: str
    opening: int
    playing: int
    is_open: bool = False

    def has_opened(self) -> bool:
        """Return whether its session is open.

        Raises:
            WorkerFailed: opening, or what it does, failed.
        """
        if self.worker.has_answered(self.playing):
            self.worker.answer(self.playing)
            raise self.worker.missed("reason why it ended")
        if not self.is_open and self.worker.has_answered(self.opening):
            self.worker.answer(self.opening)
            self.is_open = True
        return self.is_open

    def forget(self, *notes: str) -> None:
        """Forget what it said so far of these kinds."""
        self.worker.notes[:] = [said for said in self.worker.notes if said["note"] not in notes]


@attrs.define(eq=False, kw_only=True)
class Way(Crew):
    """Everything of one test. Open with `open_way`."""

    users: Sequence[str]
    options: Mapping[str, object]
    players: list[Player] = attrs.field(factory=list)

    @property
    def told(self) -> Mapping[str, object]:
        """Where to write down what happened, and how everything is set."""
        return {"books": str(self.directory), **self.options}

    def play(self, role: str, options: Mapping[str, object] | None = None, **told: object) -> Player:
        """Start a process; it is not waited for. `options` go over those of everybody."""
        worker = self.take()
        opening = worker.send("open", database=str(self.database), **self.told, **(options or {}))
        if role == APPEND:
            told = {"users": self.users, **told}
        player = Player(worker=worker, role=role, opening=opening, playing=worker.send(role, **told))
        self.players.append(player)
        return player

    def cast(self, role: str) -> list[Player]:
        """Return those who do this, whether they are ready or not."""
        return [player for player in self.players if player.role == role]

    def ready(self, role: str) -> list[Player]:
        """Return those who do this, once there is one with an open session."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = [player for player in self.cast(role) if player.has_opened()]
            if found:
                return found
            self.listen(_MOMENT)
        raise self.cast(role)[0].worker.missed("session")

    def all_ready(self, role: str) -> bool:
        """Return whether everybody who does this has an open session."""
        return all(player.has_opened() for player in self.cast(role))

    def settle(self, observer: WorkerProcess, *, parked: int = 0) -> None:
        """Wait until everything has arrived but what is parked."""
        deadline, wanted = time.monotonic() + PATIENCE, {"pending": 0, "parked": parked, "behind": 0}
        while (state := observer.call("state")) != wanted:
            assert time.monotonic() < deadline, f"{state} stayed on the way"
            observer.look(_MOMENT)

    def listen(self, seconds: float) -> None:
        """Hear all, waiting up to so long for something."""
        listen([player.worker for player in self.players], seconds)

    def first_at(self, window: str, role: str) -> Player:
        """Return the first who comes to the window; it is held there, the others are not."""
        held: dict[int, tuple[Player, int]] = {}
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for player in self.ready(role):
                if id(player) not in held:
                    player.forget("reached")
                    held[id(player)] = player, player.worker.send("hold", window=window, user="")
            found = next((player for player, _ in held.values() if player.worker.heard("reached", window=window)), None)
            if found is not None:
                for player, ticket in held.values():
                    player.worker.answer(ticket)
                    if player is not found:
                        self.let_go(player, window)
                return found
            self.listen(_MOMENT)
        raise self.cast(role)[0].worker.missed(f"way to {window}")

    def let_go(self, player: Player, window: str) -> None:
        """Let it go on."""
        player.worker.call("let_go", window=window, user="")

    def kill_player(self, player: Player) -> None:
        """Kill -9."""
        self.players.remove(player)
        self.kill(player.worker)

    def dismiss(self, player: Player) -> None:
        """Let it come to its end, and give the process back."""
        player.worker.call("stop")
        player.worker.answer(player.playing)
        if not player.is_open:
            player.worker.answer(player.opening)
        self.players.remove(player)
        self.give_back(player.worker)


@contextmanager
def open_way(directory: Path, pool: Pool, users: Sequence[str], **options: object) -> Iterator[Way]:
    """Open a way with nobody on it. Whoever is on it at the end is dismissed; killed, if the body failed."""
    way = Way(directory=directory, pool=pool, users=users, options=options)
    try:
        yield way
        for player in tuple(way.players):
            way.dismiss(player)
    finally:
        for player in way.players:
            way.kill(player.worker)
        way.close()
