"""Which of the languages that a page is written in a browser asks for (RFC 9110 section 12.5.4)."""

import re
from collections.abc import Iterator, Sequence

_RANGE = re.compile(r"([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9]{1,8})*(?:\s*;\s*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?")
_LONGEST = 1000
"""Characters of the header that are read; no browser sends as many."""

_REFUSED = (-1.0, 0)
_NOT_NAMED = (0.0, 0)


def best_language(accepted: str | None, offered: Sequence[str]) -> str:
    """Return the offered language that suits best; the first one where none does.

    `accepted` is an `Accept-Language` header. The highest weight wins, of equals the one named earlier; regions do not
    matter; items that are not well formed are passed over.
    """
    ranks: dict[str, tuple[float, int]] = {}
    for position, (language, weight) in enumerate(_ranges(accepted or "")):
        rank = (weight, -position) if weight else _REFUSED
        ranks[language] = max(rank, ranks.get(language, rank))
    others = ranks.get("*", _NOT_NAMED)
    return max(offered, key=lambda language: ranks.get(language, others))


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    for item in header[:_LONGEST].split(","):
        found = _RANGE.fullmatch(item.strip())
        if found is not None:
            yield found[1].lower(), float(found[2] or "1")
