"""The bodies of mails as text."""

from adapters.html_text.page import lines_of, seen
from adapters.html_text.reader import Reader
from adapters.html_text.tokens import pieces, tokens
from domain.mail import BodyFormat, MailBody
from ports.mail_text import MailText


class HtmlMailText(MailText):
    """Reads HTML in time that grows with its length alone, and plain text nearly as it is.

    In the worst case, of ruled lines deep in quotations, the text is 16 times as long as the body.
    """

    def read(self, body: MailBody) -> str:
        """Return the text: lists with `-` or numbers, cells beside each other with `|`, the address of a link behind
        its words if they are others, ruled lines as underscores; lines end with a line feed alone.
        """
        content = body.content if body.content.isascii() else _unicode(body.content)
        if body.format is BodyFormat.TEXT:
            text = "".join("\n".join(lines_of(seen(piece))) for piece in pieces(content))
            return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")
        reader = Reader()
        for text, name, raw in tokens(content):
            if text:
                reader.write(text)
            else:
                reader.tag(name, raw)
        return reader.page.text()


def _unicode(text: str) -> str:
    """Return the text with halves of surrogate pairs put together, and those without another half replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", errors="surrogatepass").decode("utf-16-le", errors="replace")
    return text
