"""All mailboxes of one simulator."""

from modules.simulator.clock import Clock
from modules.simulator.directory import Directory
from modules.simulator.mail.conditions import Conditions
from modules.simulator.mail.limits import Limits
from modules.simulator.mail.mailbox import Mailbox
from modules.simulator.people import User
from modules.simulator.switches import Switches


class Mailboxes:
    """A mailbox for everybody, made empty when it is first asked for; its limits, and what is the matter with it."""

    def __init__(self, *, seed: int, directory: Directory, clock: Clock, switches: Switches) -> None:
        self._seed, self._directory, self._clock = seed, directory, clock
        self.limits = Limits(clock=clock, switches=switches, directory=directory)
        self.conditions = Conditions(clock=clock, switches=switches, directory=directory)
        self._by_owner: dict[str, Mailbox] = {}

    def mailbox(self, who: str | int | User) -> Mailbox:
        """By UPN, address or object id, or by number in the first tenant. Raises: KeyError."""
        user = who if isinstance(who, User) else self._directory.user(who)
        found = self._by_owner.get(user.object_id)
        if found is None:
            found = Mailbox(user, seed=self._seed, now=self._clock.now)
            self._by_owner[user.object_id] = found
        return found
