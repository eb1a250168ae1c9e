"""The truths as a file: a line about the simulator, then one line of JSON for each mail of each mailbox."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

import attrs

from modules.simulator.correspondence.truth import Truth
from modules.simulator.correspondence.truth_place import WRITTEN_BY
from modules.simulator.replacing import replace_file

_NAMES: Final = tuple(each.name for each in attrs.fields(Truth))


def write_truths(path: Path, seed: int, chairs: Sequence[str], truths: dict[str, list[Truth]]) -> None:
    """Write all truths, by mailbox; the file is for its owner alone. Raises: OSError."""
    heading = f'{WRITTEN_BY}, "seed": {seed}, "chairs": {json.dumps(chairs)}}}'
    lines = [heading, *(_line(mailbox, truth) for mailbox, all_ in truths.items() for truth in all_)]
    replace_file(path, "".join(f"{line}\n" for line in lines).encode())


def append_truth(path: Path, mailbox: str, truth: Truth) -> None:
    """Add the line of a mail that came later. Raises: OSError."""
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{_line(mailbox, truth)}\n")


def as_plain(truth: Truth) -> dict[str, object]:
    """Return the truth as JSON has it: dates as `2025-06-14`."""
    values = ((name, getattr(truth, name)) for name in _NAMES)
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values}


def _line(mailbox: str, truth: Truth) -> str:
    return json.dumps({"mailbox": mailbox, **as_plain(truth)}, ensure_ascii=False)
