"""Pages that are no JSON: where each message begins and ends, and whose id is whose."""

import pytest

from adapters.graph.decoding import Removed, decode_page
from adapters.graph.salvage import MOST_MESSAGES, NoPageError, split
from domain.mail import Mail, UnreadableMail
from tests.adapters.graph.graph_pages import message, page, page_of, without, written

NOTHING: frozenset[str] = frozenset()
DAMAGED = written(message()).replace(b'"isRead":', b'"isRead":no')
GONE = {"reason": "deleted"}


@pytest.mark.parametrize(
    "told",
    [
        {"id": "gone", "@removed": GONE},
        {"@removed": GONE, "id": "gone"},
        {"@odata.type": "#microsoft.graph.message", "id": "gone", "@removed": GONE},
        {"@odata.type": "#microsoft.graph.eventMessageRequest", "@odata.etag": "x", "id": "gone", "@removed": GONE},
    ],
)
def test_a_damaged_message_ends_where_another_begins_however_that_is(told: object) -> None:
    """Also if what follows is told by little more than its id."""
    found = decode_page(page_of(DAMAGED, written(told), written(message(3))), NOTHING, updates=True)
    lost, gone, kept = found.entries
    assert isinstance(lost, UnreadableMail)
    assert (lost.raw, gone) == (DAMAGED, Removed("gone"))
    assert isinstance(kept, Mail)


def test_a_list_without_an_end_in_the_last_message_does_not_take_the_link_with_it() -> None:
    """The page's own list ends it, and what comes is well-formed; links are never in a message."""
    broken = written(message(2))[:-1] + b',"x":[1'
    found = decode_page(page_of(written(message()), broken, next_link="https://graph.example/next"), NOTHING)
    assert [type(entry) for entry in found.entries] == [Mail, UnreadableMail]
    assert found.next_link == "https://graph.example/next"


def test_a_text_that_looks_like_the_end_of_a_page_is_none() -> None:
    """A page that is cut off in it is not whole."""
    whole = page(message(subject="[1]}", bodyPreview='["a"]}'))
    for length in range(len(whole)):
        with pytest.raises(NoPageError):
            decode_page(whole[:length], NOTHING)


def test_a_last_message_that_is_damaged_at_its_end_is_lost_alone() -> None:
    """Also if there is no link behind it, and if nothing is left of it."""
    for broken in (b'{"id":"x","subject":"y}', b""):
        kept, lost = decode_page(page_of(written(message()), broken), NOTHING).entries
        assert isinstance(kept, Mail)
        assert isinstance(lost, UnreadableMail)
        assert lost.raw == broken


def test_the_id_of_what_is_in_a_message_is_not_its_own() -> None:
    """Whether the message can be read as JSON or not; then only an id before anything nested is surely its own."""
    whole = without(message(attachments=[{"id": "inside"}]), "id")
    damaged = b'{"attachments":[{"id":"inside"}],"id":"own","x":no}'
    known = b'{"x":no,"id":"own","attachments":[{"id":"inside"}]}'
    pages = [decode_page(page_of(each), NOTHING) for each in (written(whole), damaged, known)]
    assert [entry.message_id for each in pages for entry in each.entries] == [None, None, "own"]


def test_a_page_of_very_many_messages_is_read() -> None:
    """Even one by one, and more than Graph ever gives."""
    assert len(decode_page(page_of(*[b"{}"] * MOST_MESSAGES), NOTHING).entries) == MOST_MESSAGES


@pytest.mark.parametrize("item", [b"{}", b"0", b'{"id":"x"}', b'{"id":x}'])
def test_a_page_of_far_too_many_messages_is_refused_at_once(item: bytes) -> None:
    """Each takes a while to be judged: a page of as many bytes as may come would keep the process busy for minutes."""
    items = [item] * (MOST_MESSAGES + 2)
    with pytest.raises(NoPageError):
        decode_page(page_of(*items), NOTHING)
    with pytest.raises(NoPageError):
        split(page_of(*items, b"damaged"))
