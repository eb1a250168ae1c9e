"""Who writes: chairs, representatives, colleagues, and people of whom nobody knows to whom they belong."""

from collections.abc import Sequence
from typing import Final

import attrs

from modules.simulator.correspondence.dice import Dice
from modules.simulator.correspondence.societies import SECRETARIAT_DOMAINS, SOCIETIES, Society, representative
from modules.simulator.correspondence.truth import Language, Party
from modules.simulator.mail.content import Address

OTHER: Final = Party(sender_type="OTHER")
CHAIR: Final = Party(sender_type="CHAIR")
_PARTIES: Final = {
    **dict.fromkeys(SECRETARIAT_DOMAINS, CHAIR),
    **{
        domain: Party(sender_type="MEMBER", organization=each.name)
        for each in SOCIETIES
        for domain in (*each.domains, *each.other_domains)
    },
}
PANELS: Final = ("PL", "PS", "JWG-SDT", "JWG-CS")
_COLLEAGUES: Final = (
    ("hong.sua", "홍수아"),
    ("peter.novak", "Peter Novak"),
    ("seo.junho", "서준호"),
    ("olga.lindt", "Olga Lindt"),
)
# Domains that look like a society's, and those of everybody: none belongs to a society.
_STRANGERS: Final = (
    Address("surveyor.k@gmail.com", "K. Surveyor"),
    Address("consult@notdnv.com", "Harbour Consulting"),
    Address("info@lr.org.example", "Register Office"),
    Address("b.tanaka@hotmail.com", "B. Tanaka"),
    Address("desk@kr.org.outlook.com", "Desk"),
)
_SHOWN_OWNERS: Final = 5


@attrs.frozen(kw_only=True)
class Correspondent:
    address: Address
    party: Party
    language: Language = "en"
    society: Society | None = None


@attrs.frozen(kw_only=True)
class Cast:
    """Everybody who takes part in one world. `chairs` are by panel; the chair of PS is the first owner, if any.

    `copied`: whom a mail to a panel is also sent to. Its list reaches everybody; of the owners only a few are named.
    """

    chairs: dict[str, Correspondent]
    copied: tuple[Address, ...]

    @property
    def chair_addresses(self) -> tuple[str, ...]:
        return tuple(each.address.address for each in self.chairs.values())

    def owner(self, address: Address) -> Correspondent:
        """Return a mailbox's owner as a correspondent: one of the chairs, or whom the domain tells."""
        for chair in self.chairs.values():
            if chair.address.address == address.address:
                return chair
        return Correspondent(address=address, party=party_of(address), language=language_of(address))

    def list_of(self, panel: str) -> Address:
        return Address(f"{panel.lower()}@panels.iacs.org.uk", f"IACS {panel}")


def make_cast(seed: int, owners: Sequence[Address]) -> Cast:
    """Return the people of a world: one chair in a society's domain, one of the owners, one of the secretariat."""
    dice = Dice(seed, "chairs")
    hosts = dice.some(SOCIETIES, 2)
    inside = owners[0] if owners else Address(f"ps.chair@{SOCIETIES[7].domains[0]}", "Morag Ellis")
    people = (
        Address(f"pl.chair@{hosts[0].domains[0]}", "Henrik Aalto"),
        inside,
        Address("sdt.secretary@iacs.org.uk", "Judith Farrow"),
        Address(f"jwg.cs@{hosts[1].domains[-1]}", "Tomás Villar"),
    )
    chairs = {
        panel: Correspondent(address=address, party=CHAIR, language=language_of(address))
        for panel, address in zip(PANELS, people, strict=True)
    }
    copied = (*(representative(each, 0) for each in SOCIETIES), *owners[:_SHOWN_OWNERS])
    return Cast(chairs=chairs, copied=copied)


def member(society: Society, number: int) -> Correspondent:
    """Return somebody of the society; different numbers may be the same person."""
    return Correspondent(
        address=representative(society, number),
        party=Party(sender_type="MEMBER", organization=society.name),
        language="ko" if society.name == "KR" else "en",
        society=society,
    )


def stranger(dice: Dice) -> Correspondent:
    return Correspondent(address=dice.pick(_STRANGERS), party=OTHER)


def colleague(owner: Address, dice: Dice) -> Correspondent:
    """Return somebody of the owner's own house."""
    local, name = dice.pick(_COLLEAGUES)
    address = Address(f"{local}@{owner.address.rpartition('@')[2]}", name)
    return Correspondent(address=address, party=party_of(address), language=language_of(address))


def party_of(address: Address) -> Party:
    """Return what a domain, or the one above it, says of somebody who is not known to be a chair."""
    domain = address.address.rpartition("@")[2].lower()
    while domain and domain not in _PARTIES:
        domain = domain.partition(".")[2]
    return _PARTIES.get(domain, OTHER)


def language_of(address: Address) -> Language:
    """People with Korean names write Korean, as far as they have the choice."""
    return "ko" if any("가" <= letter <= "힣" for letter in address.name) else "en"
