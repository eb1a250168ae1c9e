"""Which mail nobody needs to hear of: newsletters, and what machines send that no answer reaches.

Words decide only as whole phrases of newsletters, and never alone: ships are autonomous (`MASS`) and carry bulk.
"""

import re
from typing import Final

import attrs

from domain.correspondence.phrases import Phrases
from domain.correspondence.vocabulary import DropReason, SenderType

_HEADERS: Final = frozenset(
    (
        *("auto-submitted", "content-type", "list-id", "list-post", "list-unsubscribe", "list-unsubscribe-post"),
        *("precedence", "x-auto-reply", "x-autoreply", "x-autorespond", "x-autoresponder", "x-failed-recipients"),
    )
)
_LONGEST_VALUE: Final = 200
_SAYS_BULK: Final = frozenset(("bulk", "junk"))
_SAYS_AUTOMATIC: Final = frozenset(("auto_reply", "auto-reply"))
_AUTOMATIC_HEADERS: Final = ("x-auto-reply", "x-autoreply", "x-autorespond", "x-autoresponder", "x-failed-recipients")

_NO_REPLY: Final = re.compile(
    r"(?:^|[._+-])(?:no|do[._-]?not|dont|never|not)[._-]?(?:reply|respond|answer)s?(?:$|[._+-]|[0-9])"
)
_ONLY_SENDS: Final = ("발신전용", "발신 전용", "회신불가", "회신 불가")
_PROMOTES: Final = re.compile(
    r"(?:^|[._+-])(?:e?news|e?newsletters?|marketing|promo(?:tions?)?|digest|mailings?|campaigns?|subscriptions?)(?:$|[._+-])"
)
_HEADLINE: Final = re.compile(r"\be?-?newsletters?\b|뉴스레터|^\W{0,3}광고\W", re.IGNORECASE)
_PHRASES: Final = (
    Phrases.of(
        "you ",
        (r"you (?:are receiving|receive|received|have received) this (?:e-?mail|mail|message|newsletter) because",),
    ),
    Phrases.of(
        "unsubscribe,to unsubscribe",
        (
            r"(?:^|(?<=[.!|])|(?<=[.!|] ))unsubscribe\b(?! page)|unsubscribe (?:here|from this|at any time)",
            r"to unsubscribe,? (?:click|please|from|visit|reply|send|follow|use)",
        ),
    ),
    Phrases.of(
        "view ,read ,open ",
        (r"(?:view|read|open) (?:this|the) (?:e-?mail|mail|message|newsletter) (?:online )?in your browser",),
    ),
    Phrases.of(
        "manage ,update ,change ",
        (r"(?:manage|update|change) your (?:e-?mail )?(?:preferences|subscription|settings)",),
    ),
    Phrases.of("수신,구독,무료", (r"(?:무료\s?)?수신\s?거부|구독\s?(?:해지|취소)",)),
    Phrases.of("you ", (r"you (?:have )?(?:subscribed|signed up|opted in)\b",)),
)
"""Each is a sign of its own."""
_SIGNS_ENOUGH: Final = 2


@attrs.frozen(kw_only=True)
class TransportFacts:
    """What the headers say of how a mail was sent.

    `is_bulk`: to subscribers (RFC 2369, RFC 8058), and it is no list to which its members write (List-Post).
    `is_mass`: to many, in its own words. `is_listed`: to a list of any kind. `is_automatic`: a machine
    answered (RFC 3834 section 5), or could not deliver.
    """

    is_bulk: bool = False
    is_mass: bool = False
    is_listed: bool = False
    is_automatic: bool = False


def transport_facts(headers: tuple[tuple[str, str], ...] | None) -> TransportFacts:
    """Return what these headers say; the first of several with one name counts.

    `X-Auto-Response-Suppress` says what the sender does not want to get; many programs put it on everything.
    """
    found: dict[str, str] = {}
    for name, value in headers or ():
        lowered = name.lower()
        if lowered in _HEADERS:
            found.setdefault(lowered, value[:_LONGEST_VALUE].strip().lower())
    if not found:
        return _NOTHING
    precedence = found.get("precedence", "")
    posts = found.get("list-post", "no") not in {"no", "<no>"} or precedence == "list"
    unsubscribes = "list-unsubscribe" in found or "list-unsubscribe-post" in found
    return TransportFacts(
        is_bulk=unsubscribes and not posts,
        is_mass=precedence in _SAYS_BULK and not posts,
        is_listed=unsubscribes or "list-id" in found,
        is_automatic=_is_automatic(found, precedence),
    )


_NOTHING: Final = TransportFacts()


def _is_automatic(found: dict[str, str], precedence: str) -> bool:
    if found.get("auto-submitted", "").startswith("auto-replied") or precedence in _SAYS_AUTOMATIC:
        return True
    if any(name in found for name in _AUTOMATIC_HEADERS):
        return True
    content = found.get("content-type", "")
    return content.startswith("multipart/report") and "delivery-status" in content


@attrs.frozen(kw_only=True)
class Look:
    """What of a mail shows whether it is wanted. `address` and `text` (the new text) are in lower case."""

    sender_type: SenderType
    address: str = attrs.field(repr=False)
    name: str = attrs.field(repr=False)
    subject: str = attrs.field(repr=False)
    text: str = attrs.field(repr=False)
    facts: TransportFacts
    is_automatic: bool


def drop_reason(look: Look) -> DropReason | None:
    """Return why a mail without an agenda code is unwanted; None: it is wanted.

    A chair's mail is dropped as a newsletter only; a member's, too, unless it comes from a machine's address.
    """
    if not look.is_automatic and _is_newsletter(look):
        return DropReason.NEWSLETTER
    if look.sender_type is not SenderType.CHAIR and _answers_nobody(look):
        return DropReason.NO_REPLY
    return None


def _is_newsletter(look: Look) -> bool:
    if look.facts.is_bulk:
        return True
    local = look.address.partition("@")[0]
    promotes = _PROMOTES.search(local) is not None
    if look.sender_type is not SenderType.OTHER:
        return promotes and (look.facts.is_mass or look.facts.is_listed or _phrases(look.text) > 0)
    if look.facts.is_mass or local.startswith("newsletter"):
        return True
    headline = _HEADLINE.search(look.subject) is not None
    return _phrases(look.text) + promotes + headline + look.facts.is_listed >= _SIGNS_ENOUGH


def _phrases(text: str) -> int:
    """Return how many of the phrases occur that newsletters end or begin with."""
    return sum(each.are_in(text) for each in _PHRASES)


def _answers_nobody(look: Look) -> bool:
    local = look.address.partition("@")[0]
    return _NO_REPLY.search(local) is not None or any(each in look.name for each in _ONLY_SENDS)
