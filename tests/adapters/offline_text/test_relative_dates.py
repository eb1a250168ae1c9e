"""Days that are named by how far off they are, in text of one language or of two."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from adapters.offline_text.relative_dates import relative_dates

SENT_ON = date(2025, 5, 21)
PIECES = (
    *("within 3 days", "within two weeks", "end of May", "mid-June", "this week", "next Friday", "Mon", "today"),
    *("tomorrow", "send", "5", "25", " ", ", ", "\n", "é"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_english_days_are_found_alike_with_and_without_korean_words_behind_them(text: str) -> None:
    assert list(relative_dates(text, SENT_ON)) == list(relative_dates(f"{text}\n의견", SENT_ON))


def test_days_of_both_languages_stand_in_the_order_of_the_text() -> None:
    text = "5월 말까지, or within 3 days; 다음 주 금요일, not tomorrow"
    found = list(relative_dates(text, SENT_ON))
    assert [text[each.start : each.end] for each in found] == ["5월 말", "within 3 days", "다음 주 금요일", "tomorrow"]
    assert [each.day.isoformat() for each in found] == ["2025-05-31", "2025-05-24", "2025-05-30", "2025-05-22"]
    assert [each.is_until for each in found] == [False, True, False, False]
