"""The member societies, with their letters, domains and representatives. The people are made up."""

from typing import Final

import attrs

from modules.simulator.mail.content import Address


@attrs.frozen(kw_only=True)
class Society:
    """A member. `long` are longer letters that people also write in codes; `people` are local parts and names.

    Its people write from `domains`; `other_domains` are its own, too.
    """

    name: str
    letters: str
    long: str = ""
    domains: tuple[str, ...]
    other_domains: tuple[str, ...] = ()
    people: tuple[tuple[str, str], ...]


SOCIETIES: Final = (
    Society(
        name="ABS",
        letters="AB",
        long="ABS",
        domains=("eagle.org", "abs-group.com"),
        people=(("dholloway", "Dean Holloway"), ("rvasquez", "Rosa Vasquez")),
    ),
    Society(
        name="BV",
        letters="BV",
        domains=("bureauveritas.com", "fr.bureauveritas.com", "bureauveritas.fr"),
        other_domains=("bv.com",),
        people=(("luc.perrin", "Luc Perrin"), ("elodie.marchal", "Élodie Marchal")),
    ),
    Society(
        name="CCS",
        letters="CC",
        long="CCS",
        domains=("ccs.org.cn", "ccs.com.cn"),
        people=(("zhouwei", "Zhou Wei"), ("linqing", "Lin Qing")),
    ),
    Society(
        name="CRS",
        letters="CR",
        long="CRS",
        domains=("crs.hr",),
        other_domains=("croatiaregister.com",),
        people=(("ivo.matic", "Ivo Matić"), ("ana.babic", "Ana Babić")),
    ),
    Society(
        name="DNV",
        letters="NV",
        long="DNV",
        domains=("dnv.com", "mail.dnv.com", "dnvgl.com"),
        other_domains=("dnv.no",),
        people=(("kari.lund", "Kari Lund"), ("oystein.hauge", "Øystein Hauge")),
    ),
    Society(
        name="IRS",
        letters="IR",
        long="IRS",
        domains=("irclass.org",),
        other_domains=("irs.org.in",),
        people=(("r.menon", "Ravi Menon"), ("s.kulkarni", "Sunita Kulkarni")),
    ),
    Society(
        name="KR",
        letters="KR",
        domains=("krs.co.kr", "kr.org"),
        other_domains=("krs.com",),
        people=(("hsj", "한석진"), ("yoon.ba", "윤보아")),
    ),
    Society(
        name="LR",
        letters="LR",
        domains=("lr.org", "mail.lr.org"),
        other_domains=("lr.com",),
        people=(("gareth.pike", "Gareth Pike"), ("fiona.mackay", "Fiona Mackay")),
    ),
    Society(
        name="NK",
        letters="NK",
        domains=("classnk.or.jp",),
        other_domains=("classnk.com", "nk.org"),
        people=(("t-ogawa", "小川 拓也"), ("m-hirano", "Miho Hirano")),
    ),
    Society(
        name="PRS",
        letters="PR",
        long="PRS",
        domains=("prs.pl",),
        other_domains=("prs.com.pl",),
        people=(("p.zielony", "Paweł Zielony"), ("e.brzoza", "Ewa Brzoza")),
    ),
    Society(
        name="RINA",
        letters="RI",
        long="RINA",
        domains=("rina.org", "rina.it"),
        people=(("carlo.ferri", "Carlo Ferri"), ("giulia.tosi", "Giulia Tosi")),
    ),
    Society(
        name="TL",
        letters="TL",
        domains=("turkloydu.org",),
        people=(("e.demirel", "Emre Demirel"), ("s.aksoy", "Selin Aksoy")),
    ),
)

CHAIR_LETTERS: Final = "IL"
SECRETARIAT_DOMAINS: Final = ("iacs.org.uk", "iacs.org")

AUTHORS: Final = {letters: each.name for each in SOCIETIES for letters in (each.letters, each.long) if letters}
"""All letters that stand for a society in a code, and for which."""


def representative(society: Society, number: int) -> Address:
    """Return one of the society's people; different numbers may be the same person under another of its domains."""
    local, name = society.people[number % len(society.people)]
    return Address(f"{local}@{society.domains[number % len(society.domains)]}", name)
