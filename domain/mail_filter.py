"""Which mails somebody asks for."""

import html
import re
from datetime import datetime

import attrs

from domain.errors import ValidationError
from domain.mail import BodyFormat, Importance, Mail, MailAddress, MailBody
from domain.validation import each_not_blank, not_blank, optional, utc

_WORD = re.compile(r"\w+")
_BEGINNING = re.compile(r"\w\*\s*\Z")
_TAG = re.compile(r"<[^<>]*>")


@attrs.frozen(kw_only=True)
class MailFilter:
    """All conditions must hold; None, or no phrase, is no condition. Case never matters.

    `since` is inclusive, `before` exclusive; both are about the time of receipt. `sender` and `recipient` (to, cc or
    bcc) are a whole e-mail address, or a part of an address or name. `subject` is a part of the subject. Of `phrases`
    each must occur, as whole words one after the other, in subject, sender or body; the last word of one that ends with
    `*` is the beginning of a word.
    """

    since: datetime | None = attrs.field(default=None, validator=optional(utc))
    before: datetime | None = attrs.field(default=None, validator=optional(utc))
    sender: str | None = attrs.field(default=None, validator=optional(not_blank))
    recipient: str | None = attrs.field(default=None, validator=optional(not_blank))
    subject: str | None = attrs.field(default=None, validator=optional(not_blank))
    phrases: tuple[str, ...] = attrs.field(default=(), validator=each_not_blank)
    unread: bool | None = None
    has_attachments: bool | None = None
    importance: Importance | None = None
    folder_id: str | None = attrs.field(default=None, validator=optional(not_blank))

    def __attrs_post_init__(self) -> None:
        """Refuse what no mail can meet by mistake, and phrases that no word is in."""
        if self.since is not None and self.before is not None and self.since >= self.before:
            msg = "The time from which mails are asked for must be before the time up to which they are."
            raise ValidationError(msg, error_code="EMPTY_PERIOD")
        for phrase in self.phrases:
            if not words(phrase):
                msg = f"There is no word to search for in {phrase!r}."
                raise ValidationError(msg, error_code="NO_WORD")

    def matches(self, mail: Mail) -> bool:
        """Whether the mail meets every condition; phrases are looked for in its body as far as it was fetched."""
        return self.matches_apart_from_phrases(mail) and self._has_phrases(mail)

    def matches_apart_from_phrases(self, mail: Mail) -> bool:
        """Whether the mail meets every condition that can be judged without its body."""
        return (
            (self.since is None or mail.received_at >= self.since)
            and (self.before is None or mail.received_at < self.before)
            and (self.unread is None or mail.is_read != self.unread)
            and (self.has_attachments is None or mail.has_attachments == self.has_attachments)
            and (self.importance is None or mail.importance is self.importance)
            and (self.folder_id is None or mail.folder_id == self.folder_id)
            and (self.subject is None or self.subject.casefold() in (mail.subject or "").casefold())
            and (self.sender is None or is_meant(self.sender, mail.sender))
            and (self.recipient is None or any(is_meant(self.recipient, each) for each in mail.recipients))
        )

    def _has_phrases(self, mail: Mail) -> bool:
        if not self.phrases:
            return True
        sender = mail.sender or MailAddress(None)
        texts = (mail.subject, sender.name, sender.address, mail.preview if mail.body is None else plain(mail.body))
        found = [f" {' '.join(words(text))} " for text in texts if text]
        return all(any(_sought(phrase) in text for text in found) for phrase in self.phrases)


def is_whole_address(text: str) -> bool:
    """Whether the text is a whole e-mail address, to be compared as such, and not a part of one."""
    local, at, domain = text.rpartition("@")
    return bool(at and local and domain) and not any(each.isspace() for each in text)


def is_meant(wanted: str, correspondent: MailAddress | None) -> bool:
    """Whether a whole address is the correspondent's, or a part of a text occurs in address or name."""
    if correspondent is None:
        return False
    key, address = wanted.casefold(), (correspondent.address or "").casefold()
    if is_whole_address(wanted):
        return address == key
    return key in address or key in (correspondent.name or "").casefold()


def is_beginning(phrase: str) -> bool:
    """Whether the last word of a phrase may go on: it ends with an asterisk right behind a word."""
    return _BEGINNING.search(phrase) is not None


def _sought(phrase: str) -> str:
    return f" {' '.join(words(phrase))}{'' if is_beginning(phrase) else ' '}"


def words(text: str) -> list[str]:
    """Return the words of a text, in lower case: runs of letters, digits and underscores."""
    return _WORD.findall(text.casefold())


def plain(body: MailBody) -> str:
    """Return a body's words without its tags: enough for searching, not for reading."""
    return body.content if body.format is BodyFormat.TEXT else html.unescape(_TAG.sub(" ", body.content))
