"""Publishing events from a file."""

import json
from collections.abc import Callable, Mapping, Sequence

from application.event_sender import EventSender
from domain.errors import IACSGraphError, MessageRejectedError, ValidationError
from domain.events import EventId
from modules.events.schema import PublishedLine
from modules.runtime.exit_codes import exit_code
from modules.runtime.output import print_error


def documents(data: bytes, *, lines: bool) -> Sequence[tuple[int, bytes]]:
    """Return the texts of the documents with the numbers of their lines; blank lines hold none."""
    if not lines:
        return [(1, data)]
    return [(number, line) for number, line in enumerate(data.split(b"\n"), 1) if line.strip()]


async def publish_all(  # noqa: PLR0913 - what one event is published with
    sender: EventSender,
    topic: str,
    texts: Sequence[tuple[int, bytes]],
    *,
    key: str | None,
    event_id: EventId | None,
    published: Callable[[PublishedLine], None],
    as_json: bool,
) -> int:
    """Publish one after the other; return the exit code, the first error's. One that is no event stops no other.

    Raises:
        MessagingError, DatabaseError: why the bus takes no event at all; what was published before was told.
    """
    codes: list[int] = []
    for number, text in texts:
        try:
            own = await sender.publish(topic, _object(text), key=key, event_id=event_id)
        except (ValidationError, MessageRejectedError) as error:
            print_error(_at(error, number) if len(texts) > 1 else error, as_json=as_json)
            codes.append(exit_code(error))
        else:
            published(PublishedLine(id=own, topic=topic))
    return codes[0] if codes else 0


def _object(text: bytes) -> Mapping[str, object]:
    """Read a JSON object; no error quotes it.

    Raises: ValidationError.
    """
    try:
        found = json.loads(text.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _no_event("It is not UTF-8.") from error
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if error.lineno > 1 else ""
        raise _no_event(f"It is not JSON ({line}column {error.colno}).") from None
    except (ValueError, RecursionError):  # a number of too many digits, or nested too deep
        raise _no_event("It is JSON that cannot be read.") from None
    if not isinstance(found, dict):
        raise _no_event("It is JSON, but not an object.")
    return found


def _no_event(problem: str) -> ValidationError:
    return ValidationError(f"The input is no event. {problem}", error_code="EVENT_MALFORMED")


def _at(error: IACSGraphError, line: int) -> IACSGraphError:
    """Return the same error with the line that it is about."""
    return type(error)(
        f"Line {line}: {error.message}", error_code=error.error_code, details={**error.details, "line": line}
    )
