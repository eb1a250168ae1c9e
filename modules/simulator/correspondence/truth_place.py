"""Where the truths are written, and what must not be overwritten there."""

import errno
from pathlib import Path
from typing import Final

TRUTH_FILE: Final = "truth.json"
WRITTEN_BY: Final = '{"written_by": "iacsgraph simulator"'


def refuse_other(directory: Path) -> None:
    """Raises: FileExistsError if the name is taken by what no simulator wrote; OSError if that cannot be seen."""
    path = directory / TRUTH_FILE
    try:
        ours = not path.is_symlink() and path.read_bytes().startswith(WRITTEN_BY.encode())
    except FileNotFoundError:
        return
    if not ours:
        raise FileExistsError(errno.EEXIST, "is not one of the simulator's", str(path))
