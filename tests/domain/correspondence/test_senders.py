"""Who a sender is, by the address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.correspondence.senders import ChairRoster, Sender, sender_of
from domain.correspondence.societies import SOCIETIES
from domain.correspondence.vocabulary import SenderType

NO_CHAIRS = ChairRoster()
OTHER = Sender(sender_type=SenderType.OTHER)
CHAIR = Sender(sender_type=SenderType.CHAIR)


def member(society: str) -> Sender:
    return Sender(sender_type=SenderType.MEMBER, organization=society)


@pytest.mark.parametrize("society", SOCIETIES, ids=lambda each: each.canonical)
def test_a_society_s_domains_and_those_below_are_its_members(society: object) -> None:
    domains = getattr(society, "domains", ())
    addresses = [f"kim@{start}{domain}{end}" for domain in domains for start in ("", "mail.") for end in ("", ".")]
    assert {sender_of(each, NO_CHAIRS) for each in addresses} == {member(getattr(society, "canonical", ""))}


@pytest.mark.parametrize(
    "address",
    [
        *("kim@notdnv.com", "kim@dnv.com.example", "kim@lr.org.example", "kr.org@gmail.com", "kim@kr.org.outlook.com"),
        *("kim@gmail.com", "kim@hotmail.com", "kim@outlook.com", "kim@microsoft.com", "kim@example.com"),
        *("kim@org", "kim@", "@", "kim", "dnv.com", "", " ", "<>", "kim@.", "kim@\u212ar.org", "kim@dnv\uff0ecom"),
        *("/O=EXCHANGELABS/OU=EXCHANGE ADMINISTRATIVE GROUP/CN=RECIPIENTS/CN=0A1B-KIM", "kim@notiacs.org"),
    ],
)
def test_whoever_has_no_domain_of_a_society_is_somebody_else(address: str) -> None:
    assert sender_of(address, NO_CHAIRS) == OTHER


def test_a_sender_without_an_address_is_somebody_else() -> None:
    assert sender_of(None, ChairRoster(addresses=frozenset({"", " "}))) == OTHER


@pytest.mark.parametrize(
    "address",
    [
        "KIM@KRS.CO.KR",
        " kim@krs.co.kr ",
        "'kim@krs.co.kr'",
        "<kim@krs.co.kr>",
        "SMTP:kim@krs.co.kr",
        "Kim <kim@Kr.Org>",
    ],
)
def test_how_an_address_is_written_does_not_matter(address: str) -> None:
    assert sender_of(address, NO_CHAIRS) == member("KR")


def test_letters_of_other_alphabets_in_a_name_leave_the_domain_what_it_is() -> None:
    assert sender_of("김지원@krs.co.kr", NO_CHAIRS) == member("KR")


@pytest.mark.parametrize("address", ["pl@iacs.org.uk", "pl@IACS.org", "pl@panels.iacs.org.uk"])
def test_the_secretariat_writes_for_the_chair(address: str) -> None:
    assert sender_of(address, NO_CHAIRS) == CHAIR


@pytest.mark.parametrize("written", ["PL.Chair@LR.org", "smtp:pl.chair@lr.org", "<pl.chair@lr.org>"])
def test_a_configured_chair_is_a_chair_whatever_the_domain_says(written: str) -> None:
    chairs = ChairRoster(addresses=frozenset({" Pl.chair@Lr.org"}))
    assert sender_of(written, chairs) == CHAIR
    assert sender_of("other@lr.org", chairs) == member("LR")


def test_a_chair_may_have_an_address_without_a_domain() -> None:
    address = "/o=ExchangeLabs/cn=Recipients/cn=chair"
    assert sender_of(address.upper(), ChairRoster(addresses=frozenset({address}))) == CHAIR


@given(st.text())
def test_any_text_belongs_to_somebody_or_nobody(text: str) -> None:
    found = sender_of(text, NO_CHAIRS)
    assert (found.organization is None) == (found.sender_type is not SenderType.MEMBER)


def test_a_configured_domain_makes_chairs_of_all_its_addresses_and_of_no_others() -> None:
    chairs = ChairRoster(addresses=frozenset({"@KR.org", "@panel.example"}))
    for address in ("kim@kr.org", "SOMEBODY@Panel.Example", "x@panel.example."):
        assert sender_of(address, chairs) == Sender(sender_type=SenderType.CHAIR), address
    for address in ("kim@mail.panel.example", "kim@notpanel.example", "panel.example", "@panel.example@x.example"):
        assert sender_of(address, chairs).sender_type is SenderType.OTHER, address
