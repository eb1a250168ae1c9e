"""Ids as Exchange makes them: long, case-sensitive, in base64 with `+`, `/`, `=`; all follow from seed and numbers."""

import binascii
import re
from base64 import b64decode, b64encode
from hashlib import blake2b, sha256

_REGULAR = b"\x00\x03\x24"  # reads AAMk
_IMMUTABLE = b"\x00\x09\x00"  # reads AAkA
_CONVERSATION = b"\x00\x04\x24"  # reads AAQk
_PLAUSIBLE = re.compile(r"AA(?:Mk|kA|Qk)[A-Za-z0-9+/]{36,}={0,2}")
_KEY_SIZE, _NUMBER_SIZE, _MOVES_SIZE = 16, 5, 3


def mailbox_key(seed: int, object_id: str) -> bytes:
    """What all ids of one mailbox have in common."""
    return sha256(f"{seed}/mailbox/{object_id}".encode()).digest()[:_KEY_SIZE]


def message_id(key: bytes, number: int, moves: int) -> str:
    """The usual id: another one after each move."""
    return _id(_REGULAR, key, number, moves, 62)


def immutable_id(key: bytes, number: int) -> str:
    return _id(_IMMUTABLE, key, number, 0, 50)


def folder_id(key: bytes, number: int) -> str:
    return _id(_REGULAR, key, number, 0, 38)


def attachment_id(key: bytes, number: int, index: int) -> str:
    return _id(_REGULAR, key, number, index, 50)


def conversation_id(key: bytes, conversation: str) -> str:
    digest = blake2b(conversation.encode(errors="surrogatepass"), key=key, digest_size=22).digest()
    return b64encode(_CONVERSATION + key + digest).decode()


def conversation_index(key: bytes, conversation: str, number: int) -> str:
    digest = blake2b(conversation.encode(errors="surrogatepass"), key=key, digest_size=16).digest()
    return b64encode(b"\x01" + digest + number.to_bytes(_NUMBER_SIZE)).decode()


def change_key(number: int, version: int) -> str:
    return b64encode(b"\x09\x00\x00\x00\x16\x00\x00\x00" + number.to_bytes(8) + version.to_bytes(6)).decode()


def is_plausible(text: str) -> bool:
    """Whether it looks like an id at all: anything else is malformed, not only unknown."""
    return len(text) % 4 == 0 and _PLAUSIBLE.fullmatch(text) is not None


def number_in(text: str) -> int | None:
    """The number of the message that an id claims to be of. None: it is no id."""
    if not is_plausible(text):
        return None
    try:
        raw = b64decode(text, validate=True)
    except binascii.Error:
        return None
    start = len(_REGULAR) + _KEY_SIZE
    return int.from_bytes(raw[start : start + _NUMBER_SIZE])


def _id(prefix: bytes, key: bytes, number: int, extra: int, size: int) -> str:
    numbers = number.to_bytes(_NUMBER_SIZE) + extra.to_bytes(_MOVES_SIZE)
    return b64encode(prefix + key + numbers + blake2b(prefix + numbers, key=key, digest_size=size).digest()).decode()
