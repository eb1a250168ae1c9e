"""Who sends: the configured chairs come first, then what the domain of the address says."""

from collections.abc import Iterable
from typing import Final

import attrs

from domain.correspondence.societies import is_secretariat, society_of_domain
from domain.correspondence.vocabulary import SenderType

_SCHEMES: Final = ("smtp:", "mailto:")
_AROUND: Final = " \t\r\n'\"<>"


def plain_address(address: str) -> str:
    """Return the address in the form in which addresses are compared: without case, scheme, quotes or brackets."""
    plain = address.strip(_AROUND).casefold()
    for scheme in _SCHEMES:
        plain = plain.removeprefix(scheme)
    return plain.rpartition("<")[2].strip(_AROUND)


def _plain_addresses(addresses: Iterable[str]) -> frozenset[str]:
    return frozenset(plain for each in addresses if (plain := plain_address(each)))


@attrs.frozen(kw_only=True)
class ChairRoster:
    """The chairs' addresses, in any case: they decide before any domain, for a chair may live in a member's.

    `@` and a domain stands for every address of exactly that domain.
    """

    addresses: frozenset[str] = attrs.field(default=frozenset(), converter=_plain_addresses)


@attrs.frozen(kw_only=True)
class Sender:
    """`organization` is a member's society; a chair's is None, wherever the mailbox lives."""

    sender_type: SenderType
    organization: str | None = None


CHAIR: Final = Sender(sender_type=SenderType.CHAIR)
OTHER: Final = Sender(sender_type=SenderType.OTHER)


def sender_of(address: str | None, chairs: ChairRoster) -> Sender:
    """Return what an address says of whom it belongs to; one without a domain (X.500), or none at all, says nothing."""
    plain = plain_address(address or "")
    if not plain:
        return OTHER
    if plain in chairs.addresses:
        return CHAIR
    domain = plain.rpartition("@")[2].rstrip(".") if "@" in plain else ""
    # Letters of other scripts fold to ASCII ones (KELVIN SIGN to k): such a domain is nobody's.
    if not domain or not (address or "").rpartition("@")[2].isascii():
        return OTHER
    if f"@{domain}" in chairs.addresses or is_secretariat(domain):
        return CHAIR
    society = society_of_domain(domain)
    return OTHER if society is None else Sender(sender_type=SenderType.MEMBER, organization=society.canonical)
