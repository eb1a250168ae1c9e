"""The mail of a running simulator: there when it begins, and more of it as long as it runs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import attrs

from modules.simulator.correspondence.filling import Filled, address_of, fill
from modules.simulator.correspondence.generator import Correspondence
from modules.simulator.correspondence.live import Arrival, Live
from modules.simulator.correspondence.truth_file import append_truth, write_truths
from modules.simulator.correspondence.truth_place import TRUTH_FILE
from modules.simulator.settings import SimulatorSettings
from modules.simulator.simulator import Simulator


@attrs.frozen(kw_only=True)
class Office:
    """`chairs`: the addresses of the panels' chairs. `truth`: the file of truths, if there is one."""

    chairs: tuple[str, ...]
    filled: Filled
    live: Live
    truth: Path | None


@asynccontextmanager
async def open_office(
    simulator: Simulator,
    settings: SimulatorSettings,
    directory: Path | None = None,
    *,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> AsyncIterator[Office]:
    """Fill the mailboxes of the first tenant's people; as long as the block runs, mail arrives at the rate that is set.

    With a directory, the truths are written to a file there, and those of what arrives are added.
    Raises: OSError if it cannot be written.
    """
    mailboxes = [simulator.mail.mailbox(user) for user in simulator.directory.users]
    truth = directory / TRUTH_FILE if directory else None
    owners = [address_of(each.user) for each in mailboxes]
    world = Correspondence(settings.seed, owners=owners, until=simulator.clock.now())
    filled = fill(world, mailboxes, settings.mails)
    if truth:
        write_truths(truth, settings.seed, world.cast.chair_addresses, filled.truths)

    def note(arrival: Arrival) -> None:
        if truth:
            append_truth(truth, arrival.mailbox.user.mail, arrival.truth)

    live = Live(world, mailboxes, turns=filled.turns, now=simulator.clock.now, told=note)
    office = Office(chairs=world.cast.chair_addresses, filled=filled, live=live, truth=truth)
    if not settings.live:
        yield office
        return
    try:
        async with asyncio.TaskGroup() as group:
            going_on = group.create_task(live.run(settings.live, sleep))
            yield office
            going_on.cancel()
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
