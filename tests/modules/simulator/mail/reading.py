"""What tests of mail need: tokens without a sign-in, messages, and requests whose bytes can be looked at."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

import attrs

from modules.simulator.grants import AccessToken
from modules.simulator.mail.content import Address, Attached, Draft, File, Item, Link
from modules.simulator.scopes import GRAPH, Scope
from tests.modules.simulator.rig import Rig

MOMENT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
SENDER = Address("kim.jiwon@panel.example", "Kim Jiwon")

PICTURE = File(name="logo.png", content_type="image/png", content=b"\x89PNG", is_inline=True, content_id="logo")
REPORT = File(name="보고서.pdf", content_type="application/pdf", content=bytes(range(256)) * 8)
LINK = Link(name="minutes", url="https://files.example/minutes")


def draft(subject: str = "Hull survey", *attached: Attached, **changes: Any) -> Draft:  # noqa: ANN401 - of Draft
    usual: dict[str, Any] = {
        "sender": SENDER,
        "to": (Address("li.wei@panel.example", "Li Wei"),),
        "body": "<p>See <b>annex 2</b>.</p>",
        "sent_at": MOMENT,
        "received_at": MOMENT,
        "internet_message_id": f"<{crc32(subject.encode(errors='replace'))}@panel.example>",
        "attachments": attached,
    }
    return Draft(subject=subject, **{**usual, **changes})


ITEM = Item(name="Forwarded", draft=draft("An attached message", REPORT, body="plain words", body_type="text"))


def new_token(rig: Rig, user: int | None = 0, *permissions: str, application: str = "web", name: str = "") -> str:
    """A token of a user, or of the application itself; for Mail.Read unless permissions are named."""
    world, wanted = rig.simulator.world, permissions or ("Mail.Read",)
    person = None if user is None else rig.user(user)
    token = AccessToken(
        value=name or f"token-{len(world.grants.access_tokens)}",
        application=rig.application(application if person else "daemon"),
        tenant_id=rig.simulator.directory.tenant.tenant_id,
        user=person,
        scopes=tuple(Scope(resource=GRAPH, name=each, asked=each) for each in wanted) if person else (),
        roles=() if person else wanted,
        expires_at=world.clock.now() + timedelta(hours=1),
    )
    return world.grants.new_access_token(token).value


@attrs.frozen(kw_only=True)
class Reply:
    """What came back, as bytes."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw)
        return found

    @property
    def error(self) -> str:
        """Graph's code of the refusal."""
        return str(self.body["error"]["code"])


async def ask(
    rig: Rig, path: str, token: str = "", *, method: str = "GET", body: object = None, **headers: str
) -> Reply:
    """A request to Graph; `path` is below the version. Underscores in names of headers are hyphens."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    url = path if path.startswith("http") else rig.url(f"v1.0/{path}")
    async with rig.http.request(method, url, headers=sent, json=body) as response:
        return Reply(status=response.status, headers=dict(response.headers), raw=await response.read())
