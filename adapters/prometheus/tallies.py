"""Counters: numbers that only grow, as long as the process lives."""

from collections.abc import Sequence
from typing import Final

import attrs
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

PREFIX: Final = "iacsgraph_"


@attrs.frozen(eq=False)
class Tally:
    """One counter; `labels` names what it is divided by. With 0 it is there from the beginning for the `known` values,
    and without labels: growth from nothing is none to Prometheus, and the first event would go unnoticed.

    Unlike the library's own it tells no time of creation, which would be a second series for each.
    """

    name: str
    meaning: str
    labels: Sequence[str] = ()
    known: Sequence[str] = attrs.field(default=(), kw_only=True)
    """Values of the one label."""
    _counts: dict[tuple[str, ...], float] = attrs.field(init=False, repr=False)

    @_counts.default
    def _nothing(self) -> dict[tuple[str, ...], float]:
        return {(value,): 0.0 for value in self.known} if self.labels else {(): 0.0}

    def add(self, *values: str, amount: float = 1) -> None:
        """Count; one value for each label."""
        key = tuple(map(readable, values))
        self._counts[key] = self._counts.get(key, 0.0) + amount

    def expect(self, *values: str) -> None:
        """Show these from now on, one value for each label: with 0, unless they were counted."""
        self._counts.setdefault(tuple(map(readable, values)), 0.0)

    def family(self) -> Metric:
        """Return it as the library writes it."""
        family = CounterMetricFamily(PREFIX + self.name, self.meaning, labels=self.labels)
        for values, count in self._counts.items():
            family.add_metric(values, count)
        return family


def readable(text: str) -> str:
    """Return the text as it can be written as UTF-8: without halves of surrogate pairs."""
    return text.encode(errors="replace").decode()
