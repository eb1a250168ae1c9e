"""Answers of the provider, as they are read from the network."""

import json
from datetime import UTC, datetime, timedelta

from adapters.http_client.transport import Answer

ASKED_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
TRACE = "0a1b2c3d-1111-2222-3333-444444444444"


def read(status: int, body: object, *, retry_after: str | None = None) -> Answer:
    """Return an answer; what is not text or bytes is written as JSON."""
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(
        status=status,
        body=content,
        asked_at=ASKED_AT,
        answered_at=ASKED_AT + timedelta(seconds=3),
        retry_after=retry_after,
        date=None,
        request_id="request-1",
    )


def error(name: str, *codes: int, status: int = 400, **members: object) -> Answer:
    """Return a refusal as Entra words it."""
    description = "".join(f"AADSTS{code}: words-canary. " for code in codes)
    body = {
        "error": name,
        "error_description": f"{description}\r\nTrace ID: {TRACE}",
        "error_codes": list(codes),
        "trace_id": TRACE,
        "correlation_id": TRACE,
        **members,
    }
    return read(status, body)
