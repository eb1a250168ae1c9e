"""Which redirect URIs are registered ones, and which can be registered at all."""

import pytest

from modules.simulator.redirects import RedirectUri, with_path


@pytest.mark.parametrize(
    ("registered", "asked", "covered"),
    [
        ("http://localhost", "http://localhost:53124", True),
        ("http://localhost", "http://localhost:53124/", True),
        ("http://localhost", "http://localhost/path", False),
        ("http://localhost", "http://127.0.0.1:1", False),
        ("http://localhost:5000/a", "http://localhost:6000/a", True),
        ("http://127.0.0.1/a", "http://127.0.0.1:6000/a", True),
        ("http://localhost/a", "http://localhost:1/A", False),
        ("http://localhost/a", "http://LOCALHOST:1/a", True),
        ("http://localhost/a", "https://localhost:1/a", False),
        ("http://localhost/a", "http://localhost:1/a?b=c", False),
        ("http://localhost/a?b=c", "http://localhost:1/a?b=c", True),
        ("http://localhost/a", "http://localhost:1/a#b", False),
        ("http://localhost/a", "http://localhost:99999999/a", False),
        ("http://localhost/a", "http://localhost:1/a\r\nX: y", False),
        ("http://localhost/a", "http://user@localhost:1/a", False),
        ("http://localhost/a", "http://evil.example\\@localhost:1/a", False),
        ("https://app.example/a", "https://app.example/a", True),
        ("https://app.example/a", "https://APP.example/a", True),
        ("https://app.example/a", "https://app.example:444/a", False),
        ("https://app.example/a", "https://app.example.evil.example/a", False),
        ("https://localhost/a", "https://localhost:1/a", False),
        ("msauth.app://auth", "msauth.app://auth", True),
        ("msauth.app://auth", "msauth.app://other", False),
    ],
)
def test_ports_of_loopback_do_not_count_all_else_does(registered: str, asked: str, *, covered: bool) -> None:
    assert RedirectUri(uri=registered).covers(asked) is covered


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example/",
        "http://[::1]/",
        "javascript:alert(1)",
        "data:text/html,x",
        "relative/path",
        "https://app.example/#fragment",
        "https://app.example/*",
        "https://app.example/a,b",
        "https://app.example/" + "a" * 256,
    ],
)
def test_some_cannot_be_registered(uri: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        RedirectUri(uri=uri)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://localhost:1", "http://localhost:1/"),
        ("http://localhost:1?a=b", "http://localhost:1/?a=b"),
        ("http://localhost/a", "http://localhost/a"),
    ],
)
def test_a_missing_path_becomes_a_slash(uri: str, shown: str) -> None:
    assert with_path(uri) == shown
