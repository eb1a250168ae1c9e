"""JSON of the control API: what is read is checked key by key, what is shown holds no secrets."""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any, get_args

import attrs

from modules.simulator import faults
from modules.simulator.directory import Directory
from modules.simulator.faults import Fault
from modules.simulator.request_log import Request
from modules.simulator.switches import Switches

Types = Mapping[str, tuple[type, ...]]

_TEXT, _WHOLE, _NUMBER, _YES_NO = (str,), (int,), (int, float), (bool,)
_NOTHING = (type(None),)

_WHERE: Types = {
    "user": _TEXT + _NOTHING,
    "application": _TEXT + _NOTHING,
    "endpoint": _TEXT + _NOTHING,
    "times": _WHOLE + _NOTHING,
}
_LATER: Types = {"retry_after": _TEXT + _NUMBER + _NOTHING}
_LINE: Types = {
    "error": _TEXT,
    "text": _TEXT,
    "status": _WHOLE,
    "suberror": _TEXT + _NOTHING,
    "claims": _YES_NO,
    "at_authorize": _TEXT + _NOTHING,
}


@attrs.frozen(kw_only=True)
class _FaultKind:
    make: Callable[..., Fault]
    needed: Types
    allowed: Types = attrs.field(factory=dict)


_FAULTS: Mapping[str, _FaultKind] = {
    "aadsts": _FaultKind(make=faults.aadsts, needed={"code": _WHOLE}, allowed={**_LATER, **_LINE}),
    "status": _FaultKind(make=faults.status, needed={"code": _WHOLE}, allowed={**_LATER, "body": _TEXT + _NOTHING}),
    "graph": _FaultKind(
        make=faults.graph, needed={"status_code": _WHOLE, "code": _TEXT}, allowed={**_LATER, "message": _TEXT}
    ),
    "html": _FaultKind(make=faults.html, needed={}, allowed={**_LATER, "status_code": _WHOLE}),
    "truncated": _FaultKind(make=faults.truncated, needed={}),
    "slow": _FaultKind(make=faults.slow, needed={}, allowed={"seconds": _NUMBER, "before": _YES_NO}),
    "garbled": _FaultKind(make=faults.garbled, needed={"what": _TEXT}, allowed={"nth": _WHOLE}),
    "dropped": _FaultKind(make=faults.dropped, needed={}, allowed={"before": _YES_NO}),
    "clock": _FaultKind(
        make=lambda seconds, **where: faults.moved(timedelta(seconds=seconds), **where), needed={"seconds": _NUMBER}
    ),
}

_BY_TYPE: Mapping[object, tuple[type, ...]] = {
    bool: _YES_NO,
    int: _WHOLE,
    timedelta: _NUMBER,
    timedelta | None: _NUMBER + _NOTHING,
    tuple[str, ...]: (list,),
}
_SWITCH_TYPES: Mapping[str, object] = {each.name: each.type for each in attrs.fields(Switches)}
# A column of the table of codes is changed by a fault; all other switches can be set. A choice is a text.
SWITCHES: Types = {name: _BY_TYPE.get(type_, _TEXT) for name, type_ in _SWITCH_TYPES.items() if name != "overrides"}
USER: Types = {"enabled": _YES_NO, "mfa": _YES_NO, "blocked": _YES_NO, "password": _TEXT, "name": _TEXT}
NEW_USER: Types = {"name": _TEXT, "mail": _TEXT, "tenant": _TEXT}
APPLICATION: Types = {"enabled": _YES_NO, "assigned_only": _YES_NO, "public_client": _YES_NO, "id_tokens": _YES_NO}


def checked(body: object, *, needed: Types | None = None, allowed: Types | None = None) -> dict[str, Any]:
    """The object as it is. Raises: ValueError that names every key that is missing, unknown or of a wrong type."""
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 - about what was sent
    needed, known = needed or {}, {**(needed or {}), **(allowed or {})}
    wrong = [f"{name}: missing" for name in needed if name not in body]
    wrong += [f"{name}: unknown" for name in body if name not in known]
    wrong += [f"{name}: wrong type" for name, value in body.items() if name in known and not _is(value, known[name])]
    if wrong:
        raise ValueError("; ".join(wrong))
    return body


def _is(value: object, types: tuple[type, ...]) -> bool:
    """JSON's true is no number here."""
    return isinstance(value, types) and (not isinstance(value, bool) or bool in types)


def fault_from(body: object) -> Fault:
    """Raises: ValueError if it describes no fault."""
    kind = body.get("kind") if isinstance(body, dict) else None
    description = _FAULTS.get(kind) if isinstance(kind, str) else None
    if description is None:
        raise ValueError(f"kind: one of {', '.join(_FAULTS)}")
    needed = {"kind": _TEXT, **description.needed}
    fields = checked(body, needed=needed, allowed={**_WHERE, **description.allowed})
    return description.make(**{name: value for name, value in fields.items() if name != "kind"})


def shown_fault(fault: Fault, hits: int) -> dict[str, Any]:
    shown = {
        "kind": fault.kind,
        "user": fault.user,
        "application": fault.application,
        "endpoint": fault.endpoint,
        "times": fault.times,
        "code": fault.line.code if fault.line else fault.code or None,
        "status": fault.status,
        "what": fault.damage if fault.kind == "garbled" else None,
        "retry_after": fault.retry_after,
        "hits": hits,
    }
    return {name: value for name, value in shown.items() if value is not None}


def set_switches(switches: Switches, body: object) -> None:
    """Change what the object names; times are in seconds. Raises: ValueError."""
    found = {name: _switch(name, value) for name, value in checked(body, allowed=SWITCHES).items()}
    for name, value in found.items():
        setattr(switches, name, value)


def _switch(name: str, value: Any) -> object:  # noqa: ANN401 - JSON
    type_ = _SWITCH_TYPES[name]
    if type_ in {timedelta, timedelta | None}:
        return None if value is None else timedelta(seconds=value)
    if isinstance(value, list):
        return tuple(map(str, value))
    return value if type_ in _BY_TYPE else one_of(name, value, get_args(type_))


def one_of(name: str, value: Any, known: Collection[str]) -> Any:  # noqa: ANN401 - one of a Literal's
    """Raises: ValueError if the value is not one that is known."""
    if value not in known:
        raise ValueError(f"{name}: one of {', '.join(known)}")
    return value


def shown_switches(switches: Switches) -> dict[str, Any]:
    found = {name: getattr(switches, name) for name in SWITCHES}
    return {name: each.total_seconds() if isinstance(each, timedelta) else each for name, each in found.items()}


def shown_directory(directory: Directory) -> dict[str, Any]:
    people = ("upn", "mail", "name", "object_id", "enabled", "mfa", "blocked", "is_admin")
    apps = ("name", "display_name", "client_id", "tenant_id", "audience", *APPLICATION)
    return {
        "tenants": [
            {
                "tenant_id": tenant.tenant_id,
                "domain": tenant.domain,
                "users": [{name: getattr(user, name) for name in people} for user in tenant.everybody],
            }
            for tenant in directory.tenants
        ],
        "applications": [
            {
                **{name: getattr(each, name) for name in apps},
                "redirect_uris": [attrs.asdict(uri) for uri in each.redirect_uris],
            }
            for each in directory.applications
        ],
    }


def shown_request(request: Request) -> dict[str, Any]:
    shown = {name: getattr(request, name) for name in ("method", "path", "endpoint", "scheme", "authorization")}
    fields = {name: dict(getattr(request, name)) for name in ("query", "form", "headers")}
    return {**shown, **fields, "moment": request.moment.isoformat()}
