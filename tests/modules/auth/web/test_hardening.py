"""What holds for every page: headers, names, origins, escaping, and what the log does not say."""

import logging
import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from yarl import URL

from adapters.memory.identity_provider import AUTHORITY
from modules.auth.pages import style_hash
from modules.runtime.http_policy import FIXED_HEADERS
from tests.modules.auth.web.rig import CALLBACK, KIM, Answer, Site, open_site

SCRIPT = "<script>alert(1)</script>\"'{{7*7}}"
PATHS = ("/", "/auth/sign-in/{}", "/auth/reconnect/{}", "/auth/result/{}", "/{}", "/auth/{}/x")
PARAMETERS = ("lang", "state", "code", "error", "error_description", "error_subcode", "x")
LANGUAGES = ("en", "ko")


def assert_hardened(answer: Answer) -> None:
    for name, value in FIXED_HEADERS.items():
        assert answer.headers[name] == value
    policy = answer.headers["Content-Security-Policy"]
    assert f"style-src '{style_hash()}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "Set-Cookie" not in answer.headers


async def test_every_answer_carries_the_headers(site: Site) -> None:
    departure = await site.depart()
    link = await site.sign_ins.issue_link("kim", timedelta(hours=1))
    answers = [
        *[await site.get(path.format("kim")) for path in PATHS],
        await site.get(f"/auth/reconnect/{link}"),
        await site.post("/auth/sign-in/kim"),
        await site.post("/auth/sign-in/nobody"),
        await site.come_back(departure, code=site.code(departure)),
        await site.come_back(departure, code="again"),
        await site.get(CALLBACK),
        await site.get(f"/auth/result/{departure.sign_in_id}"),
        await site.get("/favicon.ico"),
        await site.get("/health/live"),
        await site.get("/health/ready"),
        await site.ask("HEAD", "/auth/sign-in/kim"),
        await site.ask("OPTIONS", "/auth/sign-in/kim"),
        await site.ask("DELETE", "/"),
        await site.ask("GET", "/", headers={"Host": "evil.example"}),
        await site.ask("POST", "/auth/sign-in/kim", headers={"Sec-Fetch-Site": "cross-site"}),
    ]
    for answer in answers:
        assert_hardened(answer)
    assert {answer.status for answer in answers} == {200, 204, 303, 400, 403, 404, 405, 409, 421}


async def test_a_form_may_lead_to_the_provider_and_come_back_under_either_name_of_this_machine(site: Site) -> None:
    """Chromium holds redirects after a form to this directive, also those of the provider's."""
    policy = (await site.get("/auth/sign-in/kim")).headers["Content-Security-Policy"]
    (targets,) = re.findall(r"form-action ([^;]*)", policy)
    assert targets.split() == ["'self'", AUTHORITY, "http://127.0.0.1:5000", "http://localhost:5000"]


async def test_people_with_personal_accounts_are_let_through_to_where_they_sign_in() -> None:
    async with open_site(authority="https://login.microsoftonline.com/common/") as site:
        policy = (await site.get("/auth/sign-in/kim")).headers["Content-Security-Policy"]
    assert "form-action 'self' https://login.microsoftonline.com https://login.live.com " in policy


@pytest.mark.parametrize(("public_url", "insists"), [("https://mail.example.com", True), ("http://localhost:1", False)])
async def test_https_is_insisted_on_where_the_public_address_has_it(public_url: str, insists: bool) -> None:  # noqa: FBT001
    async with open_site(public_url) as site:
        for path in ("/", "/nowhere", "/health/live"):
            assert ("Strict-Transport-Security" in (await site.get(path)).headers) is insists


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("127.0.0.1:9", 200),
        ("mail.example.com", 200),
        ("other.example.com", 200),
        ("evil.example", 421),
        ("mail.example.com.evil.example", 421),
    ],
)
async def test_it_answers_to_the_names_of_its_addresses(host: str, status: int) -> None:
    async with open_site("https://mail.example.com", origins=("https://other.example.com/auth/callback",)) as site:
        answer = await site.ask("GET", "/auth/sign-in/kim", headers={"Host": host})
    assert answer.status == status
    assert (KIM in answer.text) is (status == 200)


@pytest.mark.parametrize("path", ["/auth/sign-in/kim", "/auth/reconnect/{link}", "/auth/result/{result}"])
async def test_another_site_cannot_begin_a_sign_in(site: Site, path: str) -> None:
    link, result = await site.sign_ins.issue_link("kim", timedelta(hours=1)), (await site.depart()).sign_in_id
    before = len(site.process.database.sign_ins)
    address = path.format(link=link, result=result)
    for headers in (
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:8080"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        assert (await site.ask("POST", address, headers=headers)).status == 403
    assert len(site.process.database.sign_ins) == before
    for headers in ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, {"Origin": site.url}, {}):
        assert (await site.ask("POST", address, headers=headers)).status == 303


