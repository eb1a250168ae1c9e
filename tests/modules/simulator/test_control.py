"""The control API: everything that a Python test can do, for programs on this machine alone."""

from typing import Any

import pytest

from tests.modules.simulator.rig import Rig, running_rig

FAULTS: list[dict[str, Any]] = [
    {"kind": "aadsts", "code": 50076, "user": "kim.jiwon@contoso-class.example", "error": "interaction_required"},
    {"kind": "status", "code": 429, "retry_after": 2.5, "application": "web", "times": 1},
    {"kind": "graph", "status_code": 503, "code": "serviceNotAvailable"},
    {"kind": "html", "status_code": 502},
    {"kind": "truncated", "endpoint": "token"},
    {"kind": "slow", "seconds": 0, "before": False},
    {"kind": "dropped", "before": False, "endpoint": None},
    {"kind": "clock", "seconds": 60},
]


async def call(rig: Rig, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
    url = rig.url(f"_control/{path}")
    async with rig.http.request(method, url, json=body, headers=headers) as response:
        return response.status, await response.json()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["kind"])
async def test_each_kind_of_fault_can_be_added_seen_and_removed(rig: Rig, fault: dict[str, Any]) -> None:
    _, added = await call(rig, "POST", "faults", fault)
    _, seen = await call(rig, "GET", "faults")
    assert seen["faults"][added["id"]]["kind"] == fault["kind"]
    assert await call(rig, "POST", f"faults/{added['id']}/release") == (200, {})
    assert await call(rig, "DELETE", f"faults/{added['id']}") == (200, {})
    assert (await call(rig, "GET", "faults"))[1] == {"faults": {}}
    assert (await call(rig, "DELETE", f"faults/{added['id']}"))[0] == 404


async def test_an_added_fault_strikes(rig: Rig) -> None:
    await call(rig, "POST", "faults", {"kind": "aadsts", "code": 50173, "times": 1})
    assert (await rig.refresh("")).code == 50173
    await call(rig, "POST", "faults", {"kind": "aadsts", "code": 50173})
    await call(rig, "DELETE", "faults")
    assert (await rig.refresh("")).code == 900144


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "kind"),
        ([], "kind"),
        ({"kind": "earthquake"}, "kind"),
        ({"kind": ["aadsts"]}, "kind"),
        ({"kind": "aadsts"}, "code: missing"),
        ({"kind": "aadsts", "code": 1}, "AADSTS1"),
        ({"kind": "aadsts", "code": True}, "code: wrong type"),
        ({"kind": "aadsts", "code": 50076, "colour": "red", "size": 1}, "colour: unknown; size: unknown"),
        ({"kind": "status", "code": 429, "times": 0}, "times"),
        ({"kind": "status", "code": 42}, "must be"),
        ({"kind": "slow", "seconds": 1e9}, "must be"),
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(rig: Rig, body: object, said: str) -> None:
    status, answer = await call(rig, "POST", "faults", body)
    assert status == 400
    assert said in answer["error"]


async def test_the_clock_moves_forward_only(rig: Rig) -> None:
    before = rig.simulator.clock.now()
    status, answer = await call(rig, "POST", "clock", {"advance_seconds": 3600})
    assert (status, rig.simulator.clock.now() > before) == (200, True)
    assert answer["now"] > before.isoformat()
    for wrong in ({"advance_seconds": -1}, {"advance_seconds": 1e300}, {"advance_seconds": 1e12}, {}):
        assert (await call(rig, "POST", "clock", wrong))[0] == 400


