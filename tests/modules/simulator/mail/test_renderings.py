"""Messages as bytes, which are kept until they change."""

import json

from modules.simulator.mail.rendering import USUAL, Renderings, Shape, encoded
from tests.modules.simulator.mail.graph_client import a_mailbox
from tests.modules.simulator.mail.reading import draft

USUAL_SHAPE = Shape(names=USUAL)


def test_a_message_is_rendered_once_per_shape_until_it_changes() -> None:
    mailbox, renderings = a_mailbox(), Renderings()
    message = mailbox.deliver(draft())
    [first], [again] = renderings.of([message], USUAL_SHAPE), renderings.of([message], USUAL_SHAPE)
    assert first is again
    [other] = renderings.of([message], Shape(names=USUAL, immutable=True))
    assert json.loads(other)["id"] == message.immutable_id
    mailbox.change(message, is_read=True)
    [changed] = renderings.of([message], USUAL_SHAPE)
    assert (json.loads(first)["isRead"], json.loads(changed)["isRead"]) == (False, True)


def test_the_memory_for_renderings_is_bounded() -> None:
    mailbox, renderings = a_mailbox(), Renderings(most_bytes=20_000)
    messages = [mailbox.deliver(draft(body="x" * 1000)) for _ in range(5)]
    [first, *_] = renderings.of(messages, USUAL_SHAPE)
    assert renderings.of(messages, USUAL_SHAPE)[0] is first
    for body in ("text", "html"):
        renderings.of(messages, Shape(names=USUAL, body=body))
    again = renderings.of(messages, USUAL_SHAPE)
    assert again[0] is not first
    assert again[0] == first


def test_half_a_character_is_escaped_and_the_rest_is_utf_8() -> None:
    assert encoded({"a": "한"}) == '{"a":"한"}'.encode()
    assert json.loads(encoded({"a": "\ud800"})) == {"a": "\ud800"}
