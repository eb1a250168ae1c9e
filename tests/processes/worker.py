"""One real process that refreshes tokens, signs in and changes accounts as it is told: `tests.processes.commands`.

`python -m tests.processes.worker`
"""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from tests.fakes.shared_watched_store import Say
from tests.processes.commands import follow
from tests.processes.session import Options, Session, open_session
from tests.processes.windows import Windows


def opened(told: Mapping[str, Any], windows: Windows, say: Say) -> AbstractAsyncContextManager[Session]:
    """Open a session with these options."""
    return open_session(Options(**told), windows, say)


if __name__ == "__main__":
    asyncio.run(follow(opened))
