"""Whatever happens to a folder while its changes are read, a client that follows the links ends with what is there."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.simulator.mail.delta_cursor import Cursor, cursor_of, token_of
from modules.simulator.mail.delta_walk import Scope, begun, walk
from modules.simulator.mail.mailbox import Mailbox, Message
from tests.modules.simulator.mail.graph_client import IMMUTABLE, Client, a_mailbox
from tests.modules.simulator.mail.reading import draft

Event = tuple[str, int]
EVENTS = st.tuples(
    st.sampled_from(["deliver", "change", "leave", "return", "delete", "read", "read", "read"]), st.integers(0, 9)
)


def happen(mailbox: Mailbox, event: str, which: int) -> None:
    """Something to one of the messages that are in a position to have it happen."""
    there, away = mailbox.messages("inbox"), mailbox.messages("archive")
    if event == "deliver":
        mailbox.deliver(draft(f"subject {mailbox.revision}"))
    elif event == "return" and away:
        mailbox.move(away[which % len(away)], "inbox")
    elif event in {"change", "leave", "delete"} and there:
        message = there[which % len(there)]
        actions: dict[str, Callable[[], object]] = {
            "change": lambda: mailbox.change(message, subject=f"changed {mailbox.revision}"),
            "leave": lambda: mailbox.move(message, "archive"),
            "delete": lambda: mailbox.delete(message),
        }
        actions[event]()


def name_of(message: Message, *, immutable: bool) -> str:
    return message.immutable_id if immutable else message.id


@given(st.lists(EVENTS, max_size=60), st.integers(1, 4), st.booleans())
@settings(max_examples=150)
def test_a_replica_by_pages_ends_as_the_folder_is(events: list[Event], size: int, immutable: bool) -> None:  # noqa: FBT001 - drawn
    """The cursor goes through its token every time; a last round without events brings the rest."""
    mailbox = a_mailbox()
    inbox, scope, replica = mailbox.folder("inbox"), Scope(immutable=immutable), dict[str, str]()
    cursor = Cursor(folder_id=inbox.folder_id, generation=1, options={})

    def read(cursor: Cursor) -> Cursor:
        known = cursor_of(token_of(cursor, mailbox.key), mailbox.key)
        assert known == cursor
        now = begun(inbox, cursor, scope, mailbox.revision) if cursor.target is None else cursor
        step = walk(inbox, now, scope, now.place, size)
        for each in step.changes:
            if each.removed is None:
                assert each.whole or name_of(each.message, immutable=immutable) in replica
                replica[name_of(each.message, immutable=immutable)] = each.message.subject
            else:
                replica.pop(each.message.immutable_id if immutable else each.removed, None)
        if step.done:
            return Cursor(folder_id=inbox.folder_id, generation=1, options={}, since=now.target)
        return Cursor(**{**vars_of(now), "place": step.place, "before": now.place})

    for event, which in events:
        if event == "read":
            cursor = read(cursor)
        happen(mailbox, event, which)
    rounds = 0
    while rounds < 2:
        cursor = read(cursor)
        rounds += cursor.target is None
    assert replica == {name_of(each, immutable=immutable): each.subject for each in mailbox.messages("inbox")}


def test_what_a_limited_first_round_left_out_is_told_whole_when_it_changes() -> None:
    """A client that is told of changed properties only would never see the rest of it."""
    mailbox = a_mailbox()
    inbox = mailbox.folder("inbox")
    left_out, known = mailbox.deliver(draft("left out")), mailbox.deliver(draft("known"))
    cursor = Cursor(
        folder_id="", generation=1, options={}, since=mailbox.revision, target=mailbox.revision + 2, low=known.position
    )
    for message in (left_out, known):
        mailbox.change(message, is_read=True)
    changes = walk(inbox, cursor, Scope(), cursor.since, 9).changes
    assert [(each.message, each.kind, each.whole) for each in changes] == [
        (left_out, "updated", True),
        (known, "updated", False),
    ]


def vars_of(cursor: Cursor) -> dict[str, Any]:
    names = ("folder_id", "generation", "options", "since", "target", "low")
    return {name: getattr(cursor, name) for name in names}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("immutable", [False, True])
async def test_a_client_with_every_complication_ends_as_the_folder_is(
    client: Client, seed: int, *, immutable: bool
) -> None:
    """Replays, empty pages and partial updates at once, by any page size, with events between any two pages."""
    chance, mailbox = random.Random(seed), client.mailbox  # noqa: S311 - a reproducible choice
    switches = client.rig.simulator.switches
    switches.delta_replays = switches.delta_empty_pages = switches.delta_partial_updates = True
    replica: dict[str, dict[str, Any]] = {}
    link, prefer = "mailFolders/inbox/messages/delta", IMMUTABLE if immutable else ""
    rounds = 0
    while rounds < 12:
        page_size = f"odata.maxpagesize={chance.randint(1, 6)}"
        body = (await client.get(link, prefer=f"{prefer}, {page_size}" if prefer else page_size)).body
        for value in body["value"]:
            if "@removed" in value:
                replica.pop(value["id"], None)
            else:
                replica[value["id"]] = {**replica.get(value["id"], {}), **value}
        rounds += "@odata.deltaLink" in body
        link = body.get("@odata.nextLink") or body["@odata.deltaLink"]
        for _ in range(chance.randint(0, 4) if rounds < 10 else 0):
            happen(mailbox, chance.choice(["deliver", "change", "leave", "return", "delete"]), chance.randint(0, 9))
    there = {name_of(each, immutable=immutable): each for each in mailbox.messages("inbox")}
    assert set(replica) == set(there)
    assert all(replica[name]["subject"] == each.subject for name, each in there.items())
    assert all("body" in each and each["changeKey"] == there[name].change_key for name, each in replica.items())
