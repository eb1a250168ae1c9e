"""Where Entra's and Graph's ways vary or are not surely known, a test chooses."""

from datetime import timedelta
from typing import Literal

import attrs

from modules.simulator.aadsts import Changes

RetryAfterForm = Literal["integer", "fraction", "date", "absent", "garbage"]


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

    Of mail: `mailbox_concurrency`: how many requests an application may have at a mailbox at once; `mailbox_latency`:
    how many seconds each of them takes at least; `mailbox_requests`: and how many within `mailbox_window`.
    `throttle_retry_after`: how these refusals say when to
    come again. `moving_status`: status of the answer about a mailbox that is being moved (500 or 503).
    `delta_partial_updates`: later rounds of changes name only what changed of a message. `delta_replays`: pages repeat
    some of the page before. `delta_empty_pages`: every other page of changes is empty. `delta_resync_location`: a token
    that is not known any more is answered by `resyncRequired` with a `Location`, not by `SyncStateNotFound`.
    `batch_shuffle`: the answers of a batch come in an order of their own, always the same for the same ids.
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
    mailbox_concurrency: int = 4
    mailbox_latency: float = 0.001
    mailbox_requests: int = 10_000
    mailbox_window: timedelta = timedelta(minutes=10)
    throttle_retry_after: RetryAfterForm = "integer"
    moving_status: int = 503
    batch_shuffle: bool = True
    delta_partial_updates: bool = False
    delta_replays: bool = False
    delta_empty_pages: bool = False
    delta_resync_location: bool = False
