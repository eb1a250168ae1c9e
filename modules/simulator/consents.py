"""Consent: which scopes a person, or an administrator for everybody, agreed to for an application."""

from collections.abc import Iterable

from modules.simulator.directory import Directory
from modules.simulator.people import User
from modules.simulator.refusal import refused
from modules.simulator.registration import Application
from modules.simulator.scopes import DEFAULT, GRAPH, OPENID_SCOPES, Scope


def expanded(directory: Directory, application: Application, user: User, scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """`.default` replaced by everything that was consented to for its resource."""
    found: list[Scope] = []
    for each in scopes:
        if each.name != DEFAULT:
            found.append(each)
            continue
        full = sorted(name for name in directory.consented(application, user) if _is_of(name, each.resource))
        found += [Scope(asked=name, resource=each.resource, name=name.rpartition("/")[2]) for name in full]
    return tuple(found)


def _is_of(full: str, resource: str) -> bool:
    return full.rpartition("/")[0] == resource


def check_consent(directory: Directory, application: Application, user: User, scopes: tuple[Scope, ...]) -> None:
    """Raises: RefusedError 65001 unless all were consented to."""
    if missing := not_consented(directory, application, user, scopes):
        raise refused(65001, f"Application: {application.client_id}; missing: {' '.join(missing)}")


def not_consented(directory: Directory, application: Application, user: User, scopes: Iterable[Scope]) -> list[str]:
    """Full names, in order. `.default` is content with any consent; without it, it asks for all that is registered."""
    have = directory.consented(application, user)
    wanted: list[str] = []
    for each in scopes:
        if each.name != DEFAULT:
            wanted.append(each.full)
        elif not any(_is_of(full, each.resource) for full in have):
            wanted += [full for full in application.delegated if _is_of(full, each.resource)]
    return [full for full in dict.fromkeys(wanted) if full not in have]


def consented_scopes(application: Application, scopes: Iterable[Scope], *, for_everybody: bool) -> set[str]:
    """Full names of what a yes to these scopes covers; `.default` stands for all that is registered.

    An administrator's yes covers application permissions and the scopes of OpenID as well.
    """
    asked = tuple(scopes)
    named = {each.full for each in asked if each.name != DEFAULT}
    if any(each.name == DEFAULT for each in asked):
        named |= set(application.delegated)
        if for_everybody:
            named |= {f"{GRAPH}/{each}" for each in application.application_permissions}
    return named | OPENID_SCOPES if for_everybody else named
