"""What each text of an enrolment file must satisfy. All raise `ValueError` with the reason, and never quote a value."""

import re

from domain.account import USER_ID_LENGTH, AuthFlow
from domain.validation import is_pem
from modules.runtime import values

FLOWS = {
    "Authorization Code Flow": AuthFlow.AUTHORIZATION_CODE,
    "Device Code Flow": AuthFlow.DEVICE_CODE,
    "Client Credentials": AuthFlow.CLIENT_CREDENTIALS,
}
"""The names of `oauth.auth_type`."""

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def text(value: object) -> str:
    """Accept one line with something visible in it and nothing around it."""
    if not isinstance(value, str):
        raise ValueError(_why_no_text(value))  # noqa: TRY004 - a fault of the file, not of the program
    if not value.strip():
        raise ValueError("must not be empty")
    if value != value.strip():
        raise ValueError("must not begin or end with white space")
    if _NOT_TEXT.search(value):
        raise ValueError("must not hold line breaks, control characters or broken Unicode")
    return value


def user_id(value: object) -> str:
    """Accept a text that is not too long."""
    found = text(value)
    if len(found) > USER_ID_LENGTH:
        raise ValueError(f"must not be longer than {USER_ID_LENGTH} characters")
    return found


def address(value: object) -> str:
    """Accept what has the shape of an e-mail address."""
    found = user_id(value)
    if not _ADDRESS.fullmatch(found):
        raise ValueError("is not an e-mail address")
    return found


def word(value: object) -> str:
    """Accept a text without spaces."""
    found = text(value)
    values.word(found)
    return found


def tenant(value: object) -> str:
    """Accept a GUID, a domain, or a name for many tenants."""
    found = text(value)
    values.tenant(found)
    return found


def flow(value: object) -> AuthFlow:
    """Accept the three names."""
    if not isinstance(value, str) or value not in FLOWS:
        raise ValueError(f"must be one of: {', '.join(FLOWS)}")
    return FLOWS[value]


def credential(value: object) -> str:
    """Accept one line, or a PEM text; white space around it, as it comes from files and blocks, is left out."""
    if not isinstance(value, str):
        return text(value)
    found = value.strip()
    if is_pem(found):
        text(" ".join(found.split()))
        return found
    return text(found)


def items(value: object) -> list[object]:
    """Accept a list."""
    if not isinstance(value, list):
        raise ValueError("must be a list")  # noqa: TRY004 - as above
    return value


def one_or_more(value: object) -> list[object]:
    """Accept one, a list, or nothing."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def section(value: object) -> dict[str, object]:
    """Accept a mapping."""
    if value is None:
        raise ValueError("is empty (fill it in, or leave it out if it may be missing)")
    if not isinstance(value, dict):
        raise ValueError("must be a mapping (name and value on each line)")  # noqa: TRY004 - as above
    return value


def _why_no_text(value: object) -> str:
    if value is None:
        return "must not be empty"
    return "must be text" if isinstance(value, list | dict) else "must be text (put it in quotes)"
