"""Messages as bytes, which are kept until they change."""

import json
from collections.abc import Sequence

from modules.simulator.mail.mailbox import Message
from modules.simulator.mail.rendering import USUAL, Renderings, Shape, encoded, rendered
from tests.modules.simulator.mail.graph_client import a_mailbox
from tests.modules.simulator.mail.reading import draft

USUAL_SHAPE = Shape(names=USUAL)


def made(renderings: Renderings, messages: Sequence[Message], shape: Shape = USUAL_SHAPE) -> list[bytes]:
    return renderings.of(messages, shape, lambda message: rendered(message, shape))


def test_a_message_is_rendered_once_per_shape_until_it_changes() -> None:
    mailbox, renderings = a_mailbox(), Renderings()
    message = mailbox.deliver(draft())
    [first], [again] = made(renderings, [message]), made(renderings, [message])
    assert first is again
    [other] = made(renderings, [message], Shape(names=USUAL, immutable=True))
    assert json.loads(other)["id"] == message.immutable_id
    mailbox.change(message, is_read=True)
    [changed] = made(renderings, [message])
    assert (json.loads(first)["isRead"], json.loads(changed)["isRead"]) == (False, True)


def test_the_memory_for_renderings_is_bounded() -> None:
    mailbox, renderings = a_mailbox(), Renderings(most_bytes=20_000)
    messages = [mailbox.deliver(draft(body="x" * 1000)) for _ in range(5)]
    [first, *_] = made(renderings, messages)
    assert made(renderings, messages)[0] is first
    for body in ("text", "html"):
        made(renderings, messages, Shape(names=USUAL, body=body))
    again = made(renderings, messages)
    assert again[0] is not first
    assert again[0] == first


def test_half_a_character_is_escaped_and_the_rest_is_utf_8() -> None:
    assert encoded({"a": "한"}) == '{"a":"한"}'.encode()
    assert json.loads(encoded({"a": "\ud800"})) == {"a": "\ud800"}
