"""Kills relays, consumers, appenders and the broker on the way of events, and counts what was lost or done twice.

    python -m tests.processes.events.campaign [--bus embedded|kafka] [--kills 20 | --minutes 1] [--seed 1]
                                              [--without handled|mark|lease|commit|order]

Several processes change accounts, several carry the events to the log, several consume them. Each round kills a process
in each of the named windows and one of each kind at any moment, lets others end or be slow, and locks the database or
kills the broker. When the storm is over, everything must have arrived: distinct consumed = appended, effects exactly
once, the order of each account kept. `--without` switches one protection off, and the campaign must notice it.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import attrs

from tests.kafka.broker import Broker
from tests.kafka.preparing import prepare
from tests.processes.driver import Pool
from tests.processes.events.findings import Findings, find
from tests.processes.events.session import LEASE, PROTECTIONS
from tests.processes.events.storm import CAST, Storm, StormyBroker
from tests.processes.events.way import EMBEDDED, KAFKA, open_way

USERS = [f"user-{number}" for number in range(8)]
_NO_BROKER = {"patience": 2.0, "lease": 1.0, "member": 1.0}
_PACE, _KAFKA_PACE = 0.05, 0.15
"""Seconds between the bursts of an appender: groups of Kafka stand still while they share out anew."""
_LONG = 60.0
_WITH_BROKER = {"patience": 1.5, "lease": 4.0, "member": 1.5}


@attrs.frozen(kw_only=True)
class Plan:
    """Rounds of blows, all unless some are named; so many, or until so many were killed and so many seconds passed."""

    rounds: int = 0
    kills: int = 0
    seconds: float = 0
    without: str = ""
    seed: int = 1
    blows: Sequence[str] = ()
    cast: Mapping[str, int] = CAST


@attrs.frozen(kw_only=True)
class Report:
    """What was done and what came of it."""

    hits: Mapping[str, int]
    kills: int
    findings: Findings
    seconds: float


def run(plan: Plan, pool: Pool, directory: Path, broker: StormyBroker | None = None) -> Report:
    """Let the storm rage."""
    began = time.monotonic()
    options: dict[str, object] = {**_NO_BROKER} if broker is None else {**_WITH_BROKER, "servers": broker.servers}
    if plan.without == LEASE:
        options["lease"] = _LONG  # nobody waits for its end; until then what a relay settles is its own
    with open_way(directory, pool, USERS, without=plan.without, **options) as way:
        observer = way.process()
        observer.call("enrol", users=USERS)
        chance = random.Random(plan.seed)  # noqa: S311 - which blow falls when
        storm = Storm(
            way=way,
            observer=observer,
            broker=broker,
            chance=chance,
            pace=_PACE if broker is None else _KAFKA_PACE,
            cast=plan.cast,
        )
        storm.begin()
        blows = sorted(plan.blows or storm.blows)
        for done in count():
            if done >= plan.rounds and storm.kills >= plan.kills and time.monotonic() - began >= plan.seconds:
                break
            for name in chance.sample(blows, len(blows)):
                storm.strike(name)
        finished = storm.calm()
        findings = find(way, observer, finished=finished)
        return Report(hits=storm.hits, kills=storm.kills, findings=findings, seconds=time.monotonic() - began)


@contextmanager
def open_broker(bus: str, directory: Path) -> Iterator[Broker | None]:
    """Start Kafka, if it is asked for."""
    if bus != "kafka":
        yield None
        return
    own = directory / "kafka"
    own.mkdir()
    broker = Broker(own, prepare())
    try:
        broker.start()
        broker.wait_until_answering()
        yield broker
    finally:
        broker.close()


def tell(report: Report) -> None:
    """Print hits and violations."""
    out, findings = sys.stdout, report.findings
    for name, number in sorted(report.hits.items()):
        out.write(f"{number:>6}  {name}\n")
    out.write(f"{report.kills:>6}  processes killed in {report.seconds:.0f} s\n")
    out.write(f"{findings.appended:>6}  changes appended\n")
    out.write(f"{findings.on_the_log:>6}  messages on the log\n")
    out.write(f"{findings.effects:>6}  effects\n")
    for name, number in findings.wrong.items():
        out.write(f"{number:>6}  WRONG: {name}\n")
    out.write("" if findings.wrong else "        nothing lost, nothing done twice, every order kept\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print figures; return how many kinds of wrong were seen (0 = the promises were kept)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bus", choices=["embedded", "kafka"], default="embedded")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--without", choices=PROTECTIONS, default="")
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args(arguments)
    kills = told.kills if told.kills or told.minutes else 20
    plan = Plan(kills=kills, seconds=told.minutes * 60, without=told.without, seed=told.seed)
    pool = Pool(KAFKA if told.bus == "kafka" else EMBEDDED)
    with tempfile.TemporaryDirectory() as name, open_broker(told.bus, Path(name)) as broker:
        try:
            report = run(plan, pool, Path(name), broker)
        finally:
            pool.end()
    tell(report)
    return len(report.findings.wrong)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
