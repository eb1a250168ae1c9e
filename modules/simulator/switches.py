"""Where Entra's ways vary or are not surely known, a test chooses."""

from datetime import timedelta

import attrs

from modules.simulator.aadsts import Changes


@attrs.define(kw_only=True)
class Switches:
    """Changed at any time; the next request sees it.

    `token_lifetime`: of access tokens; None: at random 60 to 90 minutes, 20 to 28 hours for clients of continuous
    access evaluation. `refresh_in`: hint in token answers; None: none.
    `strict`: reuse of a refresh token ends its family. `rotate`: a refresh gives a new refresh token.
    `full_scopes`: answers name scopes in full. `extra_scopes`: they name these, too. `echo_offline_access`: and that.
    `loop_detection`: the 15th equal request within 5 minutes is refused.
    `slow_down`: a device that polls too soon is told so. `device_interval`: in seconds.
    `error_page_status`: status of pages that tell of an error. `graph_permissions`: Graph checks scopes.
    `overrides`: changed columns of the table of error codes, by code.
    """

    token_lifetime: timedelta | None = None
    refresh_in: timedelta | None = None
    strict: bool = False
    full_scopes: bool = False
    extra_scopes: tuple[str, ...] = ()
    echo_offline_access: bool = False
    rotate: bool = True
    loop_detection: bool = False
    slow_down: bool = False
    device_interval: int = 5
    device_lifetime: timedelta = timedelta(minutes=15)
    code_lifetime: timedelta = timedelta(minutes=10)
    error_page_status: int = 400
    graph_permissions: bool = True
    overrides: dict[int, Changes] = attrs.field(factory=dict)
