"""A simulator in a process of its own, led by the program that starts it: `python -m modules.simulator.led ORDERS`.

Its work is a processor's: in the leader's event loop it would hold up what it is to be a world for. It tells where it
is by one line of JSON on standard output, and answers each line on standard input with another one. When standard
input ends, however the leader ended, so does this process, at once and whatever it is doing.
"""

import asyncio
import json
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs

from modules.simulator.compose import compose
from modules.simulator.correspondence.office import Office, open_office
from modules.simulator.correspondence.truth import Truth
from modules.simulator.correspondence.truth_file import as_plain
from modules.simulator.mail.content import Draft
from modules.simulator.mail.html_text import text_of_html
from modules.simulator.mail.mailbox import Folder, Mailbox, Message
from modules.simulator.mail.rendering import preview, web_link
from modules.simulator.opening import describe
from modules.simulator.replacing import replace_file
from modules.simulator.schema import Orders, make_converter, read_orders
from modules.simulator.settings import SimulatorSettings
from modules.simulator.simulator import Simulator
from modules.simulator.written_files import write_files

KNOWN_FILE = "known.json"
"""What is in the mailboxes when it begins, message by message, with what is true about each."""

_DEVICE_INTERVAL = 1
_LARGEST_BODY_BYTES = 64 * 1024
"""As much of a body's text, in UTF-8, is told in an event."""


def main() -> None:
    """Run until standard input ends."""
    asyncio.run(_run(read_orders(sys.argv[1])))


async def _run(orders: Orders) -> None:
    wishes = _listen(asyncio.get_running_loop())
    async with _opened(orders) as (simulator, office):
        opening = attrs.evolve(describe(simulator, control=False), files=())
        files = write_files(opening, Path(orders.directory))
        known = Path(orders.directory) / KNOWN_FILE
        replace_file(known, json.dumps(_known(simulator, office), ensure_ascii=False).encode())
        document = make_converter().unstructure(attrs.evolve(opening, files=(*files, known)))
        _tell({**document, "chairs": list(office.chairs)})
        async with asyncio.TaskGroup() as group:
            while True:
                _tell(_obey(json.loads(await wishes.get()), simulator, office, group))


@asynccontextmanager
async def _opened(orders: Orders) -> AsyncIterator[tuple[Simulator, Office]]:
    settings = SimulatorSettings(
        mails=orders.mails,
        seed=orders.seed,
        users=orders.users,
        token_lifetime=timedelta(seconds=orders.token_lifetime),
        control=False,
    )
    async with compose(settings) as simulator, open_office(simulator, settings) as office:
        simulator.switches.device_interval = _DEVICE_INTERVAL
        yield simulator, office


def _listen(loop: asyncio.AbstractEventLoop) -> "asyncio.Queue[bytes]":
    """Hear the leader in a thread: the event loop may be at work when the leader ends."""
    wishes: asyncio.Queue[bytes] = asyncio.Queue()

    def listen() -> None:
        with os.fdopen(
            sys.stdin.fileno(), "rb", buffering=0, closefd=False
        ) as unbuffered:  # whose lock nobody waits for
            for line in unbuffered:
                loop.call_soon_threadsafe(wishes.put_nowait, line)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    return wishes


def _obey(wish: Any, simulator: Simulator, office: Office, group: asyncio.TaskGroup) -> object:  # noqa: ANN401 - JSON
    """Do what is wished: `token_lifetime` in seconds, `live` mails in a minute, or tell of what was `issued`."""
    match wish:
        case {"token_lifetime": seconds}:
            simulator.switches.token_lifetime = timedelta(seconds=seconds)
        case {"live": per_minute}:
            group.create_task(office.live.run(per_minute, asyncio.sleep))
        case {"issued": True}:
            return _issued(simulator)
        case _:
            raise ValueError("there is no such wish")
    return {}


def _issued(simulator: Simulator) -> dict[str, object]:
    grants = simulator.world.grants
    refreshes = [each for each in simulator.requests.of("token") if each.form.get("grant_type") == "refresh_token"]
    return {
        "refreshes": len(refreshes),
        "requests": len(simulator.requests),
        "tokens": [*grants.codes, *grants.refresh_tokens, *grants.access_tokens, *grants.devices],
    }


def _known(simulator: Simulator, office: Office) -> list[dict[str, object]]:
    known: list[dict[str, object]] = []
    for user in simulator.directory.users:
        mailbox = simulator.mail.mailbox(user)
        truths = {each.internet_message_id: each for each in office.filled.truths[user.mail]}
        known += [
            _described(mailbox, message, truths[message.draft.internet_message_id])
            for message in mailbox.all_messages.newest_first
        ]
    return known


def _described(mailbox: Mailbox, message: Message, truth: Truth) -> dict[str, object]:
    draft = message.draft
    return {
        "mailbox": mailbox.user.upn,
        "id": message.immutable_id,
        "within": _within(message.folder),
        "subject": message.subject,
        "sender": (draft.sender.name or draft.sender.address) if draft.sender else None,
        "sender_address": draft.sender.address if draft.sender else None,
        "sent_time": _text(draft.sent_at),
        "received_time": _text(draft.received_at),
        "has_attachments": message.has_attachments,
        "web_link": web_link(message.immutable_id),
        "has_body": bool(preview(message).strip()),
        "body_truncated": _is_large(draft.body) and _is_large(_text_of(draft)),
        "truth": as_plain(truth),
    }


def _text_of(draft: Draft) -> str:
    return text_of_html(draft.body) if draft.body_type == "html" else draft.body


def _is_large(text: str) -> bool:
    return len(text.encode(errors="replace")) > _LARGEST_BODY_BYTES


def _within(folder: Folder) -> list[str]:
    """Return the folder's well-known name, or its own, and those of the folders around it."""
    names, around = [], folder
    while True:
        names.append(around.well_known or around.name)
        if around.parent is None:
            return names
        around = around.parent


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _tell(document: object) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=True) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
