"""Links as Graph gives them."""

import pytest

from adapters.graph.requests import verbatim
from domain.errors import APIConnectionError


@pytest.mark.parametrize("link", ["", "/v1.0/me", "me", "http://[", "http://h\\@x/", "http://h:x/"])
def test_what_is_no_address_is_no_link(link: str) -> None:
    with pytest.raises(APIConnectionError) as caught:
        verbatim(link)
    assert caught.value.error_code == "GRAPH_LINK_FOREIGN"
