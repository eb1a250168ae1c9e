"""The exit codes that no error class has: see `exit_codes` for all of them."""

from typing import Final

FAILURE: Final = 1
TEMPORARY: Final = 5
DEFECT: Final = 70
INTERRUPTED: Final = 130
OUTPUT_CLOSED: Final = 141
TERMINATED: Final = 143
