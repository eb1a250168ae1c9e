"""What the server answers, read strictly: an analysis, or the error that it is."""

from datetime import date, timedelta
from typing import Final

from msgspec import DecodeError, Struct, ValidationError
from msgspec.json import Decoder

from adapters.http_client.retry_after import LONGEST, parse_retry_after
from adapters.http_client.transport import Answer, Sent
from domain import errors
from domain.correspondence.analysis import LONGEST_KEYWORD, Analysis
from domain.correspondence.deadlines import is_plausible

OK: Final = 200
ANSWER_INVALID: Final = "OPENAI_ANSWER_INVALID"
NOT_FOUND: Final = "OPENAI_NOT_FOUND"
PAUSE: Final = timedelta(minutes=1)
"""How long nobody asks again where a server that is too busy does not say it."""

_SIGN_IN: Final = frozenset((401, 403))
_BUSY: Final = 429
_PASSING: Final = frozenset((408, 409, 425))
_ABSENT: Final = frozenset((404, 405, 410))
_SERVER_ERROR: Final = 500
_BAD_REQUEST: Final = 400
_NO_QUOTA: Final = "insufficient_quota"
_FILTERED: Final = "content_filter"
_WRONG: Final = (DecodeError, ValidationError, ValueError, RecursionError)


class _Message(Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(Struct):
    message: _Message
    finish_reason: str | None = None


class _Completion(Struct):
    choices: list[_Choice]


class _Found(Struct):
    deadline: date | None
    keywords: list[str]


class _Error(Struct):
    code: str | int | None = None
    type: str | None = None


class _Refusal(Struct):
    error: _Error


_COMPLETION: Final = Decoder(_Completion)
_FOUND: Final = Decoder(_Found)
_REFUSAL: Final = Decoder(_Refusal)


def analysis_of(answer: Answer, sent_on: date) -> Analysis:
    """Return what an answer of success says. A day that cannot be meant is none, nor is a keyword that is none.

    Raises:
        APIConnectionError: it is no analysis (OPENAI_ANSWER_INVALID).
        ValidationError: the model refuses these words (OPENAI_REFUSED).
    """
    try:
        choice = _COMPLETION.decode(answer.body).choices[0]
    except (*_WRONG, IndexError):  # the cause may quote the answer
        raise _invalid(answer) from None
    if choice.message.refusal or choice.finish_reason == _FILTERED:
        raise _refused(answer)
    try:
        found = _FOUND.decode(choice.message.content or "")
    except _WRONG:
        raise _invalid(answer) from None
    deadline = found.deadline
    return Analysis(
        deadline=deadline if deadline and is_plausible(deadline, sent_on) else None,
        keywords=tuple(word for each in found.keywords if _is_keyword(word := each.strip())),
    )


def error_of(answer: Answer) -> errors.IACSGraphError:
    """Return the error that any other answer is; what it says is not repeated: it may quote the mail or the key."""
    status, details = answer.status, dict(answer.details)
    if status in _SIGN_IN:
        msg = "The language model's server does not accept the key: the operator must correct OPENAI_API_KEY."
        return errors.AuthenticationError(msg, error_code="OPENAI_KEY_REFUSED", details=details)
    if status == _BUSY:
        return _throttled(answer, details)
    if status >= _SERVER_ERROR or status in _PASSING:
        msg = "The language model's server failed on its side: the operator must wait, it can be tried again."
        wait = parse_retry_after(answer.retry_after, answer.date or answer.answered_at)
        details["sent"] = Sent.FAILED.value
        return errors.APIConnectionError(msg, error_code="OPENAI_FAILED", details=details, retry_after=wait)
    if status in _ABSENT or status < _BAD_REQUEST:
        msg = (
            "The language model's server knows no such model or address: the operator must correct OPENAI_MODEL or"
            " OPENAI_BASE_URL."
        )
        details["sent"] = Sent.FAILED.value
        return errors.APIConnectionError(msg, error_code=NOT_FOUND, details=details)
    return _refused(answer)


def _throttled(answer: Answer, details: dict[str, object]) -> errors.ThrottledError:
    """Return the error; whoever has nothing left to pay with need not ask again soon."""
    wait = parse_retry_after(answer.retry_after, answer.date or answer.answered_at)
    try:
        said = _REFUSAL.decode(answer.body).error
    except _WRONG:
        said = _Error()
    details["sent"] = Sent.REFUSED.value
    if _NO_QUOTA in {said.code, said.type}:
        msg = "The quota of the language model is used up: the operator must look at the plan behind OPENAI_API_KEY."
        return errors.ThrottledError(msg, error_code="OPENAI_QUOTA", details=details, retry_after=wait or LONGEST)
    msg = "The language model's server is too busy: the operator must wait, or lower OPENAI_MAX_CONCURRENCY."
    return errors.ThrottledError(msg, details=details, retry_after=wait)


def _refused(answer: Answer) -> errors.ValidationError:
    msg = "The language model refuses these words: repeating them does not help, the mail goes without an analysis."
    return errors.ValidationError(msg, error_code="OPENAI_REFUSED", details=answer.details)


def _invalid(answer: Answer) -> errors.APIConnectionError:
    msg = (
        "The language model's answer cannot be used; if that lasts, the operator must take another OPENAI_MODEL, one"
        " that answers in JSON, and check OPENAI_BASE_URL."
    )
    details = {**answer.details, "sent": Sent.PERHAPS.value}
    return errors.APIConnectionError(msg, error_code=ANSWER_INVALID, details=details)


def _is_keyword(word: str) -> bool:
    return bool(word) and len(word) <= LONGEST_KEYWORD and word.isprintable()
