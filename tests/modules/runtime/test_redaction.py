"""No secret passes, wherever it stands; what is no secret passes unchanged; no text takes long."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.runtime.redaction import MASK, is_secret_name, redact, redact_text
from tests.modules.runtime.samples import NAMED, SHAPED

ANY_TEXT = st.text(alphabet=st.characters(codec="utf-8"))
CANARY = "canary-Value_123"


@pytest.mark.parametrize("secret", SHAPED.values(), ids=SHAPED.keys())
@settings(max_examples=40)
@given(before=ANY_TEXT, after=ANY_TEXT)
def test_a_secret_with_a_shape_is_masked_wherever_it_stands(secret: str, before: str, after: str) -> None:
    assert secret not in redact_text(before + secret + after)
    assert secret not in redact_text(f"{before} {secret}\n{after}")


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize(
    "form",
    [
        "{name}={value}",
        "grant_type=x&{name}={value}&scope=y",
        "https://h/cb?{name}={value}",
        '{{"{name}": "{value}"}}',
        '{{\\"{name}\\": \\"{value}\\"}}',
        "{{'{name}': '{value}'}}",
        "{{'{name}': b'{value}'}}",
        "Settings({name}='{value}')",
        "'{name}'  :  '{value}'",
        "{name}%3D{value}",
        '"{name}": "two words {value}"',
    ],
)
def test_a_pair_inside_a_text_is_masked(form: str, name: str) -> None:
    for spelled in (name, name.upper()):
        masked = redact_text(f"before {form.format(name=spelled, value=CANARY)} after")
        assert CANARY not in masked
        assert masked.startswith("before ")


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"authorization: Basic {CANARY}",
        f"bearer  {CANARY}",
        f"'Authorization': 'Bearer {CANARY}'",
        f"Cookie: session=1; other={CANARY}",
        f"Set-Cookie: session={CANARY}; HttpOnly",
        f"clientSecret={CANARY}",
        f"AZURE_CLIENT_SECRET={CANARY}",
        f"client_secrets=('a', '{CANARY}')",
        f"client-secret: {CANARY}",
        f"password : {CANARY}",
        f"kafka://user:{CANARY}@host:9092",
        f'password="an open quote {CANARY}',
        f'password="an \\" escaped quote {CANARY}" x',
    ],
)
def test_other_places_in_a_text_are_masked(text: str) -> None:
    assert CANARY not in redact_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "modules.mail_query started, 25 mails in 1.5 s",
        "exit code: 1, status code=404, error_code=TOKEN_REFRESH_FAILED",
        "token refreshed for kim@example.com until 2025-09-30T14:33:22+00:00",
        "AssertionError: left is not right",
        "key=value list=[1, 2] path=/var/lib/iacsgraph/data.db",
        "account 0f8fad5b-d9cb-469f-a165-70867728950e is ACTIVE",
        "https://graph.microsoft.com/v1.0/me/messages?$top=10&$select=id",
        "the risk-assessment-of-the-whole is a task-that-takes-long",
        "메일 조회 시작: kimghw",
    ],
)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert redact_text(text) == text


@given(ANY_TEXT)
def test_masking_twice_changes_nothing_more_than_once_for_shapes(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "ENCRYPTED "])
def test_a_private_key_is_masked_and_what_follows_it_is_not(kind: str) -> None:
    body = f"{CANARY.replace('-', '+')}\n{CANARY.replace('-', '/')}=="
    pem = f"-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----\n"
    certificate = "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----"
    for text in (pem, repr(pem), json.dumps(pem), pem[:60]):
        assert "Value" not in redact_text(f"before {text}")
    assert redact_text(pem + certificate).endswith(certificate)


@pytest.mark.parametrize(
    "unit",
    ["-----BEGIN PRIVATE KEY-----", "-----BEGIN ", "-",
     "eyJ", "gAAAA", "A", "A=", "a.", "0.A", "M.C5_", "abc8Q~", "client_secret", "client_secret=", "password:\\",
     'code="', "Bearer ", "://", "://a", "cookie: ", "'", "\\", " ", "sk-", "[", "password=(", "x="],
)  # fmt: skip
def test_masking_takes_time_linear_in_the_text(unit: str) -> None:
    """Ten times the text may take ten times as long (fifty, on a busy machine), not a hundred times."""

    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        times = []
        for _ in range(3):
            start = time.process_time()
            redact_text(text)
            times.append(time.process_time() - start)
        return min(times)

    assert any(seconds(20_000) < 50 * max(seconds(2_000), 0.001) for _ in range(10))


@pytest.mark.parametrize(
    "name", [*NAMED, "authorization", "Set-Cookie", "accessToken", "X-Api-Key", "old_refresh_token"]
)
def test_a_value_with_a_secret_name_is_masked_whatever_it_is(name: str) -> None:
    for value in (CANARY, CANARY.encode(), [CANARY], {"x": CANARY}, 123456):
        assert redact({name: value}) == {name: MASK}
        assert redact({"outer": [{name: value}]}) == {"outer": [{name: MASK}]}
        assert redact([(name, value)]) == [[name, MASK]]


def test_absence_is_shown() -> None:
    assert redact({"refresh_token": None, "password": False}) == {"refresh_token": None, "password": False}


@pytest.mark.parametrize("name", ["error_code", "token_count", "expires_in", "user_id", "secrets", "codec", "key_id"])
def test_other_names_are_not_secret(name: str) -> None:
    assert not is_secret_name(name)


@settings(max_examples=50)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
                    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner), max_leaves=20),
       st.sampled_from(sorted(SHAPED.values())))  # fmt: skip
def test_redacted_data_is_plain_and_holds_no_secret(value: object, secret: str) -> None:
    text = json.dumps(redact({"before": value, secret: [value, {"deep": f"x {secret}"}]}), allow_nan=False)
    assert secret not in text


def test_other_values_become_masked_text() -> None:
    class Foreign:
        def __str__(self) -> str:
            return f"client_secret={CANARY}"

    class Broken:
        def __str__(self) -> str:
            raise RuntimeError(CANARY)

    assert redact([Foreign(), Broken()]) == ["client_secret=***", "<Broken without text>"]
    assert redact((b"\xff client_secret=" + CANARY.encode(), {1: 2})) == ["\\xff client_secret=***", {"1": 2}]
    now, span = datetime.now(UTC), timedelta(seconds=1)
    assert redact([now, span, float("nan")]) == [now, span, "nan"]


def test_a_cycle_ends() -> None:
    loop: dict[str, object] = {}
    loop["self"] = loop
    value: object = redact(loop)
    for _ in range(8):
        assert isinstance(value, Mapping)
        value = value["self"]
    assert value == "..."
