"""Who may read whose mail."""

import pytest

from tests.modules.simulator.mail.graph_client import Client, client_of
from tests.modules.simulator.mail.reading import PICTURE, ask, draft, new_token
from tests.modules.simulator.rig import Rig

PATHS = [
    "mailFolders",
    "mailFolders/inbox",
    "messages",
    "mailFolders/inbox/messages",
    "mailFolders/inbox/messages/delta",
]


@pytest.mark.parametrize("path", PATHS)
async def test_the_own_mailbox_may_be_named_in_every_way(rig: Rig, path: str) -> None:
    client = client_of(rig, user=1)
    client.deliver(1)
    user = client.mailbox.user
    own = (await client.get(path)).body["@odata.context"]
    for who in (user.upn, user.mail.upper(), user.object_id):
        for owner in (f"/users/{who}", f"/Users('{who}')"):
            reply = await client.get(f"{owner}/{path}")
            assert (reply.status, reply.body["@odata.context"]) == (200, own)


@pytest.mark.parametrize("path", PATHS)
async def test_another_person_s_mailbox_is_not_for_delegated_tokens(client: Client, path: str) -> None:
    reply = await client.get(f"/users/{client.rig.user(1).upn}/{path}")
    assert (reply.status, reply.error) == (403, "ErrorAccessDenied")


async def test_an_application_reads_all_mailboxes_of_its_tenant(rig: Rig) -> None:
    token = new_token(rig, None, "Mail.Read")
    for number in (0, 1):
        rig.simulator.mail.mailbox(number).deliver(draft(str(number)))
        reply = await ask(rig, f"users/{rig.user(number).upn}/messages", token)
        assert [each["subject"] for each in reply.body["value"]] == [str(number)]
    stranger = rig.simulator.directory.tenants[1].users[0]
    reply = await ask(rig, f"users/{stranger.upn}/messages", token)
    assert (reply.status, reply.error) == (404, "Request_ResourceNotFound")


async def test_me_is_nobody_for_an_application(rig: Rig) -> None:
    reply = await ask(rig, "me/messages", new_token(rig, None, "Mail.Read"))
    assert (reply.status, reply.error) == (400, "BadRequest")


async def test_without_a_good_token_nothing_is_told(rig: Rig) -> None:
    for path in ("me/messages", "me/messages/nonsense", "me/mailFolders/nowhere", "me/nonsense"):
        reply = await ask(rig, path, "no token")
        assert (reply.status, reply.error) == (401, "InvalidAuthenticationToken")


@pytest.mark.parametrize("user", [0, None])
async def test_other_permissions_are_none_for_mail(rig: Rig, user: int | None) -> None:
    owner = "me" if user == 0 else f"users/{rig.user().upn}"
    token = new_token(rig, user, "User.Read", "Mail.Send")
    for path in PATHS:
        reply = await ask(rig, f"{owner}/{path}", token)
        assert (reply.status, reply.error) == (403, "ErrorAccessDenied")
    rig.simulator.switches.graph_permissions = False
    assert (await ask(rig, f"{owner}/messages", token)).status == 200


@pytest.mark.parametrize("path", ["messages", "mailFolders/inbox/messages/delta"])
async def test_basic_permissions_leave_out_bodies_and_previews(rig: Rig, path: str) -> None:
    client = client_of(rig, "Mail.ReadBasic")
    client.mailbox.deliver(draft("x", PICTURE))
    [value] = (await client.get(path)).body["value"]
    assert value["subject"] == "x"
    assert not {"body", "bodyPreview", "uniqueBody", "attachments"} & set(value)
    for query in ({"select": "subject,bodyPreview"}, {"select": "body"}, {"expand": "attachments"}):
        reply = await client.get(path, **query)
        assert (reply.status, reply.error) == (403, "ErrorAccessDenied")


async def test_basic_permissions_do_not_allow_searching(rig: Rig) -> None:
    reply = await client_of(rig, "Mail.ReadBasic").get("messages", search='"x"')
    assert (reply.status, reply.error) == (403, "ErrorAccessDenied")


async def test_what_graph_does_not_have_is_said_so(client: Client) -> None:
    reply = await client.get("nonsense/there")
    assert (reply.status, reply.error) == (400, "BadRequest")
    assert "'there'" in reply.body["error"]["message"]