@pytest.mark.parametrize("language", LANGUAGES)
async def test_no_parameter_path_or_header_reaches_a_page_unescaped(site: Site, language: str) -> None:
    headers = {
        "Accept-Language": f"{language}, {SCRIPT}",
        "Referer": f"http://x/{SCRIPT}",
        "User-Agent": SCRIPT,
        "X-Request-Id": SCRIPT,
        "X-Forwarded-Host": SCRIPT,
        "Origin": SCRIPT,
    }
    query = dict.fromkeys(PARAMETERS, SCRIPT)
    answers = [
        await site.ask(method, str(URL.build(path=path.format(SCRIPT), query=query)), headers=headers)
        for path in (*PATHS, CALLBACK)
        for method in ("GET", "POST")
    ]
    answers += [await site.get(CALLBACK, language, params={**query, name: "x"}) for name in PARAMETERS]
    for answer in answers:
        assert answer.status < 500
        assert "<script" not in answer.text
        assert "alert(1)" not in answer.text + str(answer.headers)
        assert "49" not in re.sub("<style>.*</style>", "", answer.text, flags=re.DOTALL)


async def test_an_account_named_by_a_joker_is_shown_as_it_is_called(site: Site) -> None:
    nasty = "<b>&\"'{{7*7}}"
    email = "a{b}<i>@office.example"
    await site.process.operator.enrol(email=email, name=nasty, actor="test", user_id=SCRIPT)
    page = await site.get(f"/auth/sign-in/{quote(SCRIPT, safe='')}")
    assert page.status == 200
    assert "<b>" not in page.text
    assert "&lt;b&gt;&amp;&#34;&#39;{{7*7}}" in page.text
    assert "a{b}&lt;i&gt;@office.example" in page.text


async def test_the_log_tells_what_happened_but_no_code_state_or_link(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    link = await site.sign_ins.issue_link("kim", timedelta(hours=1))
    with caplog.at_level(logging.DEBUG):
        departure = await site.depart(f"/auth/reconnect/{link}")
        code = site.code(departure)
        answer = await site.come_back(departure, code=code)
        await site.get(answer.location)
        await site.get(f"/auth/reconnect/{link}")
        await site.get(f"/auth/reconnect/{link}/")
        await site.get(f"/{link}")
    told = [record.message for record in caplog.records if record.name == "modules.runtime.http_server"]
    assert told == [
        "POST /auth/reconnect/*** 303",
        "GET /auth/callback 303",
        f"GET /auth/result/{departure.sign_in_id} 200",
        "GET /auth/reconnect/*** 410",
        "GET (unknown) 404",
        "GET (unknown) 404",
    ]
    everything = str([vars(record) for record in caplog.records])
    for secret in (code, departure.state, departure.state.partition(".")[2], link, link.partition(".")[2]):
        assert secret not in everything


async def test_problems_of_http_itself_are_pages_in_both_languages(site: Site) -> None:
    for language, titles in (
        (
            "en",
            ("Nothing is here", "This cannot be done here", "Wrong name", "This came from another site", "too much"),
        ),
        ("ko", ("찾을 수 없습니다", "할 수 없는 요청", "잘못된 이름", "다른 사이트에서", "내용이 너무 큽니다")),
    ):
        accept = {"Accept-Language": language}
        answers = (
            await site.get("/nowhere", language),
            await site.ask("DELETE", "/", headers=accept),
            await site.ask("GET", "/", headers={**accept, "Host": "evil.example"}),
            await site.ask("POST", "/auth/sign-in/kim", headers={**accept, "Sec-Fetch-Site": "cross-site"}),
            await site.post("/auth/sign-in/kim", language, data={"a": "x" * 100_000}),
        )
        for answer, title in zip(answers, titles, strict=True):
            assert title in answer.text
            assert f'<html lang="{language}">' in answer.text


async def test_a_defect_is_a_page_with_a_reference_in_both_languages(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.process.database.sign_ins = None  # type: ignore[assignment]
    for language, title in (("en", "Something went wrong here"), ("ko", "문제가 발생했습니다")):
        answer = await site.post("/auth/sign-in/kim", language)
        assert (answer.status, title in answer.text) == (500, True)
        assert f"<code>{answer.headers['X-Request-Id']}</code>" in answer.text
        assert "Traceback" not in answer.text
    assert len([record for record in caplog.records if record.exc_info]) == 2
