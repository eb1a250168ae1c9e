"""Links that follow each other."""

import tracemalloc

import pytest

from adapters.graph.paging import Trail
from domain.errors import APIConnectionError


def test_a_trail_of_very_many_links_is_short() -> None:
    """The memory for a query does not grow with what it finds; a link that comes again is known all the same."""
    trail, links = Trail(), (f"https://graph.example/v1.0/me/messages?$skip={each:02000}" for each in range(2000))
    tracemalloc.start()
    try:
        for link in links:
            assert trail.checked(link) == link
        assert tracemalloc.get_traced_memory()[0] < 500_000
    finally:
        tracemalloc.stop()
    with pytest.raises(APIConnectionError, match="leads back"):
        trail.checked(f"https://graph.example/v1.0/me/messages?$skip={7:02000}")