async def test_people_can_be_changed_added_and_revoked(rig: Rig) -> None:
    user = rig.user()
    body = {"enabled": False, "mfa": True, "blocked": True, "password": "new"}
    assert (await call(rig, "PATCH", f"users/{user.upn}", body))[0] == 200
    assert (user.enabled, user.mfa, user.blocked, user.password, user.passwords_of) == (False, True, True, "new", 1)
    await call(rig, "POST", f"users/{user.upn}/revoke")
    assert user.grants_of == 1
    assert (await call(rig, "PATCH", "users/nobody", {}))[0] == 404
    _, added = await call(rig, "POST", "users", {"upn": "new@contoso-class.example", "name": "New"})
    assert rig.simulator.directory.user("new@contoso-class.example").object_id == added["object_id"]
    assert (await call(rig, "POST", "users", {"upn": "new@contoso-class.example"}))[0] == 400
    assert (await call(rig, "POST", "users", {"upn": "x@x.example", "tenant": "nobody.example"}))[0] == 404


async def test_applications_can_be_changed(rig: Rig) -> None:
    assert (await call(rig, "PATCH", "applications/web", {"assigned_only": True}))[0] == 200
    assert rig.application().assigned_only
    _, secret = await call(rig, "POST", "applications/web/secrets", {"lifetime_seconds": 60})
    assert rig.application().secrets[-1].value == secret["value"]
    uri = {"uri": "https://app.example/callback", "platform": "web"}
    assert (await call(rig, "POST", "applications/web/redirect_uris", uri))[0] == 200
    assert rig.application().redirect_platform(uri["uri"]) == "web"
    for wrong in ({"uri": "http://app.example/", "platform": "web"}, {**uri, "platform": "moon"}):
        assert (await call(rig, "POST", "applications/web/redirect_uris", wrong))[0] == 400
    assert (await call(rig, "PATCH", "applications/unknown", {}))[0] == 404


async def test_keys_can_be_rolled(rig: Rig) -> None:
    _, answer = await call(rig, "POST", "keys/roll", {"keep_old": False})
    assert [key["kid"] for key in (await rig.get("common/discovery/v2.0/keys")).body["keys"]] == [answer["kid"]]


async def test_switches_can_be_read_and_set(rig: Rig) -> None:
    wanted = {"token_lifetime": 90, "strict": True, "extra_scopes": ["a"], "device_interval": 1, "refresh_in": None}
    status, answer = await call(rig, "PATCH", "switches", wanted)
    assert (status, {name: answer[name] for name in wanted}) == (200, wanted)
    assert (await call(rig, "GET", "switches"))[1] == answer
    assert (await call(rig, "PATCH", "switches", {"gravity": 0}))[0] == 400


async def test_state_and_requests_hold_no_secrets(rig: Rig) -> None:
    answer = await rig.signed_in()
    _, state = await call(rig, "GET", "state")
    _, log = await call(rig, "GET", "requests")
    assert [each["endpoint"] for each in log["requests"]][-1] == "token"
    secrets = [rig.application().secrets[0].value, rig.user().password, answer.body["refresh_token"]]
    assert not any(secret in str([state, log]) for secret in secrets)
    assert rig.user().upn in str(state)
    await call(rig, "DELETE", "requests")
    assert (await call(rig, "GET", "requests"))[1] == {"requests": []}


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "simulator.example"},
        {"Host": "evil.example:80"},
        {"Host": "[::1"},
        {"Origin": "http://localhost:5000"},
        {"Origin": "null"},
    ],
)
async def test_who_comes_by_another_name_or_from_a_page_is_refused(rig: Rig, headers: dict[str, str]) -> None:
    assert (await call(rig, "DELETE", "faults", None, **headers))[0] == 403


async def test_a_body_must_be_json_and_say_so(rig: Rig) -> None:
    for kind, text in (("text/plain", "{}"), ("application/json", "{"), ("application/json", "[" * 100_000)):
        async with rig.http.post(rig.url("_control/faults"), data=text, headers={"Content-Type": kind}) as response:
            assert response.status == 400, kind


async def test_there_is_no_control_unless_it_is_wanted() -> None:
    async with running_rig(control=False) as rig, rig.http.get(rig.url("_control/state")) as response:
        assert response.status == 404
