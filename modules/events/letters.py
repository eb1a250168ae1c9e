"""Dead letters: which there are, what is in them, and publishing them again."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from application.dead_letter_queue import DeadLetterQueue
from domain.dead_letters import DeadLetter
from modules.events.lines import as_text, headers_of
from modules.events.schema import LetterDetails, LetterLine, ReplayedLine
from modules.runtime.several import each


async def letter_lines(queue: DeadLetterQueue, topic: str | None) -> Sequence[LetterLine]:
    """Return the letters of one topic, or of all.

    Raises: as `DeadLetterQueue.queues` and `DeadLetterQueue.letters`.
    """
    topics = [topic] if topic is not None else await queue.queues()
    return [LetterLine(**_facts(letter)) for name in topics for letter in await queue.letters(name)]


async def letter_details(queue: DeadLetterQueue, topic: str, letter_id: str) -> LetterDetails:
    """Return all of one letter.

    Raises: as `DeadLetterQueue.letter`.
    """
    letter = await queue.letter(topic, letter_id)
    value, problem = _json(letter.message.value)
    return LetterDetails(
        **_facts(letter),
        digest=letter.failure.digest,
        value_omitted=letter.value_omitted,
        headers=headers_of(letter.message),
        value=value,
        bytes=as_text(letter.message.value) if problem else None,
    )


async def replay(
    queue: DeadLetterQueue, topic: str, letter_ids: Sequence[str], *, as_json: bool
) -> tuple[Sequence[ReplayedLine], int]:
    """Publish letters again, all of the topic's if none is named; return which, and the exit code of the first error.

    Raises: as `DeadLetterQueue.letters`.
    """
    waiting = {letter.letter_id: letter for letter in await queue.letters(topic)}

    async def again(letter_id: str) -> ReplayedLine:
        letter = waiting.get(letter_id) or await queue.letter(topic, letter_id)
        await queue.replay(letter)
        return ReplayedLine(id=letter_id, topic=topic, place=letter.place)

    return await each(letter_ids or list(waiting), again, as_json=as_json)


def _facts(letter: DeadLetter) -> Mapping[str, Any]:
    line = LetterLine(
        id=letter.letter_id,
        topic=letter.partition.topic,
        at=letter.at,
        group=letter.group_id,
        key=as_text(letter.message.key),
        error_code=letter.failure.error_code,
        reason=letter.failure.reason,
        attempts=letter.failure.attempts,
        place=letter.place,
    )
    return attrs.asdict(line)


def _json(value: bytes | None) -> tuple[object, bool]:
    """Return the JSON value, and whether it is none."""
    if not value:
        return None, False
    try:
        return json.loads(value), False
    except (ValueError, RecursionError):
        return None, True
