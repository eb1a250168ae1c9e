"""Bodies as mail programs make them: HTML or text, with the mails quoted below to which they are an answer."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from html import escape
from typing import Final

import attrs

from modules.simulator.correspondence.dates import in_heading
from modules.simulator.correspondence.truth import Language
from modules.simulator.mail.content import Address, BodyType

LOGO_ID: Final = "logo@signature"
MOST_QUOTED: Final = 5
_HEAD: Final = """\
<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word"><head>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<style>
<!--
@font-face
    {font-family:"Malgun Gothic";
    panose-1:2 11 5 3 2 0 0 2 0 4;}
@font-face
    {font-family:Aptos;}
p.MsoNormal, li.MsoNormal, div.MsoNormal
    {margin:0cm;
    font-size:11.0pt;
    font-family:"Aptos",sans-serif;}
p.xmsonormal, li.xmsonormal, div.xmsonormal
    {mso-style-name:x_msonormal;
    mso-margin-top-alt:auto;
    margin-right:0cm;
    mso-margin-bottom-alt:auto;
    margin-left:0cm;}
a:link, span.MsoHyperlink
    {color:#0563C1;
    text-decoration:underline;}
span.EmailStyle19
    {mso-style-type:personal-reply;
    font-family:"Aptos",sans-serif;
    color:windowtext;}
.MsoChpDefault
    {mso-style-type:export-only;
    font-size:11.0pt;}
@page WordSection1
    {size:612.0pt 792.0pt;
    margin:72.0pt 72.0pt 72.0pt 72.0pt;}
div.WordSection1
    {page:WordSection1;}
-->
</style>
</head>
<body lang="EN-GB" link="#0563C1" vlink="#954F72" style="word-wrap:break-word">
<div class="WordSection1">
""".replace("\n", "\r\n")
_TAIL: Final = "</div>\r\n</body>\r\n</html>\r\n"
_BLANK: Final = '<p class="MsoNormal"><o:p>&nbsp;</o:p></p>\r\n'
_LOGO: Final = f'<p class="MsoNormal"><img width="96" height="32" src="cid:{LOGO_ID}" alt="logo"></p>\r\n'
_RULE: Final = '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">\r\n'
_LABELS: Final = {
    "en": ("From", "Sent", "To", "Subject"),
    "ko": ("보낸 사람", "보낸 날짜", "받는 사람", "제목"),
}
_DIVIDER: Final = {"en": "-----Original Message-----", "ko": "-----원본 메시지-----"}


@attrs.frozen(kw_only=True, eq=False)
class Letter:
    """What somebody wrote anew, and what a quotation says about it."""

    sender: Address
    to: str
    sent_at: datetime
    subject: str
    paragraphs: tuple[str, ...] = attrs.field(repr=False)
    language: Language = "en"

    @cached_property
    def html(self) -> str:
        return _BLANK.join(f'<p class="MsoNormal">{_in_html(each)}<o:p></o:p></p>\r\n' for each in self.paragraphs)


def render(letter: Letter, quoted: Sequence[Letter], body_type: BodyType, *, logo: bool = False) -> str:
    """Return the body; `quoted` are older letters, the latest first."""
    shown = quoted[:MOST_QUOTED]
    if body_type == "text":
        return "\r\n".join(_text_lines(letter, shown))
    parts = [_HEAD, letter.html, _LOGO if logo else ""]
    for each in shown:
        parts += [_RULE, _html_heading(each, letter.language), "</div>\r\n", each.html]
    return "".join([*parts, _TAIL])


def _in_html(paragraph: str) -> str:
    return escape(paragraph, quote=False).replace("\n", "<br>\r\n").replace("\N{NO-BREAK SPACE}", "&nbsp;")


def _html_heading(letter: Letter, language: Language) -> str:
    lines = (f"<b>{label}:</b> {escape(value)}" for label, value in _heading(letter, language))
    return f'<p class="MsoNormal">{"<br>".join(lines)}</p>\r\n'


def _heading(letter: Letter, language: Language) -> tuple[tuple[str, str], ...]:
    sender = f"{letter.sender.name} <{letter.sender.address}>"
    values = (sender, in_heading(letter.sent_at, language), letter.to, letter.subject)
    return tuple(zip(_LABELS[language], values, strict=True))


def _text_lines(letter: Letter, quoted: Sequence[Letter]) -> list[str]:
    lines = _text(letter.paragraphs)
    for each in quoted:
        lines += [_DIVIDER[letter.language]]
        lines += [f"{label}: {value}" for label, value in _heading(each, letter.language)]
        lines += ["", *_text(each.paragraphs)]
    return lines


def _text(paragraphs: Sequence[str]) -> list[str]:
    return [line for each in paragraphs for line in (*each.split("\n"), "")]
