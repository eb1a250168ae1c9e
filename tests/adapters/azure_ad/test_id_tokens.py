"""Who signed in: a good id token, and every way in which one can be bad."""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta

import attrs
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from adapters.azure_ad.id_tokens import CONSUMERS_TENANT, Expected, Person, key_id, verify
from adapters.azure_ad.signing_keys import SigningKey
from domain.account import Identity
from domain.errors import AuthenticationError
from tests.adapters.azure_ad.keys import (
    CLIENT,
    ISSUER,
    NONCE,
    NOW,
    OTHER_TENANT,
    TEMPLATE,
    TENANT,
    claims,
    id_token,
    key,
    signed,
)

EXPECTED = Expected(client_id=CLIENT, issuer=ISSUER, nonce=NONCE, now=NOW)
MINUTE = timedelta(minutes=1)


def _key(issuer: str | None = ISSUER) -> SigningKey:
    return SigningKey(key=key().public_key(), issuer=issuer)


def _verify(token: str, expected: Expected = EXPECTED, signed_with: SigningKey | None = None) -> Person:
    return verify(token, signed_with or _key(), expected)


def _believed(token: str, expected: Expected, signed_with: SigningKey | None) -> Person:
    """Do what the adapter does: look for the key, then verify with it."""
    assert key_id(token)
    return _verify(token, expected, signed_with)


def _rejected(token: str, expected: Expected = EXPECTED, signed_with: SigningKey | None = None) -> AuthenticationError:
    with pytest.raises(AuthenticationError) as caught:
        _believed(token, expected, signed_with)
    assert caught.value.error_code == "ID_TOKEN_REJECTED"
    assert not token or token not in f"{caught.value!r} {caught.value.details}"
    return caught.value


def test_a_good_id_token_says_who_signed_in() -> None:
    assert key_id(id_token()) == "key-1"
    assert _verify(id_token()) == Person(
        identity=Identity(tenant_id=TENANT, object_id="oid-1"),
        username="ann@example.com",
        email="ann@example.com",
        name="Ann 앤",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another"},
        {"aud": None},
        {"aud": [CLIENT, "another"]},
        {"aud": []},
        {"azp": "another"},
        {"iss": None},
        {"iss": f"https://login.example/{OTHER_TENANT}/v2.0"},
        {"iss": f"{ISSUER}/"},
        {"iss": ISSUER.upper()},
        {"iss": ISSUER.replace("https", "http")},
        {"iss": [ISSUER]},
        {"tid": None},
        {"tid": 7},
        {"oid": None},
        {"oid": ""},
        {"oid": ["oid-1"]},
        {"oid": "bad\x00"},
        {"exp": None},
        {"exp": "soon"},
        {"exp": str(int(NOW.timestamp()) + 3600)},
        {"exp": True},
        {"iat": None},
        {"iat": -5},
        {"nbf": "now"},
        {"nbf": float("inf")},
    ],
    ids=str,
)
def test_a_wrong_claim_is_rejected(changes: dict[str, object]) -> None:
    _rejected(id_token(**changes))


@pytest.mark.parametrize("nonce", [None, "", "another", "nonce-12", NONCE.upper(), 7, "\ud800"])
def test_the_nonce_of_another_sign_in_rejects_the_code(nonce: object) -> None:
    with pytest.raises(AuthenticationError) as caught:
        _verify(id_token(nonce=nonce))
    assert caught.value.error_code == "CODE_REJECTED"


def test_a_flow_without_nonce_has_none_to_compare() -> None:
    assert _verify(id_token(nonce=None), attrs.evolve(EXPECTED, nonce=None)).identity.tenant_id == TENANT


@pytest.mark.parametrize(
    ("now", "good"),
    [
        (NOW - 4 * MINUTE, True),
        (NOW - 6 * MINUTE, False),
        (NOW + 64 * MINUTE, True),
        (NOW + 65 * MINUTE, False),
    ],
)
def test_clocks_may_be_five_minutes_apart(now: datetime, *, good: bool) -> None:
    expected = attrs.evolve(EXPECTED, now=now)
    if good:
        _verify(id_token(), expected)
    else:
        assert "clock" in str(_rejected(id_token(), expected))


def test_times_may_have_fractions_and_nbf_may_be_missing() -> None:
    _verify(id_token(iat=NOW.timestamp() + 0.5, exp=NOW.timestamp() + 3600.5, nbf=None))


# Signatures


def _forged(header: dict[str, object], secret: bytes | None = None) -> str:
    """Return a token with this header, unsigned or signed with HMAC."""
    parts = [_encoded(json.dumps(part).encode()) for part in ({"typ": "JWT", **header}, claims())]
    signature = b"" if secret is None else hmac.digest(secret, ".".join(parts).encode(), hashlib.sha256)
    return ".".join([*parts, _encoded(signature)])


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


