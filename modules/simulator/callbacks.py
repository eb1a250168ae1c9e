"""Sending the person back to the application: in the query, in the fragment, or in a form that posts itself."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from aiohttp import web

from modules.simulator.exchange import NO_STORE, TRACE
from modules.simulator.flows import ResponseMode
from modules.simulator.pages import page
from modules.simulator.redirects import with_path


def send_back(
    request: web.Request, redirect_uri: str, response_mode: ResponseMode, parameters: Mapping[str, str]
) -> web.Response:
    """Answer with the parameters at the redirect URI."""
    if response_mode == "form_post":
        return page(request, "form_post", redirect_uri=redirect_uri, parameters=parameters)
    text = urlencode(parameters, quote_via=quote)
    uri = with_path(redirect_uri)
    if response_mode == "fragment":
        return redirect(request, f"{uri}#{text}")
    # The empty fragment keeps a browser from carrying over the fragment of the page before.
    return redirect(request, f"{uri}{'&' if '?' in uri else '?'}{text}#")


def redirect(request: web.Request, location: str) -> web.Response:
    """Not aiohttp's own redirect, which would write the address anew."""
    headers = {**NO_STORE, "Location": location, "x-ms-request-id": request[TRACE].trace_id}
    return web.Response(status=302, headers=headers)
