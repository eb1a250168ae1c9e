"""Mail folders, as a client sees them."""

import pytest

from tests.modules.simulator.mail.graph_client import Client, client_of, in_path
from tests.modules.simulator.mail.reading import draft
from tests.modules.simulator.rig import Rig

USUAL = ["Inbox", "Drafts", "Sent Items", "Deleted Items", "Junk Email", "Outbox", "Archive"]


async def names(client: Client, path: str, **query: str) -> list[str]:
    return [each["displayName"] for each in await client.values(path, **query)]


async def test_the_folders_at_the_top_are_listed(client: Client) -> None:
    client.mailbox.add_folder("PL", client.mailbox.add_folder("Panels"))
    assert await names(client, "mailFolders") == [*USUAL, "Panels"]


async def test_a_folder_says_how_much_is_in_it(client: Client) -> None:
    panels = client.mailbox.add_folder("Panels")
    client.mailbox.add_folder("PL", panels)
    client.deliver(3, "Panels")
    client.mailbox.deliver(draft(is_read=True), panels)
    found = (await client.get(f"mailFolders/{in_path(panels.folder_id)}")).body
    assert found.pop("@odata.context").endswith("/mailFolders/$entity")
    assert found == {
        "id": panels.folder_id,
        "displayName": "Panels",
        "parentFolderId": client.mailbox.root.folder_id,
        "childFolderCount": 1,
        "unreadItemCount": 3,
        "totalItemCount": 4,
        "isHidden": False,
    }


async def test_ten_folders_come_at_once_unless_more_are_asked_for(client: Client) -> None:
    for number in range(8):
        client.mailbox.add_folder(f"more {number}")
    pages = await client.pages("mailFolders", count="true")
    assert [(len(page["value"]), page["@odata.count"]) for page in pages] == [(10, 15), (5, 15)]
    assert len(await client.pages("mailFolders", top="15")) == 1


async def test_folders_within_folders_are_reached_through_those_above(client: Client) -> None:
    panels = client.mailbox.add_folder("Panels")
    deep = client.mailbox.add_folder("PL", panels)
    client.deliver(2, deep.folder_id)
    above = f"mailFolders/{in_path(panels.folder_id)}/childFolders"
    assert await names(client, above) == ["PL"]
    assert await client.subjects(f"{above}/{in_path(deep.folder_id)}/messages") == ["1", "0"]
    assert await names(client, "mailFolders('msgfolderroot')/childFolders", top="100") == [*USUAL, "Panels"]


async def test_hidden_folders_are_listed_only_if_asked_for(client: Client) -> None:
    secret = client.mailbox.add_folder("Secret", hidden=True)
    assert "Secret" not in await names(client, "mailFolders")
    assert "Secret" in await names(client, "mailFolders?includeHiddenFolders=true")
    assert (await client.get(f"mailFolders/{in_path(secret.folder_id)}")).body["isHidden"] is True


async def test_hidden_folders_are_still_listed_on_the_next_page(client: Client) -> None:
    client.mailbox.add_folder("Secret", hidden=True)
    assert await names(client, "mailFolders?includeHiddenFolders=true&$top=3") == [*USUAL, "Secret"]


async def test_only_what_is_selected_comes_with_the_id(client: Client) -> None:
    [inbox, *_] = await client.values("mailFolders", select="displayname, totalItemCount")
    assert set(inbox) == {"id", "displayName", "totalItemCount"}


async def test_child_folders_can_come_along(client: Client) -> None:
    client.mailbox.add_folder("PL", client.mailbox.add_folder("Panels"))
    found = {each["displayName"]: each for each in await client.values("mailFolders", expand="childFolders")}
    assert [each["displayName"] for each in found["Panels"]["childFolders"]] == ["PL"]
    assert found["Inbox"]["childFolders"] == []


@pytest.mark.parametrize(
    "path", ["mailfolders/Inbox", "MAILFOLDERS('inbox')", "mailFolders/INBOX", "mailFolders/%69nbox"]
)
async def test_words_and_well_known_names_are_in_any_case(client: Client, path: str) -> None:
    client.deliver(1)
    assert (await client.get(path)).body["displayName"] == "Inbox"
    assert await client.subjects(f"{path}/Messages") == ["0"]


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("Panels", 400, "ErrorInvalidIdMalformed"),
        ("clutter", 404, "ErrorItemNotFound"),
        ("delta", 400, "ErrorInvalidIdMalformed"),
    ],
)
async def test_a_folder_is_not_found_by_its_display_name(client: Client, name: str, status: int, code: str) -> None:
    client.mailbox.add_folder("Panels")
    for path in (f"mailFolders/{name}", f"mailFolders/{name}/messages", f"mailFolders/{name}/childFolders"):
        reply = await client.get(path)
        assert (reply.status, reply.error) == (status, code)


async def test_another_mailbox_s_folder_is_not_found(rig: Rig, client: Client) -> None:
    other = rig.simulator.mail.mailbox(1).folder("inbox")
    reply = await client.get(f"mailFolders/{in_path(other.folder_id)}")
    assert (reply.status, reply.error) == (404, "ErrorItemNotFound")


@pytest.mark.parametrize("query", [{"select": "nonsense"}, {"top": "0"}, {"top": "x"}, {"filter": "x"}, {"count": "x"}])
async def test_nonsense_is_refused(client: Client, query: dict[str, str]) -> None:
    assert (await client.get("mailFolders", **query)).status == 400


async def test_basic_permissions_suffice(rig: Rig) -> None:
    assert (await client_of(rig, "Mail.ReadBasic").get("mailFolders")).status == 200