PUBLIC_PEM = key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "token",
    [
        _forged({"alg": "none", "kid": "key-1"}),
        _forged({"alg": "None", "kid": "key-1"}),
        _forged({"alg": "HS256", "kid": "key-1"}, PUBLIC_PEM),
        _forged({"alg": "RS256", "kid": "key-1"}, PUBLIC_PEM),
        _forged({"alg": "RS256", "kid": "key-1"}),
        _forged({"alg": "RS256"}),
        _forged({"alg": "RS256", "kid": 7}),
        _forged({"alg": ["RS256"], "kid": "key-1"}),
        _forged({"kid": "key-1"}),
        jwt.encode(claims(), key(), "PS256", headers={"kid": "key-1"}),
        jwt.encode(claims(), key(), "RS512", headers={"kid": "key-1"}),
        jwt.encode(claims(), key(), "RS256", headers={"kid": "key-1", "crit": ["exp"]}),
        signed(claims(), 1),
        id_token()[:-4],
        id_token() + "AAAA",
        f"{id_token()}.x",
        "a.b.c",
        "",
        ".." + "x" * 100_000,
    ],
)
def test_what_is_not_signed_with_rs256_and_the_key_is_rejected(token: str) -> None:
    _rejected(token)


def test_a_changed_claim_breaks_the_signature() -> None:
    head, _, signature = id_token().split(".")
    changed = _encoded(json.dumps(claims(oid="somebody else")).encode())
    _rejected(f"{head}.{changed}.{signature}")


@pytest.mark.parametrize("payload", [b"[]", b"no JSON", b"\xff", b'{"a":' + b"[" * 5000])
def test_a_signed_payload_without_claims_is_rejected(payload: bytes) -> None:
    _rejected(signed(payload))


@given(st.text())
def test_no_text_is_a_defect(text: str) -> None:
    for token in (text, f"{text}.{text}.{text}"):
        with pytest.raises(AuthenticationError):
            key_id(token)


@given(
    st.dictionaries(
        st.sampled_from(["aud", "iss", "tid", "oid", "exp", "iat", "nbf", "nonce", "azp", "email", "name", "xms_edov"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()),
        min_size=1,
        max_size=3,
    )
)
def test_no_claim_is_a_defect(changes: dict[str, object]) -> None:
    try:
        person = _verify(id_token(**changes))
    except AuthenticationError:
        return
    assert person.identity.tenant_id
    assert person.name is None or person.name.isprintable()


# Issuers


def _many(issuer: str | None = TEMPLATE) -> tuple[Expected, SigningKey]:
    return attrs.evolve(EXPECTED, issuer=TEMPLATE), _key(issuer)


@pytest.mark.parametrize("bound", [TEMPLATE, ISSUER, None])
def test_under_an_issuer_for_many_the_tokens_own_tenant_counts(bound: str | None) -> None:
    expected, signed_with = _many(bound)
    assert _verify(id_token(), expected, signed_with).identity.tenant_id == TENANT


@pytest.mark.parametrize(
    "changes",
    [
        {"tid": OTHER_TENANT},
        {"tid": None},
        {"tid": "contoso.com", "iss": "https://login.example/contoso.com/v2.0"},
        {"tid": "{tenantid}", "iss": TEMPLATE},
        {"tid": f"{TENANT}/v2.0#", "iss": f"https://login.example/{TENANT}/v2.0#/v2.0"},
    ],
    ids=str,
)
def test_issuer_and_tenant_must_agree(changes: dict[str, object]) -> None:
    expected, signed_with = _many()
    _rejected(id_token(**changes), expected, signed_with)


@pytest.mark.parametrize(
    "bound", [f"https://login.example/{OTHER_TENANT}/v2.0", "https://login.other/{tenantid}/v2.0", f"{ISSUER}/"]
)
def test_a_key_signs_only_for_the_issuer_that_it_is_bound_to(bound: str) -> None:
    expected, signed_with = _many(bound)
    _rejected(id_token(), expected, signed_with)
    _rejected(id_token(), EXPECTED, signed_with)


# What people wrote about themselves


@pytest.mark.parametrize(
    ("changes", "email"),
    [
        ({}, "ann@example.com"),
        ({"email_verified": True}, "ann@example.com"),
        ({"email_verified": False}, None),
        ({"email": None}, None),
        ({"email": ["ann@example.com"]}, None),
        ({"email": "a\r\nb@example.com"}, None),
        ({"email": "a" * 400}, None),
    ],
    ids=str,
)
def test_a_tenants_own_directory_vouches_for_addresses(changes: dict[str, object], email: str | None) -> None:
    assert _verify(id_token(**changes)).email == email


@pytest.mark.parametrize(
    ("changes", "email"),
    [
        ({}, None),
        ({"xms_edov": True}, "ann@example.com"),
        ({"xms_edov": "1"}, "ann@example.com"),
        ({"xms_edov": False}, None),
        ({"xms_edov": "0"}, None),
        ({"xms_edov": {}}, None),
        ({"tid": CONSUMERS_TENANT, "iss": TEMPLATE.replace("{tenantid}", CONSUMERS_TENANT)}, "ann@example.com"),
    ],
    ids=str,
)
def test_among_many_tenants_nobody_is_believed_to_own_an_address(changes: dict[str, object], email: str | None) -> None:
    expected, signed_with = _many()
    assert _verify(id_token(**changes), expected, signed_with).email == email


def test_names_that_cannot_be_shown_are_left_out() -> None:
    person = _verify(id_token(name="a\u202eb", preferred_username="\x1b[2J"))
    assert (person.name, person.username) == (None, None)
