"""How Graph's pages follow each other: by opaque links, followed as they are, that are not always right."""

from collections.abc import Callable

import attrs

from adapters.graph.requests import GraphRequest
from domain.errors import APIConnectionError

LESS = 5
"""By how much a page shrinks that took the server too long."""


@attrs.frozen
class Trail:
    """The links that were followed so far: one that comes again would lead round and round.

    Of each only a number is kept: a link is a thousand characters long, and a mailbox has thousands of pages.
    """

    _seen: set[int] = attrs.field(factory=set, repr=False)

    def checked(self, link: str) -> str:
        """Return the link.

        Raises:
            APIConnectionError: it was followed before (GRAPH_LINK_REPEATED).
        """
        number = hash(link)
        if number in self._seen:
            raise repeated()
        self._seen.add(number)
        return link


def repeated() -> APIConnectionError:
    """Return the error for pages that lead back to themselves."""
    msg = "Microsoft Graph gave a page that leads back to one before it: not everything could be read; ask again later."
    return APIConnectionError(msg, error_code="GRAPH_LINK_REPEATED")


def shrinking(size: int, build: Callable[[int, GraphRequest | None], GraphRequest]) -> GraphRequest:
    """Return the request for a page of this size, and for ever smaller ones should it take too long.

    `build` makes a request of its size and of that for a smaller page.
    """
    less = size // LESS
    return build(size, shrinking(less, build) if less else None)


def max_page_size(size: int) -> str:
    """Return the preference for pages of at most this size; links do not remember it."""
    return f"odata.maxpagesize={size}"
