"""One real process that does what `iacsgraph up` does, as it is told: `tests.processes.commands`.

`python -m tests.processes.mail.worker`
"""

import asyncio

from tests.processes.commands import follow
from tests.processes.mail.session import opened

if __name__ == "__main__":
    asyncio.run(follow(opened))
