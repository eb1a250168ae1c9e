"""Chance that follows from the seed and from what is being made, whatever else is made before it."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import TypeVar
from zlib import crc32

_T = TypeVar("_T")


class Dice(Random):
    """One sequence of chances; the same `parts` always give the same one."""

    def __init__(self, *parts: object) -> None:
        super().__init__("/".join(map(str, parts)))

    def pick(self, choices: Sequence[_T]) -> _T:
        return choices[int(self.random() * len(choices))]

    def falls(self, probability: float) -> bool:
        return self.random() < probability

    def number(self, below: int) -> int:
        return int(self.random() * below)

    def weighted(self, table: Sequence[tuple[float, _T]]) -> _T:
        """Pick by weights, which add up to 1."""
        left = self.random()
        for weight, choice in table:
            left -= weight
            if left < 0:
                return choice
        return table[-1][1]

    def hours(self, least: float, most: float) -> timedelta:
        """A time between these hours, in whole seconds."""
        return timedelta(seconds=int(3600 * (least + (most - least) * self.random())))

    def some(self, choices: Sequence[_T], number: int) -> list[_T]:
        """Pick so many different ones, in random order."""
        return self.sample(choices, min(number, len(choices)))


def luck(*parts: str) -> float:
    """A number from 0 up to 1 that these parts always have: cheaper than dice where one throw is enough."""
    return (crc32("/".join(parts).encode()) * 2_654_435_761 % 2**32) / 2**32
