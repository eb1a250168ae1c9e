"""What the sender of a mail wrote now, and what is quoted below or between: other mails, and who wrote them."""

import re
from collections.abc import Sequence
from typing import Final

_SENDER_LABELS: Final = frozenset(
    (
        *("from", "von", "de", "da", "od", "van", "fra", "från", "kimden"),
        *("보낸 사람", "보낸사람", "보낸이", "발신", "발신자", "发件人", "寄件者", "差出人", "送信者"),
    )
)
_TO: Final = dict.fromkeys(
    (
        *("to", "an", "à", "a", "para", "do", "til", "till", "aan", "kime", "za", "cc", "kopie", "kopia"),
        *("받는 사람", "받는사람", "수신", "수신자", "참조", "收件人", "抄送", "宛先"),
    ),
    "to",
)
_WHEN: Final = dict.fromkeys(
    (
        *("sent", "date", "gesendet", "datum", "envoyé", "enviado", "inviato", "data", "wysłano", "poslano", "sendt"),
        *("skickat", "gönderildi", "tarih", "fecha", "verzonden", "sent at", "date sent"),
        *("보낸 날짜", "보낸날짜", "보낸 시간", "날짜", "일시", "发送时间", "日期", "寄件日期", "送信日時", "日付"),
    ),
    "when",
)
_ABOUT: Final = dict.fromkeys(
    (
        *("subject", "betreff", "objet", "asunto", "oggetto", "temat", "predmet", "emne", "ämne", "konu", "onderwerp"),
        *("제목", "主题", "主旨", "件名"),
    ),
    "about",
)
_LABELS: Final = {**dict.fromkeys(_SENDER_LABELS, "from"), **_TO, **_WHEN, **_ABOUT}
_WIDE_COLON: Final = "\N{FULLWIDTH COLON}"
_COLONS: Final = (":", _WIDE_COLON)
_LONGEST_LABEL: Final = 24
_HEADING_LINES: Final = 8
"""So many lines after its first one are looked at; values may go over several lines."""
_FEWEST_OTHERS: Final = 2
_RULES: Final = "-_=*"
_TRAILING: Final = f"{_RULES} "
_BEGINNINGS: Final = frozenset(
    (*_RULES, *"|", *(letter for each in _SENDER_LABELS for letter in each[0] + each[0].upper()))
)
"""Of all lines that begin something older: others need no closer look."""

_DIVIDER: Final = re.compile(
    r"[-_=*]{2,}[ ]?.{0,40}(?:messag|mail|appointment|nachricht|wiadomo|poruk|melding|ileti|메시지|메일|邮件|信件"
    r"|メッセージ).{0,40}[-_=*]{2,}$"
)
_INTRODUCTIONS: Final = ("begin forwarded message:", "anfang der weitergeleiteten nachricht:", "전달된 메시지 시작:")
_WROTE: Final = (
    *(" wrote:", " schrieb:", " a écrit :", " a écrit:", " ha scritto:", " escribió:", " napisał(a):", " napisał:"),
    *(
        " je napisao/la:",
        " skrev:",
        " yazd\N{LATIN SMALL LETTER DOTLESS I}:",
        " geschreven:",
        "님이 작성:",
        "님이 썼습니다:",
        "작성:",
        "写道:",
    ),
)
_WROTE_BEFORE_NAME: Final = (" schrieb ", " skrev ")
_LONGEST_ATTRIBUTION: Final = 400
_ATTRIBUTION_LINES: Final = 3
_ATTRIBUTION_STARTS: Final = ("on ", "am ", "le ", "il ", "el ", "w dniu", "den ", "op ", "dana ", "在", "于", "20")


def new_text(text: str) -> str:
    """Return the lines that are no quotation, and nothing of what follows a heading above all that is older.

    Marked lines (`>`) and what introduces them are left out; what is written between them stays. Headings are those of
    mail programs in the members' languages. Time is linear in the length.
    """
    lines = text.split("\n")
    kept: list[str] = []
    for index, line in enumerate(lines):
        stripped = line.strip()
        if not stripped:
            kept.append("")
            continue
        first, last = stripped[0], stripped[-1]
        if first == ">":
            continue
        if last in _COLONS and _is_attribution(stripped, lines, index):
            _take_back(kept, stripped)
            if _is_marked(lines, index + 1):
                continue
            break
        if first in _BEGINNINGS and (_is_divider(stripped) or _begins_heading(stripped, lines, index)):
            break
        kept.append(line.rstrip())
    while kept and not kept[-1].strip(_TRAILING):
        kept.pop()
    return "\n".join(kept).strip()


def _is_divider(line: str) -> bool:
    return line[0] in _RULES and len(line) < _LONGEST_ATTRIBUTION and _DIVIDER.match(line.casefold()) is not None


def _begins_heading(line: str, lines: Sequence[str], index: int) -> bool:
    """Whether the line says whom a quoted mail is from, and the next ones to whom, when or about what it was sent.

    A memo's own heading begins with whom it is to.
    """
    if _label(line) != "from":
        return False
    if index and _label(lines[index - 1]) == "to":
        return False
    following = lines[index + 1 : index + 1 + _HEADING_LINES]
    found = {label for each in following if (label := _label(each)) not in {None, "from"}}
    return len(found) >= _FEWEST_OTHERS


def _label(line: str) -> str | None:
    """Return what kind of heading line it is; emphasis around the label, and a full-width colon, do not matter."""
    start = line[:_LONGEST_LABEL].replace(_WIDE_COLON, ":")
    before, colon, _ = start.partition(":")
    return _LABELS.get(before.strip(" *_|\t\xa0").casefold()) if colon else None


def _is_attribution(line: str, lines: Sequence[str], index: int) -> bool:
    """Whether the line ends a sentence like `On 14 June 2025 at 10:00, somebody wrote:`; it has a date or a time."""
    lowered = line.casefold().replace(_WIDE_COLON, ":")
    if lowered in _INTRODUCTIONS:
        return True
    if len(line) > _LONGEST_ATTRIBUTION:
        return False
    if not f" {lowered}".endswith(_WROTE) and not any(verb in lowered for verb in _WROTE_BEFORE_NAME):
        return False
    before = lines[max(0, index - _ATTRIBUTION_LINES + 1) : index + 1]
    return any(letter.isdigit() for each in before for letter in each[:_LONGEST_ATTRIBUTION])


def _take_back(kept: list[str], line: str) -> None:
    """Remove the lines with which an attribution began, if it goes over several."""
    if line.casefold().startswith(_ATTRIBUTION_STARTS):
        return
    for back in range(1, _ATTRIBUTION_LINES):
        if back > len(kept) or not kept[-back]:
            return
        if kept[-back].casefold().startswith(_ATTRIBUTION_STARTS):
            del kept[-back:]
            return


def _is_marked(lines: Sequence[str], index: int) -> bool:
    """Whether the next line that is not empty is marked as quoted."""
    for at in range(index, len(lines)):
        stripped = lines[at].strip()
        if stripped:
            return stripped[0] == ">"
    return False
