"""Agenda codes read by their grammar, written anew for the tests: it knows nothing of how the codes were made."""

import re
from functools import cache
from html import unescape

import attrs

from modules.simulator.mail.content import Draft

SOCIETIES = {
    "AB": "ABS",
    "ABS": "ABS",
    "BV": "BV",
    "CC": "CCS",
    "CCS": "CCS",
    "CR": "CRS",
    "CRS": "CRS",
    "NV": "DNV",
    "DNV": "DNV",
    "IR": "IRS",
    "IRS": "IRS",
    "KR": "KR",
    "LR": "LR",
    "NK": "NK",
    "PR": "PRS",
    "PRS": "PRS",
    "RI": "RINA",
    "RINA": "RINA",
    "TL": "TL",
}
DOMAINS = {
    **dict.fromkeys(("eagle.org", "abs-group.com"), "ABS"),
    **dict.fromkeys(("bureauveritas.com", "bureauveritas.fr", "bv.com"), "BV"),
    **dict.fromkeys(("ccs.org.cn", "ccs.com.cn"), "CCS"),
    **dict.fromkeys(("crs.hr", "croatiaregister.com"), "CRS"),
    **dict.fromkeys(("dnv.com", "dnvgl.com", "dnv.no"), "DNV"),
    **dict.fromkeys(("irclass.org", "irs.org.in"), "IRS"),
    **dict.fromkeys(("krs.co.kr", "kr.org", "krs.com"), "KR"),
    **dict.fromkeys(("lr.org", "lr.com"), "LR"),
    **dict.fromkeys(("classnk.or.jp", "classnk.com", "nk.org"), "NK"),
    **dict.fromkeys(("prs.pl", "prs.com.pl"), "PRS"),
    **dict.fromkeys(("rina.org", "rina.it"), "RINA"),
    "turkloydu.org": "TL",
}
_CODE = re.compile(r"(?<![^\W_])(PL|PS|JWG-[A-Z]+) ?(2\d)(\d{3,4})((?:[A-Z*_]|-(?=[A-Z]))*)(?![^\W_])", re.IGNORECASE)
_LETTERS = {**SOCIETIES, "IL": "chair", "PL": "chair", "PS": "chair"}
_VERSION = r"([A-Z*]?)"


@attrs.frozen
class Read:
    """A code's parts: panel, year, number, agenda version, letters of the author, response version."""

    panel: str
    year: str
    number: str
    version: str
    letters: str
    response_version: str

    @property
    def author(self) -> str | None:
        return _LETTERS.get(self.letters)


def codes_in(text: str) -> list[Read]:
    """All codes of a text. What looks like a code and cannot be read as one fails the test."""
    return [Read(found[1].upper(), found[2], found[3], *_tail(found[4].upper())) for found in _CODE.finditer(text)]


def _tail(tail: str) -> tuple[str, str, str]:
    before, sign, after = tail.replace("-", "_").partition("_")
    if not sign:
        if re.fullmatch(_VERSION, tail):
            return _plain(tail, "", "")
        found = _longest(_VERSION, tail)
    else:
        found = _longest("()", after) or (_longest("([A-Z])", after) if not before else [])
    assert len(found) == 1, (tail, found)
    ((version, letters, response_version),) = found
    return _plain(before if sign and before else version, letters, response_version)


def _longest(beginning: str, text: str) -> list[tuple[str, str, str]]:
    """All readings with the longest author that there is."""
    readings = [
        (found[1], letters, found[2])
        for letters in _LETTERS
        if (found := re.fullmatch(f"{beginning}{letters}{_VERSION}", text))
    ]
    longest = max((len(letters) for _, letters, _ in readings), default=0)
    return [each for each in readings if len(each[1]) == longest]


def _plain(version: str, letters: str, response_version: str) -> tuple[str, str, str]:
    return version.replace("*", "").lower(), letters, response_version.replace("*", "").lower()


def new_text(draft: Draft) -> str:
    """What the sender wrote, without what is quoted below."""
    return _new_text(draft.body, is_html=draft.body_type == "html")


@cache
def _new_text(body: str, *, is_html: bool) -> str:
    if not is_html:
        return re.split(r"-----(?:Original Message|원본 메시지)-----", body)[0]
    own = body.partition("<body")[2].partition(">")[2].partition("border-top:solid")[0]
    return unescape(re.sub(r"<[^>]*>?", " ", own)).replace("\N{NO-BREAK SPACE}", " ")


def organization(address: str) -> str | None:
    """The society of a domain, or of the domain above it."""
    domain = address.rpartition("@")[2]
    while domain:
        if domain in DOMAINS:
            return DOMAINS[domain]
        domain = domain.partition(".")[2]
    return None
