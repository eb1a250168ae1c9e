"""All benchmarks by name, loaded one at a time: what one needs is not in the process of another."""

from importlib import import_module
from typing import Final

from benchmarks.harness.plan import Benchmark

NAMES: Final = (
    "token-seen",
    "token-first-read",
    "token-callers",
    "refresh-one",
    "refresh-many",
    "key-rotation",
    "mail-store",
    "mail-processing",
    "graph-page",
    "relay-kafka",
    "relay-embedded",
    "agenda-codes",
    "full-run",
    "start-up",
)


def load(name: str) -> Benchmark:
    """Return `BENCHMARK` of the module of that name."""
    found = import_module(f"benchmarks.{name.replace('-', '_')}").BENCHMARK
    if not isinstance(found, Benchmark) or found.name != name:
        raise TypeError(f"benchmarks/{name.replace('-', '_')}.py: BENCHMARK must be the benchmark {name!r}")
    return found
