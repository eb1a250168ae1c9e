"""Conditions in OData, read back by the simulator's parser, which nobody wrote for them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.graph import odata
from adapters.graph.odata import Property
from modules.simulator.mail.content import Address
from modules.simulator.mail.odata_filter import parse_filter
from modules.simulator.mail.restrictions import check
from tests.adapters.graph.letter_boxes import delivered
from tests.contracts.letters import draft
from tests.contracts.properties import QUICK, TEXT

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
NASTY = TEXT | st.text(st.sampled_from("'\"\\%&#+;\n\r\t\x00 ,()가선aA=/"), max_size=12)


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (odata.comparison(Property.RECEIVED, "ge", NOON), "receivedDateTime ge 2024-05-01T12:00:00Z"),
        (
            odata.comparison(Property.RECEIVED, "lt", NOON.astimezone(timezone(timedelta(hours=9)))),
            "receivedDateTime lt 2024-05-01T12:00:00Z",
        ),
        (odata.comparison(Property.IS_READ, "eq", value=False), "isRead eq false"),
        (odata.comparison(Property.SENDER_ADDRESS, "eq", "o'neil@a"), "from/emailAddress/address eq 'o''neil@a'"),
        (odata.contains(Property.SUBJECT, "''"), "contains(subject,'''''')"),
        (
            odata.all_of(
                odata.comparison(Property.IS_READ, "eq", value=True),
                odata.any_of(odata.contains(Property.SUBJECT, "a"), odata.contains(Property.SENDER_NAME, "b")),
            ),
            "isRead eq true and (contains(subject,'a') or contains(from/emailAddress/name,'b'))",
        ),
        (odata.any_of(odata.contains(Property.SUBJECT, "a")), "contains(subject,'a')"),
    ],
)
def test_a_condition_is_written_so(condition: odata.Condition, text: str) -> None:
    assert condition.text == text


@given(wanted=NASTY, other=NASTY)
@QUICK
def test_whatever_a_text_holds_it_is_a_text(wanted: str, other: str) -> None:
    condition = odata.all_of(
        odata.contains(Property.SUBJECT, wanted), odata.comparison(Property.SENDER_ADDRESS, "eq", wanted)
    )
    read = parse_filter(condition.text)
    assert read.properties == ("subject", "from/emailAddress/address")
    assert read.functions == ("contains",)
    for subject, address in ((wanted, wanted), (f"{other}{wanted}", wanted), (other, wanted), (wanted, other)):
        message = delivered(draft(subject=subject, sender=Address(address)))
        meant = wanted.casefold() in subject.casefold() and wanted.casefold() == address.casefold()
        assert read.matches(message) == meant


@given(moment=st.datetimes(timezones=st.just(UTC)))
@QUICK
def test_a_time_is_the_whole_second_in_utc(moment: datetime) -> None:
    second = odata.second_at_or_before(moment)
    text = odata.comparison(Property.RECEIVED, "lt", second).text
    assert text == f"receivedDateTime lt {second.replace(tzinfo=None).isoformat()}Z"
    assert len(text.rpartition(" ")[2]) == len("2024-05-01T12:00:00Z")


@given(moment=st.datetimes(timezones=st.just(UTC)))
@QUICK
def test_a_moment_is_between_its_whole_seconds(moment: datetime) -> None:
    before, after = odata.second_at_or_before(moment), odata.second_at_or_after(moment)
    assert before.microsecond == after.microsecond == 0
    if before < datetime.max.replace(microsecond=0, tzinfo=UTC):
        assert before <= moment <= after
        assert after - before == timedelta(seconds=1 if moment.microsecond else 0)


def test_a_condition_that_looks_inside_texts_is_not_sorted_by_the_server() -> None:
    scanning = odata.contains(Property.SUBJECT, "a")
    exact = odata.comparison(Property.SENDER_ADDRESS, "eq", "a@b")
    assert not odata.all_of(exact, scanning).sortable
    assert not odata.any_of(exact, scanning).sortable
    assert odata.all_of(exact, odata.any_of(exact, exact)).sortable


def test_the_server_takes_the_order_with_a_sortable_condition() -> None:
    period = odata.comparison(Property.RECEIVED, "ge", NOON)
    exact = odata.comparison(Property.SENDER_ADDRESS, "eq", "a@b")
    check(parse_filter(odata.all_of(period, exact).text))


def test_no_representation_shows_what_a_person_asks_for() -> None:
    assert "canary" not in repr(odata.contains(Property.SUBJECT, "canary"))
