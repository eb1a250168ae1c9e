"""Messages as they travel (RFC 5322, MIME): always the same bytes for the same message."""

import re
from collections.abc import Iterable, Iterator
from email.headerregistry import Address as HeaderAddress
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

import attrs

from modules.simulator.mail.content import Address, Draft, File, Item, Link
from modules.simulator.mail.html_text import text_of_html
from modules.simulator.mail.mailbox import Message

UNKNOWN_TYPE = "application/octet-stream"
_TYPE = re.compile(r"([A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*)/([A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*)")
_NESTED = frozenset({"message", "multipart"})
_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_SIMPLE_ADDRESS = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_UNENCODABLE = re.compile(r"[\ud800-\udfff]")

# The library's parser of message ids stumbles over what is none; as any text, they are written as they are.
_REGISTRY = HeaderRegistry()
_STRUCTURED = frozenset(_REGISTRY.registry)
del _REGISTRY.registry["message-id"]
_POLICY = SMTP.clone(header_factory=_REGISTRY)


def mime(draft: Draft, key: str) -> bytes:
    """The message as MIME. `key` makes its boundaries its own.

    An HTML body comes with its text; inline files belong to it; an attached link is an attached list of one address.
    What no header can hold, such as line ends, becomes a space.
    """
    message = _message(draft)
    _name_boundaries(message, key)
    return message.as_bytes()


def message_mime(message: Message) -> bytes:
    """A message as it is now."""
    draft = attrs.evolve(message.draft, subject=message.subject, importance=message.importance)
    return mime(draft, message.immutable_id)


def media_type(declared: str) -> tuple[str, str]:
    """The two halves of a declared type; application/octet-stream if it is none, or would have structure."""
    found = _TYPE.fullmatch(declared)
    if found is None or found[1].lower() in _NESTED:
        return "application", "octet-stream"
    return found[1].lower(), found[2].lower()


def _message(draft: Draft) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    for name, value in draft.headers:
        if _HEADER.fullmatch(name) and name.lower() not in _STRUCTURED:
            message[name] = _line(value)
    for name, content in _own_headers(draft):
        message[name] = _line(content) if isinstance(content, str) else content
    _add_body(message, draft)
    for attached in draft.attachments:
        if isinstance(attached, Item):
            message.add_attachment(_message(attached.draft), filename=f"{_line(attached.name)}.eml")
        elif isinstance(attached, Link):
            content = f"{_line(attached.url)}\r\n".encode()
            message.add_attachment(content, maintype="text", subtype="uri-list", filename=_line(attached.name))
        elif not _belongs_to_body(attached, draft):
            _attach(message, attached)
    return message


def _own_headers(draft: Draft) -> Iterator[tuple[str, object]]:
    yield "Date", format_datetime(draft.sent_at)
    yield "Subject", draft.subject
    if draft.sender:
        yield "From", _addresses([draft.sender])
    if draft.sent_by and draft.sent_by != draft.sender:
        yield "Sender", _addresses([draft.sent_by])
    for name, people in (("To", draft.to), ("Cc", draft.cc), ("Bcc", draft.bcc), ("Reply-To", draft.reply_to)):
        if people:
            yield name, _addresses(people)
    yield "Message-Id", draft.internet_message_id
    if draft.importance != "normal":
        yield "Importance", draft.importance


def _addresses(people: Iterable[Address]) -> tuple[HeaderAddress, ...]:
    return tuple(_address(each) for each in people)


def _address(person: Address) -> HeaderAddress:
    """An address that is none of Internet mail, such as an X.500 one, becomes a part of the name."""
    name, address = _line(person.name), _line(person.address)
    if _SIMPLE_ADDRESS.fullmatch(address):
        return HeaderAddress(name, addr_spec=address)
    return HeaderAddress(f"{name} ({address})" if name and address else name or address or "unknown")


def _add_body(message: EmailMessage, draft: Draft) -> None:
    body = _UNENCODABLE.sub("?", draft.body)
    if draft.body_type == "text":
        message.set_content(body, cte="base64")
        return
    message.set_content(text_of_html(body), cte="base64")
    message.add_alternative(body, subtype="html", cte="base64")
    page = message.get_payload(1)
    if not isinstance(page, EmailMessage):
        raise TypeError("an alternative is a message")
    for attached in draft.attachments:
        if isinstance(attached, File) and _belongs_to_body(attached, draft):
            main, sub = media_type(attached.content_type)
            cid = f"<{_line(attached.content_id or '')}>"
            page.add_related(
                attached.content,
                maintype=main,
                subtype=sub,
                cid=cid,
                filename=_line(attached.name),
                disposition="inline",
            )


def _belongs_to_body(attached: File, draft: Draft) -> bool:
    return attached.is_inline and bool(attached.content_id) and draft.body_type == "html"


def _attach(message: EmailMessage, attached: File) -> None:
    main, sub = media_type(attached.content_type)
    message.add_attachment(attached.content, maintype=main, subtype=sub, filename=_line(attached.name))


def _name_boundaries(message: EmailMessage, key: str) -> None:
    """Give every part that has parts a boundary that follows from the key; its hash occurs in no content by chance."""
    for index, part in enumerate(message.walk()):
        if part.get_content_maintype() == "multipart":
            part.set_boundary(f"_{index:03}_{sha256(key.encode(errors='surrogatepass')).hexdigest()[:32]}_")


def _line(text: str) -> str:
    """The text without what would end or break a header."""
    return _UNPRINTABLE.sub(" ", text).strip()
