"""The promises of `Cipher`."""

import re
from collections.abc import Mapping

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.errors import EncryptionError, StaleKeyError, UnknownKeyError
from ports.cipher import Binding, Cipher, KeyId
from tests.contracts.properties import BINDINGS, QUICK, TEXT
from tests.contracts.rigs import WORLDS, World
from tests.contracts.scenes import refusal

HERE = Binding("account", "access_token")
NO_CIPHERTEXTS = [
    "",
    ":",
    "0",
    "0000000",
    "00000000",
    "00000000:",
    ":00000000",
    "secret",
    "password:secret",
    "ключ0000:é",
]


def _ciphers(*keys: str) -> Mapping[str, Cipher]:
    made = {}
    for name, opened in WORLDS.items():
        with opened() as world:
            made[name] = world.cipher(*keys)
    return made


CIPHERS = _ciphers("new", "old")
OTHERS = _ciphers("other")
EVERY = pytest.mark.parametrize("name", CIPHERS)


@EVERY
@QUICK
@given(plaintext=TEXT, binding=BINDINGS)
def test_whatever_is_encrypted_opens_with_its_binding(name: str, plaintext: str, binding: Binding) -> None:
    cipher = CIPHERS[name]
    for key in (None, *cipher.key_ids):
        ciphertext = cipher.encrypt(plaintext, binding, under=key)
        assert cipher.decrypt(ciphertext, binding) == plaintext
        assert cipher.key_id(ciphertext) == (key or cipher.key_ids[0])
        assert ciphertext.isascii()


@EVERY
@QUICK
@given(plaintext=TEXT, binding=BINDINGS, other=BINDINGS)
def test_no_other_binding_opens_it(name: str, plaintext: str, binding: Binding, other: Binding) -> None:
    assume(other != binding)
    ciphertext = CIPHERS[name].encrypt(plaintext, binding)
    with pytest.raises(EncryptionError):
        CIPHERS[name].decrypt(ciphertext, other)


@EVERY
@QUICK
@given(joined=st.text("abc\0\1", min_size=1, max_size=6), cuts=st.tuples(st.integers(0, 6), st.integers(0, 6)))
def test_owner_and_field_are_not_run_together(name: str, joined: str, cuts: tuple[int, int]) -> None:
    one, two = (Binding(joined[:cut], joined[cut:]) for cut in cuts)
    assume(one != two)
    ciphertext = CIPHERS[name].encrypt("secret", one)
    with pytest.raises(EncryptionError):
        CIPHERS[name].decrypt(ciphertext, two)


@EVERY
def test_neither_is_the_beginning_of_the_secret_part_of_the_binding(name: str) -> None:
    ciphertext = CIPHERS[name].encrypt("cd", Binding("a", "b"))
    for other in (Binding("a", "bc"), Binding("a", "bcd"), Binding("ab", "cd"), Binding("", "ab"), Binding("b", "a")):
        with pytest.raises(EncryptionError):
            CIPHERS[name].decrypt(ciphertext, other)


@EVERY
def test_two_calls_never_return_the_same(name: str) -> None:
    assert len({CIPHERS[name].encrypt("secret", HERE) for _ in range(100)}) == 100


@EVERY
def test_keys_are_named_by_eight_lower_case_hexadecimal_digits_the_primary_first(name: str) -> None:
    key_ids = CIPHERS[name].key_ids
    assert len(set(key_ids)) == 2
    assert all(re.fullmatch("[0-9a-f]{8}", key) for key in key_ids)
    assert CIPHERS[name].key_id(CIPHERS[name].encrypt("secret", HERE)) == key_ids[0]


def test_a_key_has_the_same_id_in_every_process(world: World) -> None:
    new, old = world.cipher("new", "old").key_ids
    assert world.cipher("old", "new").key_ids == (old, new)
    assert world.cipher("old").key_ids == (old,)


def test_what_was_encrypted_under_an_older_key_opens_while_that_key_is_at_hand(world: World) -> None:
    ciphertext = world.cipher("old").encrypt("secret", HERE)
    assert world.cipher("new", "old").decrypt(ciphertext, HERE) == "secret"
    assert world.cipher("newest", "new", "old").decrypt(ciphertext, HERE) == "secret"
    with refusal(UnknownKeyError):
        world.cipher("new").decrypt(ciphertext, HERE)


