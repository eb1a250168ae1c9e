"""Microsoft's national clouds: where people sign in and where Graph answers. Tokens of one are worthless in another.

Source: Microsoft identity platform, authentication-national-cloud.md; Microsoft Graph, deployments.md.
"""

from collections.abc import Mapping
from typing import Final

from attrs import frozen


@frozen(kw_only=True)
class Cloud:
    """Two addresses without a path."""

    authority: str
    graph_url: str


CLOUDS: Final[Mapping[str, Cloud]] = {
    "global": Cloud(authority="https://login.microsoftonline.com", graph_url="https://graph.microsoft.com"),
    "usgov": Cloud(authority="https://login.microsoftonline.us", graph_url="https://graph.microsoft.us"),
    "dod": Cloud(authority="https://login.microsoftonline.us", graph_url="https://dod-graph.microsoft.us"),
    "china": Cloud(
        authority="https://login.partner.microsoftonline.cn", graph_url="https://microsoftgraph.chinacloudapi.cn"
    ),
}
"""By the name that `AZURE_CLOUD` takes. GCC uses the global one."""
