"""Faults on demand: who meets one, where, how often, and what happens then."""

import asyncio
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Literal, TypedDict, Unpack

import attrs
from attrs import field
from attrs.validators import ge, in_, instance_of, le, optional

from modules.simulator.aadsts import Aadsts, Changes, changed
from modules.simulator.garbling import DAMAGES, Damage

Kind = Literal["aadsts", "status", "graph", "html", "truncated", "garbled", "slow", "dropped", "clock"]

# Those that are about one mailbox; `content` are the bytes of a message or an attachment.
MAIL_ENDPOINTS = frozenset({"folders", "messages", "message", "delta", "attachments", "attachment", "content"})
_MESSAGE_ENDPOINTS = frozenset({"messages", "message", "delta"})
_GRAPH_ENDPOINTS = frozenset({"graph", "batch", *MAIL_ENDPOINTS})

# What the route table calls its endpoints; the control API is none of them.
ENDPOINTS = frozenset(
    {
        *("home", "error", "preflight", "instance", "userrealm", "discovery", "keys"),
        *("authorize", "sign_in", "mfa", "consent", "logout", "adminconsent"),
        *("token", "devicecode", "deviceauth"),
        *("userinfo", *_GRAPH_ENDPOINTS),
    }
)
HTML_PAGE = (
    "<!DOCTYPE html><html><head><title>Service unavailable</title></head><body><h1>Try again later</h1></body></html>"
)
SLOWEST = 30.0


class Where(TypedDict, total=False):
    """Whom a fault strikes, and how often."""

    user: str | None
    application: str | None
    endpoint: str | None
    times: int | None


@attrs.frozen(kw_only=True)
class Fault:
    """What goes wrong, for whom. `user`: UPN, address or object id; `application`: name or client id; `endpoint`: of
    `ENDPOINTS`; None: any. `times`: how often; None: until removed.

    At Graph, `user` is whose token it is, or whose mailbox or profile the path names, as with an application's own
    token. `endpoint` "graph" is every one of Graph, those of mail and batches included: a request in a batch meets
    faults at its own endpoint, after the batch has met those at "batch"; one that is dropped takes the batch along.

    `before`: it happens before the request is worked on, and nothing changes; otherwise after that, and only the answer
    is lost, cut, damaged or late. `seconds`: how long a slow one waits at most; `release` ends it sooner. `damage`: to
    the `nth` message of a page, from 0; see `garbling.garbled`.
    """

    kind: Kind
    user: str | None = None
    application: str | None = None
    endpoint: str | None = field(default=None, validator=optional(in_(ENDPOINTS)))
    times: int | None = field(default=None, validator=optional([instance_of(int), ge(1)]))
    line: Aadsts | None = None
    status: int | None = field(default=None, validator=optional([instance_of(int), ge(100), le(599)]))
    code: str = ""
    message: str = ""
    body: str | None = None
    retry_after: str | None = None
    seconds: float = field(default=SLOWEST, validator=[ge(0), le(SLOWEST)])
    before: bool = True
    by: timedelta = timedelta()
    damage: Damage = field(default="error", validator=in_(DAMAGES))
    nth: int = field(default=0, validator=[instance_of(int), ge(0)])


RetryAfter = int | float | str | datetime | None


def aadsts(
    code: int,
    *,
    user: str | None = None,
    application: str | None = None,
    endpoint: str | None = "token",
    times: int | None = None,
    retry_after: RetryAfter = None,
    **changes: Unpack[Changes],
) -> Fault:
    """Refuse with a code of the table. `changes` replace columns of its line, such as `error` or `suberror`.

    Raises: ValueError if the table has no such code or column.
    """
    return Fault(
        kind="aadsts",
        line=changed(code, changes),
        user=user,
        application=application,
        endpoint=endpoint,
        times=times,
        retry_after=as_header(retry_after),
    )


def status(code: int, *, retry_after: RetryAfter = None, body: str | None = None, **where: Unpack[Where]) -> Fault:
    """Answer with 429 or 5xx, in the endpoint's own form, or with this text as the body.

    `retry_after`: seconds, a moment, any text, or None for no such header.
    """
    return Fault(kind="status", status=code, retry_after=as_header(retry_after), body=body, **where)


def graph(
    status_code: int, code: str, message: str = "", *, retry_after: RetryAfter = None, **where: Unpack[Where]
) -> Fault:
    """Answer as Graph does, with its error code; at Graph, unless another endpoint is named."""
    place: Where = {"endpoint": "graph", **where}
    return Fault(
        kind="graph", status=status_code, code=code, message=message, retry_after=as_header(retry_after), **place
    )


def html(status_code: int = 200, *, retry_after: RetryAfter = None, **where: Unpack[Where]) -> Fault:
    """Answer with a page where JSON is expected, as proxies and gateways do."""
    return Fault(kind="html", status=status_code, retry_after=as_header(retry_after), **where)


