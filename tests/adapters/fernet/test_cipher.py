"""Keys, key ids and the shape of ciphertexts."""

import re
import traceback
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography.fernet import Fernet, MultiFernet
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.fernet.cipher import FernetCipher, generate_key, key_id
from domain.errors import ConfigurationError, EncryptionError
from ports.cipher import Binding

KEYS = [urlsafe_b64encode(bytes([number]) * 32).decode() for number in range(3)]
HERE = Binding("account", "access_token")
BAD_KEYS = [
    "",
    "canary",
    "canary" * 10,
    "canary key with spaces",
    "canary-ключ",
    "canary\udc80",
    KEYS[0][:-1],
    KEYS[0][:-4],
    KEYS[0] + "canary==",
    urlsafe_b64encode(b"canary" + bytes(27)).decode(),
    urlsafe_b64encode(b"canary" + bytes(25)).decode(),
]


def test_a_generated_key_is_a_fernet_key_and_never_the_same() -> None:
    keys = {generate_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(len(urlsafe_b64decode(key)) == 32 and len(key) == 44 for key in keys)
    assert FernetCipher(sorted(keys)).key_ids == tuple(key_id(key) for key in sorted(keys))


def test_a_key_id_is_the_same_for_good() -> None:
    """Stored ciphertexts begin with it: a change here would make every one of them unreadable."""
    assert key_id(KEYS[0]) == "94ca6854"


def test_a_key_id_tells_nothing_that_stands_in_the_key() -> None:
    for key in KEYS:
        assert re.fullmatch("[0-9a-f]{8}", key_id(key))
        assert key_id(key) not in urlsafe_b64decode(key).hex()


def test_the_key_id_stands_visibly_before_the_fernet_token() -> None:
    ciphertext = FernetCipher(KEYS).encrypt("secret", HERE)
    key, colon, token = ciphertext.partition(":")
    assert (key, colon) == (key_id(KEYS[0]), ":")
    assert token.startswith("gAAAA"), "version 0x80 and the first bytes of the time"
    assert "secret" not in ciphertext


def test_binding_and_secret_stand_length_prefixed_inside() -> None:
    ciphertext = FernetCipher(KEYS).encrypt("sécret", Binding("öwner", "field"))
    opened = Fernet(KEYS[0]).decrypt(ciphertext.partition(":")[2])
    assert opened == b"\0\0\0\6" + "öwner".encode() + b"\0\0\0\5field" + "sécret".encode()


@settings(max_examples=50)
@given(owner=st.text("ab", max_size=4), field=st.text("ab", max_size=4), plaintext=st.text("ab", max_size=4))
def test_the_binding_ends_where_it_ends(owner: str, field: str, plaintext: str) -> None:
    """("ab", "c") is not ("a", "bc"), nor does the beginning of a secret count as the end of a field."""
    cipher = FernetCipher(KEYS[:1])
    ciphertext = cipher.encrypt(plaintext, Binding(owner, field))
    joined = owner + field + plaintext
    for first in range(len(joined) + 1):
        for second in range(first, len(joined) + 1):
            binding = Binding(joined[:first], joined[first:second])
            if binding == Binding(owner, field):
                assert cipher.decrypt(ciphertext, binding) == plaintext
            else:
                with pytest.raises(EncryptionError) as caught:
                    cipher.decrypt(ciphertext, binding)
                assert caught.value.error_code == "CIPHERTEXT_MOVED"


def test_older_keys_open_as_with_multifernet_whatever_their_order() -> None:
    ciphertexts = [FernetCipher([key]).encrypt("secret", HERE) for key in KEYS]
    for order in (KEYS, KEYS[::-1]):
        assert [FernetCipher(order).decrypt(text, HERE) for text in ciphertexts] == ["secret"] * 3
        multi = MultiFernet([Fernet(key) for key in order])
        assert all(multi.decrypt(text.partition(":")[2]).endswith(b"secret") for text in ciphertexts)


def test_a_key_that_is_listed_twice_counts_once_at_its_first_place() -> None:
    cipher = FernetCipher([KEYS[1], KEYS[0], KEYS[1]])
    assert cipher.key_ids == (key_id(KEYS[1]), key_id(KEYS[0]))


def test_errors_tell_where_and_which_key() -> None:
    cipher = FernetCipher(KEYS[:1])
    with pytest.raises(EncryptionError) as caught:
        cipher.decrypt(cipher.encrypt("secret", HERE)[:-4], HERE)
    expected = {"owner": "account", "field": "access_token", "key_id": key_id(KEYS[0])}
    assert caught.value.details == expected
    assert not caught.value.transient


def test_without_a_key_there_is_no_cipher() -> None:
    with pytest.raises(ConfigurationError, match="keys generate") as caught:
        FernetCipher([])
    assert caught.value.error_code == "ENCRYPTION_KEY_INVALID"


@pytest.mark.parametrize("bad", BAD_KEYS, ids=range(len(BAD_KEYS)))
def test_what_is_not_a_fernet_key_is_refused_and_not_echoed(bad: str) -> None:
    for attempt in (lambda: FernetCipher([bad]), lambda: FernetCipher([KEYS[0], bad]), lambda: key_id(bad)):
        with pytest.raises(ConfigurationError, match="ENCRYPTION_KEY must be 32 url-safe") as caught:
            attempt()
        assert caught.value.error_code == "ENCRYPTION_KEY_INVALID"
        assert not bad or bad not in _everything_said(caught.value)
        assert "canary" not in _everything_said(caught.value)


def test_no_key_stands_in_what_a_cipher_shows() -> None:
    cipher = FernetCipher(KEYS)
    assert not any(key in f"{cipher!r} {cipher.key_ids}" for key in KEYS)


def _everything_said(error: BaseException | None) -> str:
    """Return message, details and arguments of the error and of every error behind it, but no lines of source."""
    said = []
    while error is not None:
        said.append(f"{error!r} {error} {getattr(error, 'details', '')} {traceback.format_exception_only(error)}")
        error = error.__cause__
    return " ".join(said)
