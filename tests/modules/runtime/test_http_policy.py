"""The rules of a hardened site, without a server."""

import pytest

from modules.runtime.http_policy import SitePolicy, origin_of

SITE = SitePolicy(
    origins=frozenset({"https://mail.example.com"}), open_paths=frozenset({"/auth/callback"}), secure=True
)
HERE = "mail.example.com"


@pytest.mark.parametrize(
    "host",
    [
        "mail.example.com",
        "MAIL.example.com",
        "mail.example.com:443",
        "mail.example.com.",
        "localhost",
        "localhost:5000",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:5000",
    ],
)
def test_it_answers_to_its_public_name_and_to_this_machines(host: str) -> None:
    assert SITE.answers_to(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "mail.example.com.evil.example",
        "evil.example:443",
        "mail.example.com@evil.example",
        "mail_example.com",
        "localhost/",
        "localhost:",
        "local host",
        "localhost\n",
        "127.0.0.2",
        "::1",
        "[::1",
    ],
)
def test_it_answers_to_no_other_name(host: str) -> None:
    assert not SITE.answers_to(host)


@pytest.mark.parametrize(
    ("headers", "admitted"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example.com"}, False),
        ({"Sec-Fetch-Site": ""}, False),
        ({"Origin": "https://mail.example.com"}, True),
        ({"Origin": "http://mail.example.com"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({"Origin": "http://["}, False),
    ],
)
def test_another_site_cannot_make_a_browser_change_anything(headers: dict[str, str], admitted: bool) -> None:  # noqa: FBT001
    assert SITE.admits("POST", "/auth/sign-in/kim", HERE, headers) is admitted
    assert SITE.admits("GET", "/auth/sign-in/kim", HERE, headers)


def test_behind_a_proxy_that_renames_the_host_the_public_origin_counts() -> None:
    assert SITE.admits("POST", "/", "127.0.0.1:5000", {"Origin": "https://mail.example.com"})
    assert not SITE.admits("POST", "/", "127.0.0.1:5000", {"Origin": "https://evil.example"})


def test_the_identity_provider_may_post_to_the_callback_and_to_nothing_else() -> None:
    provider = {"Sec-Fetch-Site": "cross-site", "Origin": "https://login.example"}
    assert SITE.admits("POST", "/auth/callback", HERE, provider)
    assert not SITE.admits("POST", "/auth/callback/", HERE, provider)


def test_https_is_insisted_on_only_where_browsers_come_by_it() -> None:
    assert "Strict-Transport-Security" in SITE.headers()
    assert "Strict-Transport-Security" not in SitePolicy().headers()


def test_a_page_may_load_nothing_but_its_own_style() -> None:
    policy = SitePolicy(style_hash="sha256-abc=", form_targets=("https://login.example",)).headers()
    assert policy["Content-Security-Policy"] == (
        "default-src 'none'; base-uri 'none'; form-action 'self' https://login.example; frame-ancestors 'none';"
        " img-src 'self'; style-src 'sha256-abc='"
    )
    assert "style-src 'none'" in SitePolicy().headers()["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Mail.Example.com/a/b?c#d", "https://mail.example.com"),
        ("http://localhost:5000/auth/callback", "http://localhost:5000"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin
