"""Searches as Graph takes them in `$search`: the Keyword Query Language, in double quotes; not percent-encoded.

Only what the language can say without losing a mail is said here. Text that a person chose stands in a search between
quotes only, and without the signs that mean something there; none of them is part of a word.

Source: search-query-parameter.md, keyword-query-language-kql-syntax-reference.md.
"""

import re
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Literal

import attrs

_MEANINGFUL = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029"“”„\\*\s]+')
"""Quotes end a phrase, a backslash escapes, an asterisk stands for any end of a word; and all kinds of gaps."""

_PLAIN_ADDRESS = re.compile(r"[\w.!#$%&'+/=?^`{|}~-]+@[\w.-]+", re.ASCII)


_WORD = re.compile(r"\w+")


class Property(StrEnum):
    """What can be searched by; texts are whole words, or a whole address."""

    SENDER = "from"
    RECIPIENTS = "recipients"
    RECEIVED = "received"
    HAS_ATTACHMENT = "hasAttachment"
    IMPORTANCE = "importance"


@attrs.frozen
class Term:
    """A part of a search that is complete in itself."""

    text: str = attrs.field(repr=False)


def phrase(text: str, *, is_beginning: bool = False) -> Term:
    """Return that the words of a text occur one after the other, in subject, sender or body.

    With `is_beginning` the last word may go on. A single word with an asterisk stands without quotes: that is the form
    that is documented for every server.
    """
    if not is_beginning:
        return Term(_quoted(text))
    return Term(f"{_bare(text)}*" if _WORD.fullmatch(_bare(text)) else f'"{_bare(text)}*"')


def is_address(text: str) -> bool:
    """Whether a text is an address that can be searched for as it is."""
    return _PLAIN_ADDRESS.fullmatch(text) is not None


def correspondent(name: Literal[Property.SENDER, Property.RECIPIENTS], address: str) -> Term:
    """Return that a mail is from, or to, an address; it may find others, whose words are the same."""
    return Term(f"{name}:{_quoted(address)}")


def received(operator: Literal[">=", "<="], day: date) -> Term:
    """Return that a mail was received on a day or after, or before; where a day begins and ends, the server decides."""
    return Term(f"{Property.RECEIVED}{operator}{day.isoformat()}")


def has_attachment() -> Term:
    """Return that a mail has an attachment that is not inline."""
    return Term(f"{Property.HAS_ATTACHMENT}:true")


def importance(level: Literal["low", "high"]) -> Term:
    """Return that a mail has an importance; what lies between is `medium` in some places and `normal` in others."""
    return Term(f"{Property.IMPORTANCE}:{level}")


def search(terms: Sequence[Term]) -> str:
    """Return the value of `$search`: mails that meet all terms.

    AND is written out: without it, terms about the same property are alternatives.
    """
    text = " AND ".join(term.text for term in terms)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _quoted(text: str) -> str:
    return f'"{_bare(text)}"'


def _bare(text: str) -> str:
    return _MEANINGFUL.sub(" ", text).strip()
