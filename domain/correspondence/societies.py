"""The member societies and the chair: the letters they have in agenda codes, and the domains they write from."""

from typing import Final

import attrs

from domain.validation import each_not_blank, not_blank


@attrs.frozen(kw_only=True)
class Society:
    """`letters` stand for it in codes, and so do `long_letters`, both in upper case; `domains` are in lower case."""

    canonical: str = attrs.field(validator=not_blank)
    letters: str = attrs.field(validator=not_blank)
    long_letters: tuple[str, ...] = attrs.field(default=(), validator=each_not_blank)
    domains: tuple[str, ...] = attrs.field(validator=each_not_blank)

    @property
    def all_letters(self) -> tuple[str, ...]:
        return (self.letters, *self.long_letters)


SOCIETIES: Final = (
    Society(canonical="ABS", letters="AB", long_letters=("ABS",), domains=("eagle.org", "abs-group.com")),
    Society(canonical="BV", letters="BV", domains=("bureauveritas.com", "bureauveritas.fr", "bv.com")),
    Society(canonical="CCS", letters="CC", long_letters=("CCS",), domains=("ccs.org.cn", "ccs.com.cn")),
    Society(canonical="CRS", letters="CR", long_letters=("CRS",), domains=("crs.hr", "croatiaregister.com")),
    Society(canonical="DNV", letters="NV", long_letters=("DNV",), domains=("dnv.com", "dnvgl.com", "dnv.no")),
    Society(canonical="IRS", letters="IR", long_letters=("IRS",), domains=("irclass.org", "irs.org.in")),
    Society(canonical="KR", letters="KR", domains=("krs.co.kr", "kr.org", "krs.com")),
    Society(canonical="LR", letters="LR", domains=("lr.org", "lr.com")),
    Society(
        canonical="NK", letters="NK", long_letters=("CLASSNK",), domains=("classnk.or.jp", "classnk.com", "nk.org")
    ),
    Society(canonical="PRS", letters="PR", long_letters=("PRS",), domains=("prs.pl", "prs.com.pl")),
    Society(canonical="RINA", letters="RI", long_letters=("RINA",), domains=("rina.org", "rina.it")),
    Society(canonical="TL", letters="TL", domains=("turkloydu.org",)),
)

CHAIR_LETTERS: Final = "IL"
"""What stands for the chair in codes; a panel's letters do, too."""

SECRETARIAT_DOMAINS: Final = ("iacs.org.uk", "iacs.org")
"""Who writes from there writes for the chair."""

SOCIETY_BY_LETTERS: Final = {letters: each for each in SOCIETIES for letters in each.all_letters}

_SOCIETY_BY_DOMAIN: Final = {domain: each for each in SOCIETIES for domain in each.domains}
_MOST_LABELS: Final = max(domain.count(".") + 1 for domain in (*_SOCIETY_BY_DOMAIN, *SECRETARIAT_DOMAINS))


def society_of_domain(domain: str) -> Society | None:
    """Return whose domain this is, or is below of: `mail.lr.org` is LR's, `notlr.org` nobody's."""
    found = (_SOCIETY_BY_DOMAIN.get(each) for each in _itself_and_above(domain))
    return next((each for each in found if each is not None), None)


def is_secretariat(domain: str) -> bool:
    """Whether this is a domain of the secretariat, or is below one."""
    return any(each in SECRETARIAT_DOMAINS for each in _itself_and_above(domain))


def _itself_and_above(domain: str) -> list[str]:
    """Return the ends of a domain that may be in a table, the longest first; case and a last dot do not matter."""
    labels = domain.strip().removesuffix(".").lower().rsplit(".", _MOST_LABELS)[-_MOST_LABELS:]
    return [".".join(labels[start:]) for start in range(len(labels))]
