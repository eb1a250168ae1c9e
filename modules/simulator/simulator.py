"""What a test or a demonstration holds in hand: addresses, state, and verbs."""

from pathlib import Path

import attrs

from modules.simulator.clock import Clock
from modules.simulator.directory import Directory
from modules.simulator.faults import Faults
from modules.simulator.mail.mailboxes import Mailboxes
from modules.simulator.people import User
from modules.simulator.request_log import RequestLog
from modules.simulator.signing import Signing
from modules.simulator.switches import Switches
from modules.simulator.world import World


@attrs.frozen(kw_only=True)
class Simulator:
    """A running simulator. `https_url` and `ca_file` are None without TLS. Verbs raise KeyError for unknown people."""

    http_url: str
    https_url: str | None
    ca_file: Path | None
    world: World = attrs.field(repr=False)
    mail: Mailboxes = attrs.field(repr=False)

    @property
    def directory(self) -> Directory:
        return self.world.directory

    @property
    def faults(self) -> Faults:
        return self.world.faults

    @property
    def clock(self) -> Clock:
        return self.world.clock

    @property
    def requests(self) -> RequestLog:
        return self.world.requests

    @property
    def signing(self) -> Signing:
        return self.world.signing

    @property
    def switches(self) -> Switches:
        return self.world.switches

    def revoke_sessions(self, upn: str | int) -> None:
        """End the person's sessions and grants, as `revokeSignInSessions` or an administrator does."""
        self._user(upn).revoke(self.clock.seconds())

    def disable(self, upn: str | int) -> None:
        self._user(upn).enabled = False

    def enable(self, upn: str | int) -> None:
        self._user(upn).enabled = True

    def require_mfa(self, upn: str | int, *, required: bool = True) -> None:
        """Grants from sign-ins without a second proof are refused from now on (50076)."""
        self._user(upn).mfa = required

    def block(self, upn: str | int, *, blocked: bool = True) -> None:
        """A policy blocks the person (53003)."""
        self._user(upn).blocked = blocked

    def change_password(self, upn: str | int, password: str) -> None:
        """The person changes it: grants of public clients end, those of confidential ones do not."""
        user = self._user(upn)
        user.password = password
        user.passwords_of += 1

    def reset_password(self, upn: str | int, password: str) -> None:
        """An administrator sets it: all grants end."""
        self.change_password(upn, password)
        self.revoke_sessions(upn)

    def _user(self, upn: str | int) -> User:
        return self.directory.user(upn)
