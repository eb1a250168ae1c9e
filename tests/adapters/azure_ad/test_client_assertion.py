"""A certificate instead of a secret: what is signed, and which PEM texts will do."""

import base64
import hashlib
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from adapters.azure_ad.client_assertion import assertion, is_pem, read_certificate
from domain.errors import InvalidClientError
from tests.adapters.azure_ad.keys import CLIENT, NOW, certificate, certificate_pem, key, key_pem

AUDIENCE = "https://login.microsoftonline.com/tenant/oauth2/v2.0/token"


def test_the_assertion_is_what_entra_asks_for() -> None:
    signed = assertion(key_pem() + certificate_pem(), CLIENT, AUDIENCE, NOW, "id-1")
    digest = hashlib.sha256(certificate().public_bytes(Encoding.DER)).digest()
    assert jwt.get_unverified_header(signed) == {
        "alg": "PS256",
        "typ": "JWT",
        "x5t#S256": base64.urlsafe_b64encode(digest).decode().rstrip("="),
    }
    moment = int(NOW.timestamp())
    assert json.loads(jwt.api_jws.decode(signed, key().public_key(), ["PS256"])) == {
        "aud": AUDIENCE,
        "iss": CLIENT,
        "sub": CLIENT,
        "jti": "id-1",
        "nbf": moment,
        "iat": moment,
        "exp": moment + 600,
    }


@pytest.mark.parametrize(
    "pem",
    [
        certificate_pem() + key_pem(),
        key_pem(form=PrivateFormat.TraditionalOpenSSL) + certificate_pem(),
        key_pem() + certificate_pem(1) + certificate_pem(),
        f"Bag Attributes\n{key_pem()}Bag Attributes\n{certificate_pem()}",
        (key_pem() + certificate_pem()).replace("\n", "\r\n"),
    ],
    ids=["certificate first", "PKCS 1", "with its chain", "with attributes", "line ends of Windows"],
)
def test_key_and_certificate_are_found_in_any_order(pem: str) -> None:
    assert read_certificate(pem).key.private_numbers() == key().private_numbers()


def _encrypted() -> str:
    return key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"canary")).decode()


def _elliptic() -> str:
    private = ec.generate_private_key(ec.SECP256R1())
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    "pem",
    [
        "-----BEGIN",
        certificate_pem(),
        key_pem(),
        key_pem() + certificate_pem(1),
        _encrypted() + certificate_pem(),
        _elliptic() + certificate_pem(),
        key_pem().replace("M", "A", 5) + certificate_pem(),
        key_pem() + certificate_pem().replace("MII", "AAA"),
        key_pem() + "-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----\n",
        key_pem()[: len(key_pem()) // 2],
    ],
)
def test_a_pem_text_that_is_no_pair_rejects_this_credential_and_shows_nothing_of_it(pem: str) -> None:
    with pytest.raises(InvalidClientError) as caught:
        assertion(pem, CLIENT, AUDIENCE, NOW, "id-1")
    assert caught.value.error_code == "CLIENT_CERTIFICATE_UNUSABLE"
    assert "operator must" in str(caught.value)
    shown = f"{caught.value!r} {caught.value.details}"
    assert "canary" not in shown
    assert not any(line and line in shown for line in pem.splitlines()[1:3])


@given(st.text())
def test_no_text_is_a_defect(text: str) -> None:
    with pytest.raises(InvalidClientError):
        read_certificate(f"-----BEGIN PRIVATE KEY-----{text}-----END PRIVATE KEY-----")


def test_a_secret_is_no_pem_and_a_key_is_never_shown() -> None:
    assert not is_pem("a-secret~with.signs")
    found = read_certificate(key_pem() + certificate_pem())
    assert repr(found) == f"Certificate(thumbprint={found.thumbprint!r})"
