"""Where a client is in the changes of a folder: what the opaque tokens of delta links hold."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

import attrs

from modules.simulator.mail.ordering import Position

Place = Position | int | None
"""The last thing told: in a first round by its time (None: nothing yet), in later ones by the count of changes."""

_SEAL_SIZE: Final = 9


@attrs.frozen(kw_only=True)
class Cursor:
    """`options`: of the first call. `since`: what changed up to here is known; None: nothing is.

    `target`: a round tells of changes up to here; None: it has not begun. `place`, `before`: where its next page
    begins, and where the one before did. `low`: the oldest message of a first round that is limited. `paused`: the page
    before was empty on purpose.
    """

    folder_id: str
    generation: int
    options: Mapping[str, str]
    since: int | None = None
    target: int | None = None
    place: Place = None
    before: Place = None
    low: Position | None = None
    paused: bool = False


def token_of(cursor: Cursor, key: bytes) -> str:
    """The cursor as an opaque text, sealed with the mailbox's key."""
    raw = json.dumps({**attrs.asdict(cursor), **_plain(cursor)}, separators=(",", ":")).encode()
    return urlsafe_b64encode(_seal(raw, key) + raw).decode()


def _plain(cursor: Cursor) -> dict[str, Any]:
    places = {"place": cursor.place, "before": cursor.before, "low": cursor.low}
    return {name: [each[0].isoformat(), each[1]] for name, each in places.items() if isinstance(each, tuple)}


def cursor_of(token: str, key: bytes) -> Cursor | None:
    """None for a text that the mailbox never gave out."""
    try:
        sealed = urlsafe_b64decode(token.encode())
    except ValueError:
        return None
    raw = sealed[_SEAL_SIZE:]
    if _seal(raw, key) != sealed[:_SEAL_SIZE]:
        return None
    fields = json.loads(raw)
    places = {name: _place(fields[name]) for name in ("place", "before", "low")}
    return Cursor(**{**fields, **places})


def _place(found: Any) -> Any:  # noqa: ANN401 - JSON
    return (datetime.fromisoformat(found[0]), found[1]) if isinstance(found, list) else found


def _seal(raw: bytes, key: bytes) -> bytes:
    return blake2b(raw, key=key, digest_size=_SEAL_SIZE).digest()
