"""How much a matter presses, by the words of subject and new text in English and Korean."""

import re
from typing import Final

from domain.correspondence.vocabulary import Urgency

_LETTER: Final = "[a-z0-9À-ɏ]"
# Korean words go on with a particle or an ending, or with what is asked for; with other syllables they are other words:
# 긴급차단밸브 is a valve, 중요도 a degree.
_KOREAN_AFTER: Final = (
    "(?=$|[^가-힣]|한|히|하|합|함|해|건|사항|요청|회신|공지|안내|알림|메일|문서|검토|확인|협조|입니다|이다|이며|으로)"
)


def _english(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!{_LETTER}){word}(?!{_LETTER})")


def _korean(word: str) -> re.Pattern[str]:
    return re.compile(f"(?:(?<![가-힣])|(?<=초)|(?<=최)|(?<=매우)){word}{_KOREAN_AFTER}")


_WORDS: Final = {
    Urgency.HIGH: {
        **{word: _english(word) for word in ("urgent", "asap", "immediately", "critical")},
        "긴급": _korean("긴급"),
    },
    Urgency.MEDIUM: {
        **{word: _english(word) for word in ("important", "priority", "attention")},
        "please": _english(r"please\s+review"),
        "중요": _korean("중요"),
    },
}
"""By what each begins with, which is looked for first."""

_BEFORE, _AFTER = 60, 30
_SOFTENERS: Final = (
    "a|an|the|so|as|very|that|too|at|all|any|most|particularly|especially|really|terribly|overly|yet|longer|of|high|top"
    "|considered|deemed|seen|be|being|necessarily|hugely|immediately|require|requires|required|need|needs|your|our"
)
_DENIED: Final = re.compile(
    rf"(?:\bnon[-\s\u2010-\u2015]?|\b(?:safety|mission|business|security)-"
    rf"|(?:\b(?:not|no|never|nor|neither|without|hardly|cannot)|n['\u2019]t)(?:\s+(?:{_SOFTENERS}))*\s+"
    rf"|\b(?:less|low|lower|lowest|least)[-\s]+)$"
)
_DENIED_IN_KOREAN: Final = re.compile(r"[^\n.!?]{0,15}(?:않|아니|아닙|아닌|아님|없)")
_LONGEST_LINE: Final = 2000
_BOILERPLATE: Final = re.compile(
    r"confidential|intended recipient|addressee|originated (?:from )?outside|external (?:e-?mail|sender|source)"
    r"|비밀 정보"
)


def urgency_of(said: str) -> Urgency:
    """Return the urgency of a text in lower case. Words in what is put below or above every mail do not count."""
    for urgency, words in _WORDS.items():
        if any(_is_said(beginning, pattern, said) for beginning, pattern in words.items()):
            return urgency
    return Urgency.NORMAL


def _is_said(beginning: str, pattern: re.Pattern[str], said: str) -> bool:
    place = said.find(beginning)
    while place >= 0:
        after = place + len(beginning)
        found = pattern.match(said, place)
        if found is not None and not _is_denied(said, found):
            end = _boilerplate_end(said, found)
            if end is None:
                return True
            after = end
        place = said.find(beginning, after)
    return False


def _is_denied(said: str, found: re.Match[str]) -> bool:
    if _DENIED.search(said[max(0, found.start() - _BEFORE) : found.start()]):
        return True
    return not found[0].isascii() and _DENIED_IN_KOREAN.match(said[found.end() : found.end() + _AFTER]) is not None


def _boilerplate_end(said: str, found: re.Match[str]) -> int | None:
    """Return where the disclaimer or warning ends in whose line the word stands; None if it stands in neither."""
    start = said.rfind("\n", max(0, found.start() - _LONGEST_LINE), found.start())
    end = said.find("\n", found.end(), found.end() + _LONGEST_LINE)
    begin = max(0, found.start() - _LONGEST_LINE) if start < 0 else start
    finish = min(found.end() + _LONGEST_LINE, len(said)) if end < 0 else end
    return finish if _BOILERPLATE.search(said, begin, finish) else None
