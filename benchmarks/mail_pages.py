"""Pages of mail as Graph sends them: generated correspondence in a mailbox of the local Microsoft 365."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Final

import attrs

from adapters.graph.selection import ALWAYS, BODY
from modules.simulator.correspondence.generator import generate
from modules.simulator.mail.content import Address, Draft
from modules.simulator.mail.mailbox import Mailbox
from modules.simulator.mail.rendering import Shape, encoded, in_order, rendered
from modules.simulator.people import User
from modules.simulator.settings import MOST_MAILS

PAGE: Final = 1000
"""Messages of a page: the most that Graph gives."""

_SEED: Final = 7
_BODY_CHARACTERS: Final = 4096
_STRANGERS: Final = 3
_MOST_DRAFTS: Final = 1000
"""So many mails are generated; what is more are these again, as other messages."""
_UNTIL: Final = datetime(2026, 11, 1, tzinfo=UTC)
_OWNER: Final = Address(address="reader@contoso.example", name="Reader")
_HEAD: Final = b'{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users/messages","value":['
_TAIL: Final = b'],"@odata.deltaLink":"https://graph.microsoft.com/v1.0/users/messages/delta?$deltatoken=next"}'


@attrs.frozen(kw_only=True)
class Letters:
    """Which mails the pages hold. `has_bodies`: of 4,096 characters each. `strangers`: each mail has correspondents of
    its own, whom no other mail names; otherwise they are those of an office, the same again and again.
    """

    has_bodies: bool
    strangers: bool = False

    @property
    def asked(self) -> frozenset[str]:
        """The fields that are asked for beside those that always come."""
        return frozenset((BODY,)) if self.has_bodies else frozenset()


def pages(letters: Letters, count: int, size: int = PAGE) -> list[bytes]:
    """Return so many pages of `size` messages; no message comes twice."""
    known = _drafts(min(count * size, _MOST_DRAFTS))
    chance = random.Random(_SEED)  # noqa: S311 - names of people, no secrets
    mailbox = Mailbox(_owner(), seed=_SEED, now=lambda: _UNTIL)
    shape = Shape(names=in_order([*ALWAYS, *letters.asked]), immutable=True)
    found = []
    for first in range(0, count * size, size):
        drafts = [known[number % len(known)] for number in range(first, first + size)]
        found.append(
            _page(mailbox, shape, [_of_strangers(each, chance) for each in drafts] if letters.strangers else drafts)
        )
    return found


@lru_cache(4)
def _drafts(count: int) -> Sequence[Draft]:
    drafts = (each.draft for each in generate(_SEED, _OWNER, MOST_MAILS, until=_UNTIL))
    received = islice((each for each in drafts if not each.is_draft), count)
    return [attrs.evolve(each, body=_lengthened(each.body)) for each in received]


def _lengthened(body: str) -> str:
    """Return the body again and again, up to the length that all have."""
    return (body * (_BODY_CHARACTERS // len(body) + 1))[:_BODY_CHARACTERS]


def _of_strangers(draft: Draft, chance: random.Random) -> Draft:
    sender, *to = (_stranger(chance) for _ in range(_STRANGERS + 1))
    return attrs.evolve(draft, sender=sender, to=tuple(to), cc=())


def _stranger(chance: random.Random) -> Address:
    name = f"{chance.getrandbits(48):x}"
    return Address(address=f"{name}@{name[:3]}.example", name=f"Stranger {name}")


def _page(mailbox: Mailbox, shape: Shape, drafts: Sequence[Draft]) -> bytes:
    return b"".join((_HEAD, b",".join(encoded(rendered(mailbox.deliver(each), shape)) for each in drafts), _TAIL))


def _owner() -> User:
    return User(
        upn=_OWNER.address,
        mail=_OWNER.address,
        name=_OWNER.name,
        password="",
        object_id="0e8f1c52-7f1b-4d53-9d0f-3a5be4a1c001",
        tenant_id="7d2a1a52-4f0c-4a8e-9d57-1c6b0f3a9e11",
    )
