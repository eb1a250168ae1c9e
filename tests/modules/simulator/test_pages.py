"""Pages: nothing that a request says becomes markup or script, and they speak the reader's language."""

from collections.abc import Iterable

import pytest

from tests.modules.simulator.rig import Rig
from tests.simulator.html_forms import Page
from tests.simulator.person import Callback

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"
PARAMETERS = [
    *("client_id", "response_type", "redirect_uri", "scope", "state", "nonce", "response_mode", "prompt"),
    *("login_hint", "domain_hint", "code_challenge", "code_challenge_method", "claims", "max_age"),
    *("client_info", "mkt", "ui_locales", "X-AnchorMailbox"),
]


def assert_harmless(pages: Iterable[Page]) -> None:
    for page in pages:
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        assert "7*7" not in page.text or "{{7*7}}" in page.text
        assert set(page.scripts) <= {"document.forms[0].submit()"}


@pytest.mark.parametrize("mode", ["query", "form_post"])
@pytest.mark.parametrize("name", PARAMETERS)
async def test_a_script_in_any_parameter_is_only_text(rig: Rig, name: str, mode: str) -> None:
    person = await rig.person()
    found = await person.open(rig.authorize_url(**{"response_mode": mode, name: EVIL}))
    if isinstance(found, Page) and found.has("sign-in"):
        assert isinstance(await person.submit(found.form("sign-in"), {"upn": EVIL, "password": EVIL}), Page)
        await person.submit(found.form("pick"), {"pick": EVIL})
        await person.submit(found.form("sign-in"), {"flow": EVIL})
        await person.sign_in(rig.authorize_url(**{"response_mode": mode, name: EVIL}))
    assert person.pages or isinstance(found, Callback)
    assert_harmless(person.pages)


@pytest.mark.parametrize(
    "path",
    [
        "{evil}/oauth2/v2.0/authorize",
        "common/v2.0/adminconsent?client_id={evil}&scope={evil}&redirect_uri={evil}",
        "common/oauth2/v2.0/logout?post_logout_redirect_uri={evil}",
        "common/oauth2/deviceauth?otc={evil}",
        "devicelogin?otc={evil}",
        "error?code={evil}",
    ],
)
async def test_a_script_in_other_addresses_is_only_text(rig: Rig, path: str) -> None:
    person = await rig.person()
    evil = rig.url("x", e=EVIL).partition("e=")[2]
    await person.open(rig.url(path.replace("{evil}", evil)))
    assert person.pages
    assert_harmless(person.pages)


async def test_a_script_in_the_names_of_things_is_only_text(rig: Rig) -> None:
    rig.application().display_name = EVIL
    rig.user().name = EVIL
    person = await rig.person()
    await person.sign_in(rig.authorize_url())
    assert_harmless(person.pages)


async def test_a_script_in_the_correlation_id_is_not_taken_over(rig: Rig) -> None:
    answer = await rig.get(rig.authorize_url(client_id="x"), {"client-request-id": EVIL})
    assert "<script>alert" not in answer.text


async def test_pages_forbid_scripts_and_frames(rig: Rig) -> None:
    policy = (await rig.get(rig.authorize_url())).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    ("language", "title"),
    [("ko-KR,ko;q=0.9,en;q=0.8", "로그인"), ("en-GB", "Sign in"), ("fr, ko;q=0.5", "로그인"), ("fr", "Sign in")],
)
async def test_pages_are_in_korean_or_english(rig: Rig, language: str, title: str) -> None:
    person = await rig.person(language=language)
    page = await person.open(rig.authorize_url())
    assert isinstance(page, Page)
    assert f"<h1>{title}</h1>" in page.text


async def test_every_page_can_be_walked_in_korean(rig: Rig) -> None:
    rig.simulator.require_mfa(rig.user().upn)
    person = await rig.person(language="ko")
    await person.sign_in(rig.authorize_url(response_mode="form_post"))
    assert [page.forms[-1].form_id for page in person.pages] == ["sign-in", "mfa", "consent", "callback"]
    assert all('lang="ko"' in page.text for page in person.pages)


async def test_the_home_page_says_that_it_is_a_simulator(rig: Rig) -> None:
    assert "simulator" in (await rig.get("")).text
