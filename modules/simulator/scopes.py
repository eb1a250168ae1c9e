"""Scopes of requests: which resource each is for, and what the answer says."""

from collections.abc import Iterable

import attrs

from modules.simulator.refusal import refused

GRAPH = "https://graph.microsoft.com"
OUTLOOK = "https://outlook.office.com"
GRAPH_ID = "00000003-0000-0000-c000-000000000000"
OPENID_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
DEFAULT = ".default"
OPENID = "openid"  # the resource of scopes that have none

# The permissions of Graph and Outlook that the simulator knows; True: only an administrator can consent.
PERMISSIONS = {
    "Calendars.Read": False,
    "Calendars.ReadWrite": False,
    "Contacts.Read": False,
    "Contacts.ReadWrite": False,
    "Directory.AccessAsUser.All": True,
    "Directory.Read.All": True,
    "Directory.ReadWrite.All": True,
    "Files.Read": False,
    "Files.ReadWrite": False,
    "Group.Read.All": True,
    "IMAP.AccessAsUser.All": False,
    "Mail.Read": False,
    "Mail.Read.Shared": False,
    "Mail.ReadBasic": False,
    "Mail.ReadBasic.All": True,
    "Mail.ReadWrite": False,
    "Mail.ReadWrite.Shared": False,
    "Mail.Send": False,
    "Mail.Send.Shared": False,
    "MailboxSettings.Read": False,
    "MailboxSettings.ReadWrite": False,
    "People.Read": False,
    "POP.AccessAsUser.All": False,
    "SMTP.Send": False,
    "Tasks.Read": False,
    "User.Read": False,
    "User.Read.All": True,
    "User.ReadBasic.All": False,
    "User.ReadWrite": False,
    "User.ReadWrite.All": True,
    "User.RevokeSessions.All": True,
}
_BY_LOWER_NAME = {name.lower(): name for name in PERMISSIONS}


@attrs.frozen(kw_only=True)
class Scope:
    """One scope: what was asked, and what it means."""

    asked: str = attrs.field(eq=False)
    resource: str
    name: str

    @property
    def full(self) -> str:
        return self.name if self.resource == OPENID else f"{self.resource}/{self.name}"

    @property
    def needs_admin(self) -> bool:
        return PERMISSIONS.get(self.name, False)


def parse(text: str, own_hosts: Iterable[str] = ()) -> tuple[Scope, ...]:
    """The scopes of a parameter. A resource on one of `own_hosts` is the simulator's Graph.

    Raises: RefusedError 70011 for a scope that the resource does not have, or `.default` beside others; 500011 for an
    unknown resource.
    """
    found = tuple(dict.fromkeys(_scope(word, frozenset(own_hosts)) for word in text.split()))
    resources = [each for each in found if each.resource != OPENID]
    if len(resources) > 1 and any(each.name == DEFAULT for each in resources):
        raise refused(70011, ".default cannot be combined with other scopes of resources.")
    return found


def _scope(word: str, own_hosts: frozenset[str]) -> Scope:
    if word.lower() in OPENID_SCOPES:
        return Scope(asked=word, resource=OPENID, name=word.lower())
    resource, _, name = word.rpartition("/")
    if not name:
        raise refused(70011, f"It is not valid: {word}")
    resource = _resource(resource.rstrip("/"), own_hosts)
    if name.lower() == DEFAULT:
        return Scope(asked=word, resource=resource, name=DEFAULT)
    if resource.startswith("api://"):
        return Scope(asked=word, resource=resource, name=name)
    if name.lower() not in _BY_LOWER_NAME:
        raise refused(70011, f"The resource does not have it: {word}")
    return Scope(asked=word, resource=resource, name=_BY_LOWER_NAME[name.lower()])


def _resource(text: str, own_hosts: frozenset[str]) -> str:
    lower = text.lower()
    if lower in {"", GRAPH_ID, GRAPH, f"api://{GRAPH_ID}"}:
        return GRAPH
    if lower in {OUTLOOK, "https://outlook.office365.com"}:
        return OUTLOOK
    if lower.startswith("api://"):
        return lower
    if lower.partition("://")[2].partition("/")[0] in own_hosts:
        return GRAPH
    raise refused(500011, f"It is not known: {text}")


def resource_scopes(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    return tuple(each for each in scopes if each.resource != OPENID)


def has(scopes: Iterable[Scope], name: str) -> bool:
    return any(each.name == name for each in scopes)


def of_first_resource(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """The scopes of the first resource, and those of OpenID: a token is for one resource."""
    every = tuple(scopes)
    first = next((each.resource for each in every if each.resource != OPENID), None)
    return tuple(each for each in every if each.resource in {first, OPENID})
