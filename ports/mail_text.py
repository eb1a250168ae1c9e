"""What the body of a mail says."""

from abc import abstractmethod
from typing import Protocol

from domain.mail import MailBody


class MailText(Protocol):
    """Turns bodies into text."""

    @abstractmethod
    def read(self, body: MailBody) -> str:
        """Return what a person sees, as lines of text; quotations are marked as in plain mail (`>`), or keep the lines
        that introduce them. Whatever the body holds, there is a text, bounded by a small multiple of its length.

        Raises: nothing.
        """