def test_the_key_of_a_ciphertext_is_told_also_to_who_has_not_got_it(world: World) -> None:
    ciphertext = world.cipher("old").encrypt("secret", HERE)
    assert world.cipher("new").key_id(ciphertext) == world.key_id("old")


@EVERY
def test_encrypting_under_a_key_that_is_not_at_hand_is_refused(name: str) -> None:
    with refusal(StaleKeyError):
        CIPHERS[name].encrypt("secret", HERE, under=OTHERS[name].key_ids[0])
    with refusal(StaleKeyError):
        CIPHERS[name].encrypt("secret", HERE, under=KeyId("unknown"))


@EVERY
@pytest.mark.parametrize("text", NO_CIPHERTEXTS)
def test_what_is_no_ciphertext_is_told_as_such(name: str, text: str) -> None:
    with refusal(EncryptionError):
        CIPHERS[name].key_id(text)
    with refusal(EncryptionError) as _:
        CIPHERS[name].decrypt(text, HERE)


@EVERY
@pytest.mark.parametrize("rest", ["x", "é", "5", "[]", "[1]", "null", "{}", "gAAAAA==", "\N{KEY}", " ", ":", "\0"])
def test_garbage_behind_a_known_key_does_not_open(name: str, rest: str) -> None:
    with refusal(EncryptionError):
        CIPHERS[name].decrypt(f"{CIPHERS[name].key_ids[0]}:{rest}", HERE)


@EVERY
@QUICK
@given(text=TEXT)
def test_no_text_is_opened_by_chance_and_none_fails_in_another_way(name: str, text: str) -> None:
    for garbage in (text, f"{CIPHERS[name].key_ids[0]}:{text}"):
        with pytest.raises(EncryptionError):
            CIPHERS[name].decrypt(garbage, HERE)


@EVERY
def test_a_ciphertext_that_was_truncated_anywhere_does_not_open(name: str) -> None:
    ciphertext = CIPHERS[name].encrypt("a secret of some length", HERE)
    for length in range(len(ciphertext)):
        for kept in (ciphertext[:length], ciphertext[len(ciphertext) - length :]):
            with pytest.raises(EncryptionError):
                CIPHERS[name].decrypt(kept, HERE)


@EVERY
@QUICK
@given(data=st.data(), plaintext=TEXT)
def test_a_ciphertext_that_was_damaged_never_opens_as_something_else(
    name: str, data: st.DataObject, plaintext: str
) -> None:
    """Base64 has more than one text for some bytes, so that not every damage destroys something."""
    cipher = CIPHERS[name]
    ciphertext = cipher.encrypt(plaintext, HERE)
    place = data.draw(st.integers(0, 9999)) % len(ciphertext)  # two ciphertexts may differ in length
    character = data.draw(st.sampled_from('abcXYZ0189-_=:"\\[,é'))
    try:
        opened = cipher.decrypt(ciphertext[:place] + character + ciphertext[place + 1 :], HERE)
    except EncryptionError:
        return
    assert opened == plaintext


@EVERY
def test_a_secret_that_was_changed_by_one_letter_does_not_open(name: str) -> None:
    ciphertext = CIPHERS[name].encrypt("secret-a", HERE)
    for place in range(len("00000000:"), len(ciphertext) - 4):
        letter = "B" if ciphertext[place] == "A" else "A"
        with pytest.raises(EncryptionError):
            CIPHERS[name].decrypt(ciphertext[:place] + letter + ciphertext[place + 1 :], HERE)


@EVERY
def test_a_ciphertext_that_is_passed_off_as_another_key_does_not_open(name: str) -> None:
    new, old = CIPHERS[name].key_ids
    ciphertext = CIPHERS[name].encrypt("secret", HERE, under=new)
    with pytest.raises(EncryptionError):
        CIPHERS[name].decrypt(old + ciphertext.removeprefix(new), HERE)


@EVERY
def test_errors_say_where_and_under_which_key_and_never_what(name: str) -> None:
    ciphertext = CIPHERS[name].encrypt("canary", HERE)
    alien = OTHERS[name].encrypt("canary", HERE)
    attempts = ((ciphertext, Binding("account", "refresh_token")), (ciphertext[:-9], HERE), (alien, HERE))
    for text, binding in attempts:
        with pytest.raises(EncryptionError) as caught:
            CIPHERS[name].decrypt(text, binding)
        told = f"{caught.value} {caught.value.details} {caught.value!r}"
        assert "canary" not in told
        assert text not in told
