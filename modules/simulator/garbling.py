"""Damage to a page of messages, as clients meet it now and then in answers that say 200."""

import json
from typing import Any, Literal, get_args

Damage = Literal["error", "no_id", "wrong_type", "surrogate", "bytes"]
DAMAGES: tuple[Damage, ...] = get_args(Damage)

_MARK = "<< no UTF-8 >>"
_NO_UTF8 = b"\xff\xfe\x80"
_ERROR = {"error": {"code": "ErrorInternalServerError", "message": "An internal server error occurred."}}


def garbled(body: bytes, what: Damage, nth: int) -> bytes:
    """Damage the n-th message of a page, from 0, or the only one of an answer; without such a one, nothing changes.

    `error`: an error object comes in its place. `no_id`: it has none. `wrong_type`: its time of receipt is a number.
    `surrogate`: half of a character in its subject, as a JSON escape. `bytes`: its subject is no UTF-8.
    """
    try:
        answer = json.loads(body)
    except ValueError:
        return body
    if not isinstance(answer, dict):
        return body
    messages = answer.get("value")
    if not isinstance(messages, list):
        answer = _damaged(answer, what)
    elif nth < len(messages) and isinstance(messages[nth], dict):
        messages[nth] = _damaged(messages[nth], what)
    else:
        return body
    return json.dumps(answer).encode().replace(_MARK.encode(), _NO_UTF8)


def _damaged(message: dict[str, Any], what: Damage) -> dict[str, Any]:
    match what:
        case "error":
            return _ERROR
        case "no_id":
            return {name: value for name, value in message.items() if name != "id"}
        case "wrong_type":
            return {**message, "receivedDateTime": 20_300_102}
        case "surrogate":
            return {**message, "subject": "half \ud800 of a character"}
        case "bytes":
            return {**message, "subject": _MARK}
