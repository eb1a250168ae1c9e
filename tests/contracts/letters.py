"""Letters that are delivered to every implementation of `Mailbox`, what becomes of them there, and filters for them.

A letter is a `Draft` of the simulator's: what a sender decides. `mail_of` says what a mailbox must tell of it.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

import attrs
from hypothesis import strategies as st

from domain.mail import (
    Attachment,
    AttachmentKind,
    BodyFormat,
    Importance,
    Mail,
    MailAddress,
    MailBody,
)
from domain.mail_filter import MailFilter, words
from modules.simulator.mail.content import Address, Attached, Draft, File, Link
from tests.contracts.properties import TEXT

T = TypeVar("T")

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
KIM = Address("kim.lee@yard.example", "Kim Lee")
OFFICE = Address("office@owner.example", "Office")

_WORDS = (
    "hull",
    "HULL",
    "survey",
    "선체",
    "점검",
    "Straße",
    "50%",
    "A&B",
    "c#",
    "o'neil",
    '"go"',
    "back\\",
    "+1",
    "a_b",
)
_GAPS = (" ", "  ", "-", ", ", "*", "\\", "'")
_ADDRESSES = (
    "kim.lee@yard.example",
    "KIM.Lee@Yard.example",
    "kim.lee@yard.example.org",
    "lee@yard.example",
    "o'neil+a&b#c%d@owner.example",
    "선체@yard.example",
    "/O=YARD/CN=KIM",
    '"kim lee"@yard.example',
)
_TAGS = ("<p>", "</p>", "<br>", '<a href="hull survey">', "&amp;", "&#49440;", " ")


def draft(number: int = 0, /, **changes: Any) -> Draft:  # noqa: ANN401 - the fields of a draft
    """Return a plain letter, received so many seconds after noon."""
    moment = NOON + number * SECOND
    return Draft(
        **{
            "subject": f"Letter {number}",
            "sender": KIM,
            "to": (OFFICE,),
            "sent_at": moment - SECOND,
            "received_at": moment,
            "internet_message_id": f"<{number}@yard.example>",
            **changes,
        }
    )


def mail_of(letter: Draft, message_id: str, folder_id: str) -> Mail:
    """Return the mail that a letter is, whole, as far as the sender decides it."""
    return Mail(
        message_id=message_id,
        folder_id=folder_id,
        internet_message_id=letter.internet_message_id,
        subject=letter.subject,
        sender=_address(letter.sender),
        sent_by=_address(letter.sent_by or letter.sender),
        to=_addresses(letter.to),
        cc=_addresses(letter.cc),
        bcc=_addresses(letter.bcc),
        reply_to=_addresses(letter.reply_to),
        received_at=letter.received_at,
        sent_at=letter.sent_at,
        is_read=letter.is_read,
        is_draft=letter.is_draft,
        importance=Importance(letter.importance),
        has_attachments=any(not isinstance(each, File) or not each.is_inline for each in letter.attachments),
        categories=letter.categories,
        body=MailBody(format=BodyFormat(letter.body_type), content=letter.body),
        headers=letter.headers,
        attachments=tuple(
            _attachment(each, f"{message_id}-{number}") for number, each in enumerate(letter.attachments)
        ),
    )


def _address(address: Address | None) -> MailAddress | None:
    return None if address is None else MailAddress(address.address or None, address.name or None)


def _addresses(addresses: tuple[Address, ...]) -> tuple[MailAddress, ...]:
    return tuple(each for each in map(_address, addresses) if each is not None)


def _attachment(attached: Attached, attachment_id: str) -> Attachment:
    plain = Attachment(
        attachment_id=attachment_id,
        name=attached.name,
        kind=AttachmentKind.LINK if isinstance(attached, Link) else AttachmentKind.ITEM,
        media_type=None,
        size_bytes=0,
        is_inline=False,
    )
    if not isinstance(attached, File):
        return plain
    return attrs.evolve(
        plain,
        kind=AttachmentKind.FILE,
        media_type=attached.content_type,
        size_bytes=len(attached.content),
        is_inline=attached.is_inline,
        content_id=attached.content_id,
    )


class _Choice(Random):
    """Chance that is the same every time."""

    def text(self, parts: Sequence[str]) -> str:
        """Return some of the parts with gaps between them."""
        pieces = (f"{self.choice(parts)}{self.choice(_GAPS)}" for _ in range(self.randint(1, 4)))
        return "".join(pieces).strip()

    def part(self, text: str) -> str:
        """Return a part of a text."""
        first = self.randrange(len(text))
        return text[first : self.randint(first + 1, len(text))]

    def address(self) -> Address:
        """Return somebody."""
        address = self.choice(_ADDRESSES)
        return Address(address, self.choice(["", self.choice(_ADDRESSES), self.text(_WORDS)]))

    def addresses(self) -> tuple[Address, ...]:
        """Return up to two people."""
        return tuple(self.address() for _ in range(self.randint(0, 2)))

    def attached(self) -> Attached:
        """Return something that may be attached."""
        if self.random() < 1 / 3:
            return Link(name=self.text(_WORDS), url="https://yard.example/file")
        inline = self.random() < 1 / 2
        return File(name=self.text(_WORDS), content_type="text/plain", content=b"content", is_inline=inline)

    def moment(self) -> datetime:
        """Return one of a few moments, some of them a second apart."""
        return NOON + timedelta(days=self.randint(-3, 3), seconds=self.randint(-2, 2))

    def letter(self) -> Draft:
        """Return a letter of which every part may be anything."""
        html = self.random() < 1 / 2
        return draft(
            subject=self.text(_WORDS),
            sender=None if self.random() < 1 / 8 else self.address(),
            to=self.addresses(),
            cc=self.addresses(),
            bcc=self.addresses(),
            body=self.text((*_WORDS, *_TAGS) if html else _WORDS),
            body_type="html" if html else "text",
            received_at=self.moment(),
            importance=self.choice(["low", "normal", "high"]),
            is_read=self.random() < 1 / 2,
            attachments=tuple(self.attached() for _ in range(self.randint(0, 2))),
        )


def _made(make: Callable[[_Choice], T]) -> st.SearchStrategy[T]:
    """Draw a number, and make something of it: much faster than drawing each part."""
    return st.integers(0, 100_000).map(lambda number: make(_Choice(number)))


DRAFTS = _made(_Choice.letter)
_ANY_TEXT = TEXT.filter(lambda text: 0 < len(text) == len(text.strip()) and text.isprintable())
_TEXTS = _made(lambda choice: choice.text(_WORDS))
_WANTED = _made(lambda choice: choice.part(choice.text(_WORDS)).strip()).filter(bool) | _ANY_TEXT
_PEOPLE = (
    st.sampled_from(_ADDRESSES[:-1])
    | _made(lambda choice: choice.part(choice.choice(_ADDRESSES)).strip()).filter(bool)
    | _WANTED
)
_BEGINNINGS = st.builds("{}*".format, _WANTED)
_PHRASES = st.lists((_TEXTS | _WANTED | _BEGINNINGS).filter(words), max_size=2).map(tuple)
_BOUNDS = st.builds(
    lambda moment, ticks: moment + timedelta(microseconds=ticks), _made(_Choice.moment), st.integers(-1, 1)
)


@st.composite
def filters(draw: st.DrawFn) -> MailFilter:
    """Draw a filter that letters meet now and then."""
    since, before = sorted(draw(st.lists(_BOUNDS, min_size=2, max_size=2, unique=True)))
    drawn = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "since": st.just(since),
                "before": st.just(before),
                "sender": _PEOPLE,
                "recipient": _PEOPLE,
                "subject": _WANTED,
                "phrases": _PHRASES,
                "unread": st.booleans(),
                "has_attachments": st.booleans(),
                "importance": st.sampled_from(Importance),
            },
        )
    )
    conditions: dict[str, Any] = dict(drawn)
    return MailFilter(**conditions)
