"""What is searched for, as people write it: words, and phrases in quotation marks."""

import re

_PART = re.compile(r'"([^"]*)"|([^\s"]+)')
_QUOTES = str.maketrans("\u201c\u201d\u201e\u00ab\u00bb", '"' * 5)


def phrases(text: str) -> tuple[str, ...]:
    """Return the phrases, each of which must occur; a word outside quotation marks is one by itself.

    Raises:
        ValueError: a quotation mark is left open, or there is nothing to search for.
    """
    plain = text.translate(_QUOTES)
    if plain.count('"') % 2:
        raise ValueError("leaves a quotation mark open")
    found = [(quoted or word).strip() for quoted, word in _PART.findall(plain)]
    kept = tuple(dict.fromkeys(phrase for phrase in found if phrase))
    if not kept:
        raise ValueError("holds nothing to search for")
    return kept
