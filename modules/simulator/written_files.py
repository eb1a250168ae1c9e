"""Files for other programs: `.env.simulator` and one enrolment file for each person."""

import errno
from pathlib import Path

from modules.simulator.opening import WRITTEN_BY, env_text
from modules.simulator.replacing import replace_file
from modules.simulator.schema import Opening

ENV_FILE, ACCOUNTS = ".env.simulator", "accounts"


def write_files(opening: Opening, directory: Path) -> tuple[Path, ...]:
    """Write all files of the opening, readable for their owner only; those of an earlier simulator are replaced.

    Raises: FileExistsError if one of the names is taken by a file that a simulator did not write; nothing is written
    then. OSError if the directory cannot be written.
    """
    texts = {directory / ENV_FILE: env_text(opening)}
    texts |= {directory / ACCOUNTS / f"{each.user_id}.yaml": each.text for each in opening.enrolments}
    for path in texts:
        _refuse_others(path)
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text.encode())
    return tuple(texts)


def _refuse_others(path: Path) -> None:
    heading = f"{WRITTEN_BY}\n".encode()
    try:
        ours = not path.is_symlink() and path.read_bytes().startswith(heading)
    except FileNotFoundError:
        return
    if not ours:
        raise FileExistsError(errno.EEXIST, "is not one of the simulator's", str(path))
