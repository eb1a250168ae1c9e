"""What Microsoft Graph answers to questions about the token itself.

Source: Microsoft Graph, errors.md and resolve-auth-errors.md.
"""

import re
from datetime import timedelta

from adapters.azure_ad.documents import parse_object
from adapters.azure_ad.outcomes import SERVER_ERROR, TOO_MANY_REQUESTS
from adapters.azure_ad.responses import OK, garbage
from adapters.http_client.retry_after import parse_retry_after
from adapters.http_client.transport import Answer, Sent
from domain.errors import APIConnectionError, ThrottledError

BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What an access token can be made of (RFC 6750 section 2.1)."""
LONGEST_ADDRESS = 320
UNAUTHORIZED = 401
CLIENT_ERROR = 400
FAILED = "Microsoft Graph failed on its side: the operator must wait, it is tried again."
BUSY = "Microsoft Graph asks to slow down: the operator must wait, it is tried again."


def accepted(answer: Answer) -> bool:
    """Return whether the token was accepted.

    Graph looks at the token before it looks at the request: what it refuses with another status than 401 (an
    application's own token has no `/me`, a token may lack a permission) was asked with a token that it accepts.

    Raises:
        APIConnectionError, ThrottledError: Graph failed, or something else answered.
    """
    if answer.status == UNAUTHORIZED:
        return False
    refusal = graph_error(answer)
    if refusal is None and (answer.status != OK or parse_object(answer.body) is None):
        raise not_graph(answer)
    return refusal != "InvalidAuthenticationToken"


def not_graph(answer: Answer) -> APIConnectionError:
    """Return the error for what something else must have answered."""
    return garbage(answer, f"not one of Microsoft Graph's (HTTP {answer.status})")


def mail_address(answer: Answer, object_id: str) -> str | None:
    """Return the mail address in an answer about the person with this object id; None if it is no such answer."""
    person = (parse_object(answer.body) or {}) if answer.status == OK else {}
    known, address = person.get("id"), person.get("mail")
    if not isinstance(known, str) or known.lower() != object_id.lower() or not isinstance(address, str):
        return None
    found = address.strip()
    return found if found and found.isprintable() and len(found) <= LONGEST_ADDRESS else None


def graph_error(answer: Answer) -> str | None:
    """Return the code of Graph's error, if it is one of the request's.

    Raises:
        APIConnectionError, ThrottledError: Graph failed.
    """
    if answer.status == TOO_MANY_REQUESTS or answer.status >= SERVER_ERROR:
        raise _failed(answer)
    error = (parse_object(answer.body) or {}).get("error") if answer.status >= CLIENT_ERROR else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else None


def _failed(answer: Answer) -> APIConnectionError:
    retry_after: timedelta | None = parse_retry_after(answer.retry_after, answer.date or answer.answered_at)
    busy = answer.status == TOO_MANY_REQUESTS
    details = {**answer.details, "sent": (Sent.REFUSED if busy else Sent.FAILED).value}
    if busy or retry_after is not None:
        return ThrottledError(BUSY, retry_after=retry_after, details=details)
    return APIConnectionError(FAILED, error_code="PROVIDER_FAILED", details=details)
