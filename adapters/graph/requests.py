"""What is asked of Microsoft Graph, and how an answer that cannot be used is told."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import attrs
from yarl import URL

from adapters.http_client.transport import Answer, Sent
from domain.errors import APIConnectionError
from domain.mail import MailboxOwner

IMMUTABLE_IDS = 'IdType="ImmutableId"'
"""Ids that stay the same when a message moves to another folder; to be asked for with every request."""
ANY_MEDIA_TYPE = "*/*"

_SENDABLE = re.compile(r"[\x21-\x7e]+")
_PRINTABLE: Final = "".join(chr(code) for code in range(0x21, 0x7F))


@attrs.frozen(kw_only=True)
class Absent:
    """What it means that the thing asked for does not exist: the code and the sentence of a NotFoundError."""

    error_code: str
    message: str


@attrs.frozen(kw_only=True)
class GraphRequest:
    """One GET. `target` is absolute: from `GraphService.url`, or a link of Graph's as `verbatim` returns it.

    `prefer` are preferences besides that for immutable ids. `not_html`: of a content, that a page of HTML is none.
    `smaller` is what is asked instead after the server took too long or sent too much: the same with a smaller page.
    """

    owner: MailboxOwner
    target: URL = attrs.field(repr=False)
    prefer: tuple[str, ...] = ()
    absent: Absent
    not_html: bool = False
    smaller: "GraphRequest | None" = attrs.field(default=None, repr=False)

    def headers(self, accept: str = "application/json") -> Mapping[str, str]:
        """Return the headers that every request carries."""
        return {"Accept": accept, "Prefer": ", ".join((IMMUTABLE_IDS, *self.prefer))}


def verbatim(link: str) -> URL:
    """Return a link of Graph's as it is: no escape is added, removed or changed, but what no address may contain.

    Raises:
        APIConnectionError: it is no address (GRAPH_LINK_FOREIGN).
    """
    try:
        url = URL(quote(link, safe=_PRINTABLE), encoded=True)
        named = bool(url.host) and url.port is not None
    except ValueError:
        raise foreign_link() from None
    if not named:
        raise foreign_link()
    return url


def of_server(target: URL, root: URL) -> bool:
    """Return whether both are of the same server, and the target can be sent as it is."""
    try:
        same = (target.scheme, target.host, target.port) == (root.scheme, root.host, root.port)
        return same and target.user is None and _SENDABLE.fullmatch(str(target)) is not None
    except ValueError:
        return False


def foreign_link() -> APIConnectionError:
    """Return the error for a link to another server, which must never see an access token."""
    msg = (
        "Microsoft Graph gave a link that leads to another server, which was not followed: the operator must check"
        " AZURE_GRAPH_URL, and whether something between here and there changes the answers."
    )
    return APIConnectionError(msg, error_code="GRAPH_LINK_FOREIGN", transient=False)


def unusable(answer: Answer, what: str) -> APIConnectionError:
    """Return the error for an answer of success that is none; raised while an answer is read, it is asked for again.

    `what` continues "it is ...": "cut off", "not JSON". It quotes nothing of the answer.
    """
    msg = (
        f"The answer of Microsoft Graph cannot be used, it is {what}: if that lasts, the operator must check whether"
        " something between here and there answers in its place."
    )
    details = {**answer.details, "sent": Sent.PERHAPS.value}
    return APIConnectionError(msg, error_code="GRAPH_ANSWER_INVALID", details=details)
