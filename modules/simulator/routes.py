"""The route table: which path is which endpoint, and what kind of answer a refusal gets there."""

from collections.abc import Awaitable, Callable
from typing import Literal

import attrs
from aiohttp import web

from modules.simulator import (
    admin_consent,
    authorize,
    control,
    device,
    graph_identity,
    logout,
    metadata,
    pages,
    sign_in,
    token_endpoint,
)
from modules.simulator.mail import batch, contents, control_mail, delta, folders, listing, paths, unknown_paths

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Kind = Literal["page", "json", "graph", "control"]


@attrs.frozen
class Route:
    """`endpoint` is the name that faults and the request log know."""

    method: str
    path: str
    endpoint: str
    kind: Kind
    handler: Handler


_WELL_KNOWN = ".well-known/openid-configuration"
_USER = "/v1.0/users/{user}"

ROUTES = (
    Route("GET", "/", "home", "page", pages.home),
    Route("GET", "/error", "error", "page", pages.about_error),
    Route("OPTIONS", "/{tenant}/oauth2/v2.0/token", "preflight", "json", metadata.preflight),
    Route("OPTIONS", "/{tenant}/oauth2/v2.0/devicecode", "preflight", "json", metadata.preflight),
    Route("OPTIONS", "/oidc/userinfo", "preflight", "json", metadata.preflight),
    Route("GET", "/common/discovery/instance", "instance", "json", metadata.instance),
    Route("GET", "/common/userrealm/{user}", "userrealm", "json", metadata.user_realm),
    Route("GET", f"/{{tenant}}/v2.0/{_WELL_KNOWN}", "discovery", "json", metadata.discovery),
    Route("GET", f"/{{tenant}}/{_WELL_KNOWN}", "discovery", "json", metadata.discovery),
    Route("GET", "/{tenant}/discovery/v2.0/keys", "keys", "json", metadata.keys),
    Route("GET", "/{tenant}/discovery/keys", "keys", "json", metadata.keys),
    Route("GET", "/{tenant}/oauth2/v2.0/authorize", "authorize", "page", authorize.authorize),
    Route("POST", "/{tenant}/oauth2/v2.0/authorize", "authorize", "page", authorize.authorize),
    Route("POST", "/{tenant}/login", "sign_in", "page", sign_in.login),
    Route("POST", "/{tenant}/mfa", "mfa", "page", sign_in.mfa),
    Route("POST", "/{tenant}/consent", "consent", "page", sign_in.consent),
    Route("POST", "/{tenant}/oauth2/v2.0/token", "token", "json", token_endpoint.token),
    Route("POST", "/{tenant}/oauth2/v2.0/devicecode", "devicecode", "json", device.device_code),
    Route("GET", "/devicelogin", "deviceauth", "page", device.short_address),
    Route("GET", device.PAGE, "deviceauth", "page", device.show),
    Route("POST", device.PAGE, "deviceauth", "page", device.enter),
    Route("GET", "/{tenant}/oauth2/v2.0/logout", "logout", "page", logout.logout),
    Route("POST", "/{tenant}/oauth2/v2.0/logout", "logout", "page", logout.logout),
    Route("GET", "/{tenant}/v2.0/adminconsent", "adminconsent", "page", admin_consent.admin_consent),
    Route("GET", "/{tenant}/adminconsent", "adminconsent", "page", admin_consent.admin_consent_v1),
    Route("GET", "/v1.0/me", "graph", "graph", graph_identity.me),
    Route("GET", _USER, "graph", "graph", graph_identity.user),
    Route("POST", "/v1.0/me/revokeSignInSessions", "graph", "graph", graph_identity.revoke_me),
    Route("POST", f"{_USER}/revokeSignInSessions", "graph", "graph", graph_identity.revoke_user),
    Route("GET", "/oidc/userinfo", "userinfo", "graph", graph_identity.user_info),
    Route("POST", "/oidc/userinfo", "userinfo", "graph", graph_identity.user_info),
    Route("GET", contents.ATTACHMENTS, "attachments", "graph", contents.attachments),
    Route("GET", contents.ATTACHMENT, "attachment", "graph", contents.attachment),
    Route("GET", contents.ATTACHMENT_VALUE, "content", "graph", contents.attachment_value),
    Route("GET", contents.MESSAGE_VALUE, "content", "graph", contents.message_value),
    Route("POST", batch.PATH, "batch", "graph", batch.batch),
    Route("GET", paths.FOLDERS, "folders", "graph", folders.folders),
    Route("GET", paths.FOLDER, "folders", "graph", folders.folder),
    Route("GET", paths.CHILD_FOLDERS, "folders", "graph", folders.child_folders),
    Route("GET", paths.MESSAGES, "messages", "graph", listing.messages),
    Route("GET", paths.FOLDER_MESSAGES, "messages", "graph", listing.messages),
    Route("GET", paths.DELTA, "delta", "graph", delta.delta),
    Route("GET", paths.MESSAGE, "message", "graph", listing.message),
    Route("GET", paths.FOLDER_MESSAGE, "message", "graph", listing.message),
    *(Route(method, path, "control", "control", handler) for method, path, handler in control.ROUTES),
    *(Route(method, path, "control", "control", handler) for method, path, handler in control_mail.ROUTES),
    # Last: it is what no other path is.
    Route("GET", unknown_paths.PATH, "graph", "graph", unknown_paths.unknown),
)
