"""Where things are in a mailbox: paths and query options, percent-encoded."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from adapters.graph.requests import Absent

MAILBOX_UNKNOWN: Final = Absent(error_code="MAILBOX_UNKNOWN", message="There is no such mailbox.")
FOLDER_UNKNOWN: Final = Absent(error_code="FOLDER_UNKNOWN", message="There is no such folder in the mailbox.")
MAIL_UNKNOWN: Final = Absent(error_code="MAIL_UNKNOWN", message="There is no such mail in the mailbox.")
ATTACHMENT_UNKNOWN: Final = Absent(error_code="ATTACHMENT_UNKNOWN", message="The mail has no such attachment.")


def path(*segments: str, options: Mapping[str, str] | None = None) -> str:
    """Return a path below the mailbox. Ids are any text: they hold `=`, and sometimes `/` and `+`."""
    place = "/".join(quote(segment, safe="$") for segment in segments)
    query = "&".join(f"{name}={quote(value, safe=',()')}" for name, value in (options or {}).items())
    return f"{place}?{query}" if query else place
