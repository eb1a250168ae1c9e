"""Which query options Graph does not take together when it lists messages.

Source: "List messages" in the reference of Graph v1.0, on `$filter` with `$orderby`; its "Search" page on `$search`.
"""

from collections.abc import Sequence
from typing import Final

from modules.simulator.graph_error import GraphError
from modules.simulator.mail.kql import Query
from modules.simulator.mail.odata_filter import Filter
from modules.simulator.mail.odata_options import Order

_TOO_COMPLEX: Final = "The restriction or sort order is too complex for this operation."
_SCANNING: Final = frozenset({"contains", "endswith"})


def check(
    where: Filter | None = None, order_by: Sequence[Order] = (), search: Query | None = None, *, skip: bool = False
) -> None:
    """Say whether these may be asked together; `skip` is whether `$skip` was given.

    Raises: GraphError 400 SearchWithOrderBy, SearchWithFilter or SearchWithSkip; 400 InefficientFilter if the sorted
    properties are not the first ones of the filter, in the same order, or if it looks inside texts.
    """
    if search is not None:
        _check_search(where, order_by, skip=skip)
    elif where is not None and order_by:
        _check_order(where, [each.path for each in order_by])


def _check_search(where: Filter | None, order_by: Sequence[Order], *, skip: bool) -> None:
    for given, option, code in (
        (order_by, "$orderBy", "SearchWithOrderBy"),
        (where, "$filter", "SearchWithFilter"),
        (skip, "$skip", "SearchWithSkip"),
    ):
        if given:
            raise GraphError(400, code, f"The query parameter '{option}' is not supported with '$search'.")


def _check_order(where: Filter, paths: Sequence[str]) -> None:
    if where.properties[: len(paths)] != tuple(paths) or _SCANNING.intersection(where.functions):
        raise GraphError(400, "InefficientFilter", _TOO_COMPLEX)
