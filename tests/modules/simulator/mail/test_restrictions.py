"""Which query options Graph does not take together."""

import pytest

from modules.simulator.graph_error import GraphError
from modules.simulator.mail.kql import parse_kql
from modules.simulator.mail.odata_filter import parse_filter
from modules.simulator.mail.odata_options import parse_order_by
from modules.simulator.mail.restrictions import check

RECEIVED = "receivedDateTime ge 1900-01-01T00:00:00Z"
COMPLEX = "The restriction or sort order is too complex for this operation."


@pytest.mark.parametrize(
    ("where", "order_by"),
    [
        (RECEIVED, "receivedDateTime desc"),
        (f"{RECEIVED} and subject eq 'x'", "receivedDateTime"),
        (f"{RECEIVED} and subject eq 'x'", "receivedDateTime desc,subject"),
        (f"{RECEIVED} and receivedDateTime lt 2024-01-01 and isRead eq false", "receivedDateTime desc,isRead"),
        (f"({RECEIVED}) and startswith(subject,'x')", "RECEIVEDDATETIME"),
    ],
)
def test_what_is_sorted_by_comes_first_in_the_filter(where: str, order_by: str) -> None:
    check(parse_filter(where), parse_order_by(order_by))


@pytest.mark.parametrize(
    ("where", "order_by"),
    [
        ("subject eq 'x'", "receivedDateTime desc"),
        (f"subject eq 'x' and {RECEIVED}", "receivedDateTime desc"),
        (f"{RECEIVED} and subject eq 'x'", "subject"),
        (f"{RECEIVED} and subject eq 'x'", "subject,receivedDateTime"),
        (RECEIVED, "receivedDateTime,subject"),
        (f"{RECEIVED} and contains(subject,'x')", "receivedDateTime desc"),
        (f"{RECEIVED} and endswith(subject,'x')", "receivedDateTime desc"),
    ],
)
def test_any_other_order_is_too_complex(where: str, order_by: str) -> None:
    with pytest.raises(GraphError) as caught:
        check(parse_filter(where), parse_order_by(order_by))
    assert (caught.value.status, caught.value.code, caught.value.message) == (400, "InefficientFilter", COMPLEX)


def test_either_alone_is_not() -> None:
    check(parse_filter("contains(subject,'x')"))
    check(order_by=parse_order_by("subject,createdDateTime"))
    check(parse_filter("subject eq 'x'"), skip=True)


def test_a_search_is_for_itself() -> None:
    check(search=parse_kql('"hull"'))


@pytest.mark.parametrize(
    ("where", "order_by", "skip", "code", "option"),
    [
        ("isRead", "subject", True, "SearchWithOrderBy", "$orderBy"),
        ("isRead", "", True, "SearchWithFilter", "$filter"),
        ("", "", True, "SearchWithSkip", "$skip"),
    ],
)
def test_a_search_takes_nothing_beside_it(where: str, order_by: str, skip: bool, code: str, option: str) -> None:  # noqa: FBT001 - a case
    with pytest.raises(GraphError) as caught:
        check(
            parse_filter(where) if where else None,
            parse_order_by(order_by) if order_by else (),
            parse_kql('"hull"'),
            skip=skip,
        )
    assert (caught.value.status, caught.value.code) == (400, code)
    assert caught.value.message == f"The query parameter '{option}' is not supported with '$search'."
