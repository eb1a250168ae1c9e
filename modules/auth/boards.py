"""Two boards for `auth login`: lines for logs and pipes, a table that is drawn anew on a terminal."""

from typing import TextIO

import attrs
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from modules.runtime.log_lines import escape


@attrs.frozen
class LineBoard:
    """A line for each thing that happens."""

    stream: TextIO

    def address(self, user_id: str, url: str) -> None:
        """Print the address whole, so that it can be copied."""
        self._say(user_id, f"open {url}")

    def code(self, user_id: str, address: str, user_code: str) -> None:
        """Print both."""
        self._say(user_id, f"open {address} and enter the code {user_code}")

    def state(self, user_id: str, text: str) -> None:
        """Print it."""
        self._say(user_id, text)

    def _say(self, user_id: str, text: str) -> None:
        self.stream.write(f"{escape(user_id)}: {escape(text)}\n")
        self.stream.flush()


@attrs.define
class LiveBoard:
    """One row per account; addresses and codes stand above it, unbroken, for copying."""

    console: Console
    rows: dict[str, str] = attrs.field(factory=dict, init=False)
    live: Live = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the table that `live` draws; the caller enters it."""
        self.live = Live(console=self.console, refresh_per_second=8, transient=True)

    def address(self, user_id: str, url: str) -> None:
        """Print above the table."""
        self.console.print(Text(f"{user_id}: open {url}"), soft_wrap=True)

    def code(self, user_id: str, address: str, user_code: str) -> None:
        """Print above the table."""
        self.console.print(Text(f"{user_id}: open {address} and enter the code {user_code}"), soft_wrap=True)

    def state(self, user_id: str, text: str) -> None:
        """Draw the table anew."""
        self.rows[user_id] = text
        table = Table()
        for name in ("user", "sign-in"):
            table.add_column(Text(name))
        for user, state in self.rows.items():
            table.add_row(Text(user), Text(state))
        self.live.update(table)
