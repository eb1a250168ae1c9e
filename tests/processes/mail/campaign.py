"""Kills processes that do what `iacsgraph up` does, and counts what was lost, doubled or invented on the way of mail.

    python -m tests.processes.mail.campaign [--kills 20 | --minutes 1] [--seed 1]
                                            [--without cursor|revision|verification|event|lease|mark]

Two of them share a database. Mail comes to the mailboxes of a local Microsoft 365 and is filed, changed, deleted and
fetched back all the while; requests are throttled, fail, and are answered with garbage, cursors are forgotten, tokens
expire, a grant is revoked and given anew. Each round kills a process in each of the named windows, and one at any
moment. When the storm is over everything must be as the mailboxes say, and told once. `--without` switches one
protection off, and the campaign must notice it.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path

import attrs

from tests.processes.driver import Pool
from tests.processes.events.way import open_way
from tests.processes.mail.findings import Findings, judge
from tests.processes.mail.session import PROTECTIONS
from tests.processes.mail.stage import PEOPLE, open_stage
from tests.processes.mail.storm import REVOKED, Storm
from tests.processes.mail.traces import collect

WORKER = "tests.processes.mail.worker"
"""A program for a `Pool`."""


@attrs.frozen(kw_only=True)
class Plan:
    """Rounds of blows, all unless some are named; so many, or until so many were killed and so many seconds passed.

    `mails` is what each mailbox begins with. `spare` processes wait, started, to take the places of those killed first.
    """

    rounds: int = 0
    kills: int = 0
    seconds: float = 0
    without: str = ""
    seed: int = 1
    blows: Sequence[str] = ()
    cast: int = 2
    mails: int = 120
    people: int = PEOPLE
    mishaps: bool = True
    spare: int = 0


@attrs.frozen(kw_only=True)
class Report:
    """What was done and what came of it."""

    hits: Mapping[str, int]
    kills: int
    findings: Findings
    seconds: float


def run(plan: Plan, pool: Pool, directory: Path, heard: Callable[[Storm], object] | None = None) -> Report:
    """Let the storm rage; `heard` is called after each round."""
    began = time.monotonic()
    office, data = directory / "office", directory / "data"
    office.mkdir()
    data.mkdir(mode=0o700)
    waiting = [pool.take() for _ in range(plan.spare)]  # they start while the stage is made ready
    with (
        open_stage(office, data / "iacsgraph.db", mails=plan.mails, seed=plan.seed, people=plan.people) as stage,
        open_way(directory, pool, (), variables=stage.variables, without=plan.without) as way,
    ):
        chance = random.Random(plan.seed)  # noqa: S311 - which blow falls when
        storm = Storm(way=way, stage=stage, chance=chance, cast=plan.cast, mishaps=plan.mishaps)
        for worker in waiting:
            pool.give_back(worker)
        storm.begin()
        for done in count():
            if done >= plan.rounds and storm.kills >= plan.kills and time.monotonic() - began >= plan.seconds:
                break
            for name in chance.sample(blows := _blows(plan, storm, done), len(blows)):
                storm.strike(name)
            storm.expiry = plan.mishaps
            if heard is not None:
                heard(storm)
        finished = storm.calm()
        findings = judge(collect(stage, way, finished=finished))
        return Report(hits=storm.hits, kills=storm.kills, findings=findings, seconds=time.monotonic() - began)


def _blows(plan: Plan, storm: Storm, done: int) -> list[str]:
    if plan.blows:
        return sorted(plan.blows)
    return [name for name in sorted(storm.blows) if name != REVOKED or not done]


def tell(report: Report) -> None:
    """Print hits and violations."""
    out, findings = sys.stdout, report.findings
    for name, number in sorted(report.hits.items()):
        out.write(f"{number:>6}  {name}\n")
    out.write(f"{report.kills:>6}  processes killed in {report.seconds:.0f} s\n")
    for field in attrs.fields(Findings):
        if field.name != "wrong":
            out.write(f"{getattr(findings, field.name):>6}  {field.name}\n")
    for name, number in findings.wrong.items():
        out.write(f"{number:>6}  WRONG: {name}\n")
    out.write("" if findings.wrong else "        everything is as the mailboxes say, and told once\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print figures; return how many kinds of wrong were seen (0 = the promises were kept)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--without", choices=PROTECTIONS, default="")
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args(arguments)
    kills = told.kills if told.kills or told.minutes else 20
    plan = Plan(kills=kills, seconds=told.minutes * 60, without=told.without, seed=told.seed)
    pool = Pool(WORKER)
    with tempfile.TemporaryDirectory() as name:
        try:
            report = run(plan, pool, Path(name), lambda storm: sys.stderr.write(f"{storm.kills} killed\n"))
        finally:
            pool.end()
    tell(report)
    return len(report.findings.wrong)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
