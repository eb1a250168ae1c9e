"""Several requests in one ($batch): how they are written, and which answer is whose.

Source: json-batching.md. Answers come in any order, and each may be a refusal of its own.
"""

from base64 import b64decode
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

import attrs
import msgspec
from yarl import URL

from adapters.graph.requests import GraphRequest, foreign_link, unusable
from adapters.http_client.retry_after import parse_date
from adapters.http_client.transport import Answer
from domain.errors import APIConnectionError, IACSGraphError


class _Inner(msgspec.Struct, frozen=True, gc=False):
    id: str | int
    status: int
    headers: dict[str, str | int | float | None] | None = None
    body: msgspec.Raw = msgspec.Raw()


class _Batch(msgspec.Struct, frozen=True, gc=False):
    responses: list[msgspec.Raw]


@attrs.define(kw_only=True, eq=False)
class Outcomes:
    """What the requests of a batch have come to so far, by their place. They are sent in rounds."""

    requests: Sequence[GraphRequest]
    found: dict[int, Answer | IACSGraphError] = attrs.field(factory=dict)
    _round: list[int] = attrs.field(factory=list)

    def begin(self) -> None:
        """Begin a round with all that is not settled."""
        self._round = [n for n in range(len(self.requests)) if n not in self.found or self._passing(n) is not None]

    def next(self, size: int) -> Sequence[int]:
        """Return which are sent now: at most `size`, none when the round is over."""
        chunk, self._round = self._round[:size], self._round[size:]
        return chunk

    def again(self, number: int) -> None:
        """Send one again in this round."""
        self._round.append(number)

    def check(self) -> None:
        """End a round.

        Raises: of the errors that may pass, the one that asks for the longest wait.
        """
        passing = [error for error in map(self._passing, self.found) if error is not None]
        if passing:
            raise max(passing, key=lambda error: error.retry_after or timedelta(0))

    def listed(self, otherwise: IACSGraphError | None) -> Sequence[Answer | IACSGraphError]:
        """Return all, in the order of the requests; `otherwise` is the outcome of those that have none."""
        if otherwise is None:
            return [self.found[number] for number in range(len(self.requests))]
        return [self.found.get(number, otherwise) for number in range(len(self.requests))]

    def _passing(self, number: int) -> APIConnectionError | None:
        """Return the error, if repeating the request may help."""
        found = self.found[number]
        return found if isinstance(found, APIConnectionError) and "sent" in found.details else None


def write_batch(requests: Sequence[GraphRequest], root: URL) -> bytes:
    """Return the body of the request; the first has the id 1, the second 2, and so on.

    Raises:
        APIConnectionError: a target is not below `root` (GRAPH_LINK_FOREIGN).
    """
    return msgspec.json.encode(
        {
            "requests": [
                {
                    "id": str(number),
                    "method": "GET",
                    "url": _relative(request.target, root),
                    "headers": request.headers(),
                }
                for number, request in enumerate(requests, 1)
            ]
        }
    )


def read_batch(answer: Answer, count: int) -> Sequence[Answer | None]:
    """Return the answers in the order of the requests; None for one that did not come, or came twice or unreadable.

    Raises:
        APIConnectionError: the answer as a whole is none (GRAPH_ANSWER_INVALID).
    """
    try:
        told = msgspec.json.decode(answer.body, type=_Batch).responses
    except (ValueError, RecursionError):  # of msgspec
        raise unusable(answer, "none to several requests at once") from None
    found = [inner for inner in map(_inner, told) if inner is not None]
    times = Counter(str(inner.id) for inner in found)
    by_id = {str(inner.id): inner for inner in found}
    numbers = map(str, range(1, count + 1))
    return [_answer(by_id[number], answer) if times[number] == 1 else None for number in numbers]


def _relative(target: URL, root: URL) -> str:
    whole, start = str(target), str(root)
    if not whole.startswith(f"{start}/"):
        raise foreign_link()
    return whole.removeprefix(start)


def _inner(raw: msgspec.Raw) -> _Inner | None:
    try:
        return msgspec.json.decode(raw, type=_Inner)
    except (ValueError, RecursionError):  # of msgspec
        return None


def _answer(inner: _Inner, whole: Answer) -> Answer:
    """Return an answer within the batch as if it had come alone."""
    headers = {name.lower(): str(value) for name, value in (inner.headers or {}).items() if value is not None}
    return Answer(
        status=inner.status,
        body=_body(inner),
        asked_at=whole.asked_at,
        answered_at=whole.answered_at,
        retry_after=headers.get("retry-after"),
        date=parse_date(headers.get("date")) or whole.date,
        request_id=whole.request_id,
        challenges=_challenges(headers),
        media_type="application/json",
        server_request_id=headers.get("request-id") or whole.server_request_id,
    )


def _challenges(headers: Mapping[str, str]) -> Sequence[str]:
    challenge = headers.get("www-authenticate")
    return () if challenge is None else (challenge,)


def _body(inner: _Inner) -> bytes:
    """Return JSON as it is; what is no object is base64 of something else, or nothing."""
    raw = bytes(inner.body).strip()
    if not raw.startswith(b'"'):
        return b"" if raw == b"null" else raw
    try:
        return b64decode(msgspec.json.decode(raw, type=str), validate=True)
    except ValueError:
        return raw
