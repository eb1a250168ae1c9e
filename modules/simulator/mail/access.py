"""Whose mailbox a request is about, and how much of it the token may see."""

import re
from typing import Final

import attrs
from aiohttp import web

from modules.simulator.exchange import world_of
from modules.simulator.grants import AccessToken
from modules.simulator.graph_error import GraphError
from modules.simulator.graph_identity import bearer
from modules.simulator.mail.mailbox import Mailbox
from modules.simulator.mail.mailboxes import Mailboxes
from modules.simulator.people import User

MAIL: web.AppKey[Mailboxes] = web.AppKey("mail", Mailboxes)

_WHOLE: Final = frozenset({"Mail.Read", "Mail.ReadWrite"})
_BASIC: Final = frozenset({"Mail.ReadBasic", "Mail.ReadBasic.All"})
_QUOTED: Final = re.compile(r"\('(.*)'\)", re.DOTALL)


@attrs.frozen(kw_only=True)
class Reader:
    """Who reads. `basic`: without bodies, previews and attachments, and without searching."""

    mailbox: Mailbox
    basic: bool


def key_of(request: web.Request, name: str) -> str:
    """The key of a path segment, written `/key` or `('key')` with doubled quotes; empty if the path has none."""
    return _key(request.match_info.get(name, ""))


def _key(segment: str) -> str:
    text = segment.removeprefix("/")
    quoted = _QUOTED.fullmatch(text)
    return quoted[1].replace("''", "'") if quoted else text


def owner_of(request: web.Request) -> str:
    """Whom the path of a request to Graph names, by UPN, address or object id; empty for `/me`."""
    return request.match_info.get("user") or _key(request.match_info.get("owner", "")[len("users") :])


def mailbox_of(request: web.Request) -> Mailbox:
    """The mailbox that the path of a request for mail addresses.

    Raises: GraphError 401 without a good token; 400 for `/me` with an application's own token; 404 if the token's
    tenant does not have the user; 403 if it is another person's mailbox than the token's.
    """
    token = bearer(request)
    owner = _owner(request, token)
    if token.user not in {None, owner}:
        raise denied()
    return request.app[MAIL].mailbox(owner)


def _owner(request: web.Request, token: AccessToken) -> User:
    named = owner_of(request)
    if not named:
        if token.user is None:
            raise GraphError(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
        return token.user
    user = world_of(request).directory.find_user(named)
    if user is None or user.tenant_id != token.tenant_id:
        message = f"Resource '{named}' does not exist or one of its queried reference-property objects are not present."
        raise GraphError(404, "Request_ResourceNotFound", message)
    return user


def reader_of(request: web.Request, *, whole: bool = False) -> Reader:
    """Who reads what. `whole`: the endpoint is about bodies or attachments.

    Raises: as `mailbox_of`; GraphError 403 ErrorAccessDenied if the token's permissions do not suffice.
    """
    mailbox = mailbox_of(request)
    token = bearer(request)
    have = {each.name for each in token.scopes} | set(token.roles)
    if not world_of(request).switches.graph_permissions or have & _WHOLE:
        return Reader(mailbox=mailbox, basic=False)
    if whole or not have & _BASIC:
        raise denied()
    return Reader(mailbox=mailbox, basic=True)


def denied() -> GraphError:
    return GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
