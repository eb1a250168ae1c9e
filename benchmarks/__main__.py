"""`python -m benchmarks [NAME...]`: measure, print, and on request write the tables of the documentation."""

import asyncio
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import cattrs.preconf.json
import click
from rich.console import Console

from benchmarks.harness.plan import Size
from benchmarks.harness.rounds import Outcome, measure
from benchmarks.harness.telling import show, update
from benchmarks.registry import NAMES, load

_DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "performance.md"
_CONVERTER: Final = cattrs.preconf.json.make_converter()


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES), metavar="[NAME]...")
@click.option("--rounds", type=click.IntRange(min=2), help="How often all contenders take their turn (7, tiny: 2).")
@click.option("--tiny", is_flag=True, help="Only show that they run: so little work that the numbers mean nothing.")
@click.option("--update-docs", is_flag=True, help="Write what came out into docs/performance.md.")
@click.option("--list", "is_list", is_flag=True, help="Tell the names, and what each measures.")
@click.option("--outcome", type=click.Path(path_type=Path), hidden=True)  # of a child: it measures here
def main(
    names: tuple[str, ...],
    rounds: int | None,
    tiny: bool,  # noqa: FBT001 - click gives it by name
    update_docs: bool,  # noqa: FBT001 - as tiny
    is_list: bool,  # noqa: FBT001 - as tiny
    outcome: Path | None,
) -> None:
    """Measure this project beside its peers and its floor. Exit code 1: a number falls short of what it shall reach."""
    if is_list:
        for name in NAMES:
            click.echo(f"{name:<18} {load(name).title}")
        return
    if tiny and update_docs:
        raise click.UsageError("Numbers of --tiny mean nothing: they are not written into the documentation.")
    size, times = Size(tiny=tiny), rounds or (2 if tiny else 7)
    if outcome is not None:
        logging.getLogger().addHandler(logging.NullHandler())  # what goes wrong on purpose is told to nobody
        came_out = asyncio.run(measure(load(names[0]), size, times))
        outcome.write_text(_CONVERTER.dumps(came_out), encoding="utf-8")
        return
    outcomes = [_in_child(name, size, times) for name in names or NAMES]
    if update_docs:
        update(_DOCUMENT, outcomes)
    if not tiny and not all(line.holds for each in outcomes for line in each.lines):
        sys.exit(1)


def _in_child(name: str, size: Size, rounds: int) -> Outcome:
    """Measure one benchmark in a fresh process, and print what came out."""
    click.echo(f"{name} ...", err=True)
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory) / "outcome.json"
        command = [sys.executable, "-m", "benchmarks", name, "--rounds", str(rounds), "--outcome", str(place)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([*command, *["--tiny"] * size.tiny], env=environment, check=False)
        if done.returncode != 0:
            raise click.ClickException(f"{name} ended with exit code {done.returncode}")
        found = _CONVERTER.loads(place.read_text(encoding="utf-8"), Outcome)
    show([found], Console(), judged=not size.tiny)
    return found


if __name__ == "__main__":
    main()
