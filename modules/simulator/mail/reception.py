"""What a request meets at the door of a mailbox: limits, challenges, and a mailbox that cannot be read now."""

import contextlib
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from aiohttp import web

from modules.simulator.exchange import world_of
from modules.simulator.grants import AccessToken
from modules.simulator.graph_identity import bearer, unauthorized
from modules.simulator.mail.access import MAIL, owner_of
from modules.simulator.people import User


def presented(request: web.Request) -> AccessToken | None:
    """The request's token, good or not; None if there is none, or one that was never issued."""
    text = request.headers.get("Authorization", "").partition(" ")[2].strip()
    return world_of(request).grants.access_tokens.get(text)


def named(request: web.Request) -> User | None:
    """Whom the path names, be it by their mailbox or not."""
    owner = owner_of(request) or request.match_info.get("user", "")
    return world_of(request).directory.find_user(owner) if owner else None


def addressed(request: web.Request) -> User | None:
    """Whose mailbox the request is about, as far as anybody's."""
    token = presented(request)
    return named(request) if owner_of(request) or token is None else token.user


def admitted(request: web.Request) -> AbstractContextManager[None]:
    """The time in which a mailbox works on the request; nothing is counted if it is nobody's.

    Raises: GraphError 429, when it is entered, if the application is over a limit.
    """
    token, owner = presented(request), addressed(request)
    if token is None or owner is None:
        return nullcontext()
    limits = request.app[MAIL].limits
    return limits.admitted(token.application.client_id, owner, lambda: _is_connected(request))


def _is_connected(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


def check(request: web.Request) -> None:
    """Raises: GraphError 401 without a good token or if it is challenged here; what the mailbox's condition is."""
    token, owner = bearer(request), addressed(request)
    if owner is None:
        return
    conditions = request.app[MAIL].conditions
    if claims := conditions.claims_for(owner, token.value):
        raise unauthorized(
            request,
            "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: "
            "TokenCreatedWithOutdatedPolicies",
            error="insufficient_claims",
            claims=claims,
        )
    conditions.check(owner)


def note_claims(request: web.Request, form: Mapping[str, str], response: web.StreamResponse) -> None:
    """Remember with which claims a token was obtained, if this request obtained one and the answer was not spoilt."""
    claims = form.get("claims")
    if not claims or not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return
    with contextlib.suppress(ValueError, KeyError, TypeError):
        request.app[MAIL].conditions.obtained(json.loads(response.body)["access_token"], claims)