def truncated(**where: Unpack[Where]) -> Fault:
    """Work the request out, and send only half of the answer, as if it were the whole."""
    return Fault(kind="truncated", before=False, **where)


def garbled(what: Damage, *, nth: int = 0, **where: Unpack[Where]) -> Fault:
    """Damage the n-th message of a page; unless one endpoint is named, wherever messages are listed or shown."""
    return Fault(kind="garbled", before=False, damage=what, nth=nth, **where)


def slow(seconds: float = SLOWEST, *, before: bool = True, **where: Unpack[Where]) -> Fault:
    """Wait before working the request out, or before answering: until released, or for so long."""
    return Fault(kind="slow", seconds=seconds, before=before, **where)


def dropped(*, before: bool = True, **where: Unpack[Where]) -> Fault:
    """Reset the connection before the request is worked on, or after everything has been changed."""
    return Fault(kind="dropped", before=before, **where)


def moved(by: timedelta, **where: Unpack[Where]) -> Fault:
    """Move the clock forward when the request comes, before it is worked on."""
    return Fault(kind="clock", by=by, **where)


def as_header(retry_after: RetryAfter) -> str | None:
    """What stands in `Retry-After`. Raises: ValueError for a moment without a time zone."""
    if isinstance(retry_after, datetime):
        if retry_after.tzinfo is None:
            raise ValueError("the moment has no time zone")
        return format_datetime(retry_after.astimezone(UTC), usegmt=True)
    return None if retry_after is None else str(retry_after)


@attrs.define(eq=False)
class _Armed:
    fault: Fault
    hits: int = 0
    released: asyncio.Event = attrs.field(factory=asyncio.Event)
    met: asyncio.Condition = attrs.field(factory=asyncio.Condition)

    @property
    def is_used_up(self) -> bool:
        return self.fault.times is not None and self.hits >= self.fault.times


@attrs.frozen(kw_only=True)
class Place:
    """What a request is about, as far as can be told before it is worked on: lower case names of each."""

    endpoint: str
    users: frozenset[str]
    applications: frozenset[str]


class Faults:
    """The faults that lie in wait, in the order in which they were added."""

    def __init__(self) -> None:
        self._armed: dict[str, _Armed] = {}
        self._added = 0

    def add(self, fault: Fault) -> str:
        """Return the id by which it is removed, released and asked about."""
        self._added += 1
        fault_id = f"fault-{self._added}"
        self._armed[fault_id] = _Armed(fault)
        return fault_id

    def remove(self, fault_id: str) -> None:
        """Raises: KeyError. Requests that it holds go on."""
        self._armed.pop(fault_id).released.set()

    def clear(self) -> None:
        for fault_id in list(self._armed):
            self.remove(fault_id)

    def release(self, fault_id: str) -> None:
        """Let slow requests go on, those to come as well. Raises: KeyError."""
        self._armed[fault_id].released.set()

    def release_all(self) -> None:
        for armed in self._armed.values():
            armed.released.set()

    def hits(self, fault_id: str) -> int:
        """How many requests met it. Raises: KeyError."""
        return self._armed[fault_id].hits

    async def reached(self, fault_id: str, times: int = 1) -> None:
        """Wait until so many requests met it. Raises: KeyError."""
        armed = self._armed[fault_id]
        async with armed.met:
            await armed.met.wait_for(lambda: armed.hits >= times)

    @property
    def all(self) -> dict[str, Fault]:
        return {fault_id: armed.fault for fault_id, armed in self._armed.items() if not armed.is_used_up}

    async def meet(self, place: Place) -> list[tuple[Fault, asyncio.Event]]:
        """The faults that this request meets: clock and slow ones along with the first of the others."""
        met: list[_Armed] = []
        for armed in self._armed.values():
            if armed.is_used_up or not strikes(armed.fault, place):
                continue
            if armed.fault.kind in {"slow", "clock"} or not any(_answers(each.fault) for each in met):
                armed.hits += 1
                met.append(armed)
        for armed in met:
            async with armed.met:
                armed.met.notify_all()
        return [(armed.fault, armed.released) for armed in met]


def _answers(fault: Fault) -> bool:
    return fault.kind not in {"slow", "clock"}


def _struck(fault: Fault) -> AbstractSet[str]:
    """The endpoints at which it strikes."""
    if fault.endpoint not in {None, "graph"}:
        return {fault.endpoint}
    if fault.kind == "garbled":
        return _MESSAGE_ENDPOINTS
    return _GRAPH_ENDPOINTS if fault.endpoint else ENDPOINTS


def strikes(fault: Fault, place: Place) -> bool:
    return (
        place.endpoint in _struck(fault)
        and (fault.user is None or fault.user.casefold() in place.users)
        and (fault.application is None or fault.application.casefold() in place.applications)
    )
