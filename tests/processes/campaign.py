"""Kills and stops holders of a lease in named windows, and counts what was lost or done twice.

    python -m tests.processes.campaign [--hits 20] [--at-once 4] [--store fenced|unfenced|unleased] [--strict]

`fenced` is the product; the other stores have the protection switched off (tests/fakes/shared_unfenced_store.py), and
the campaign must notice it. `--strict` is a provider that revokes the whole grant when an old refresh token is used
again (RFC 9700 section 4.14.2; Entra ID does not): it tells what no client can keep. A hit counts only if the blow fell
while the lease was alive; on a slow machine it is repeated.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs

from tests.fakes.shared_provider import AFTER_ANSWER, BEFORE_ANSWER
from tests.fakes.shared_watched_store import AFTER_COMMIT
from tests.processes.driver import Pool, WorkerProcess
from tests.processes.world import LONG_AGO, World, open_world

STOPPED = "stopped"
"""SIGSTOP with the answer in hand, SIGCONT when somebody else has refreshed."""

REFRESHES: Mapping[str, int] = {BEFORE_ANSWER: 2, AFTER_ANSWER: 2, AFTER_COMMIT: 1, STOPPED: 2}
"""How often the provider is asked: what was asked for and not stored must be asked for again, no more."""

LEASE = 1.5
"""Seconds; long enough to reach a window, short enough to wait for its end."""

ROUNDING = 0.001
"""Seconds by which moments that were told as floating-point numbers may differ."""

USER = "alice"
TRIES = 20


@attrs.frozen(kw_only=True)
class Plan:
    """One kind of hit."""

    window: str
    store: str = "fenced"
    strict: bool = False


def hit(world: World, plan: Plan) -> list[str] | None:
    """Return what went wrong; None if the machine was too slow for the hit to mean anything."""
    world.provider.configure(strict=plan.strict)
    holder, successor = world.processes(2, store=plan.store, lease=LEASE)
    successor.call("enrol", users=[USER], age=LONG_AGO)
    wrong = stop(holder, successor) if plan.window == STOPPED else kill(world, plan.window, holder, successor)
    if wrong is None:
        return None
    calls, expected = world.provider.calls("refresh", USER), REFRESHES[plan.window]
    if calls != expected:
        wrong.append(f"the provider was asked {calls} times, not {expected}")
    if successor.call("stored", user=USER) != world.provider.newest(USER):
        wrong.append("an older token is stored than was issued last")
    if successor.call("refresh", user=USER).startswith("!"):
        wrong.append("the grant is lost")
    return wrong


def kill(world: World, window: str, holder: WorkerProcess, successor: WorkerProcess) -> list[str] | None:
    """Kill -9 the holder in the window while the other process waits for it."""
    holder.call("hold", window=BEFORE_ANSWER, user=USER)
    holder.send("get", user=USER)
    holder.hear("reached", window=BEFORE_ANSWER)
    waiting = successor.send("get", user=USER)
    successor.hear_any({"note": "waiting"}, {"note": "committed"})
    wrong = ["two were asking at a time"] if world.provider.calls("refresh", USER) > 1 else []
    if window != BEFORE_ANSWER:
        holder.call("hold", window=window, user=USER)
        holder.call("let_go", window=BEFORE_ANSWER, user=USER)
        holder.hear("reached", window=window)
    in_time = time.time() < holder.hear("leased")["until"]
    world.kill(holder)
    return wrong + refused(successor.answer(waiting)) if in_time else None


def stop(holder: WorkerProcess, successor: WorkerProcess) -> list[str]:
    """Stop the holder with the answer in its hand until the other process has refreshed."""
    holder.call("hold", window=AFTER_ANSWER, user=USER)
    late = holder.send("get", user=USER)
    holder.hear("reached", window=AFTER_ANSWER)
    holder.stop()
    prompt = successor.call("get", user=USER)
    taken_over_at = successor.hear("leased")["until"] - LEASE
    wrong = ["two were asking at a time"] if taken_over_at < holder.hear("leased")["until"] - ROUNDING else []
    holder.send("let_go", window=AFTER_ANSWER, user=USER)
    holder.go_on()
    belated = holder.answer(late)
    if prompt != belated:
        wrong.append("the late holder's caller got another token")
    return [*wrong, *refused(prompt), *refused(belated)]


def refused(outcomes: Mapping[str, int]) -> list[str]:
    """Return a complaint if callers were refused."""
    return [f"a caller was told {outcome}" for outcome in outcomes if outcome.startswith("!")]


def count(plan: Plan, pool: Pool) -> list[str]:
    """Hit once, as often as it takes to hit in time, each time in a new world."""
    for _ in range(TRIES):
        with tempfile.TemporaryDirectory() as directory, open_world(Path(directory), pool) as world:
            wrong = hit(world, plan)
        if wrong is not None:
            return wrong
    msg = f"The machine is too slow to hit {plan.window} within a lease of {LEASE} s."
    raise AssertionError(msg)


def run(plans: Sequence[Plan], pool: Pool, at_once: int) -> list[tuple[Plan, list[str]]]:
    """Carry out the plans, several side by side."""
    with ThreadPoolExecutor(at_once) as threads:
        return list(zip(plans, threads.map(lambda plan: count(plan, pool), plans), strict=True))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table; return how many kinds of wrong were seen (0 = the promises were kept)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hits", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--store", choices=["fenced", "unfenced", "unleased"], default="fenced")
    parser.add_argument("--strict", action="store_true")
    told = parser.parse_args(arguments)
    plans = [
        Plan(window=window, store=told.store, strict=told.strict) for window in REFRESHES for _ in range(told.hits)
    ]
    pool = Pool()
    try:
        results = run(plans, pool, told.at_once)
    finally:
        pool.end()
    return report(results)


def report(results: Sequence[tuple[Plan, list[str]]]) -> int:
    """Print hits and violations per window."""
    out, bad = sys.stdout, 0
    out.write(f"{'window':<15} {'hits':>4} {'with a violation':>17}   violations\n")
    for window in REFRESHES:
        hits = [wrong for plan, wrong in results if plan.window == window]
        kinds = Counter(complaint for wrong in hits for complaint in wrong)
        told = "; ".join(f"{number} x {complaint}" for complaint, number in kinds.most_common()) or "none"
        out.write(f"{window:<15} {len(hits):>4} {sum(map(bool, hits)):>17}   {told}\n")
        bad += len(kinds)
    return bad


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
