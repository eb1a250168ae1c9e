"""Mailboxes through Graph, where Graph does what it may do and what it should not; all else is in the contract."""

import json
from collections.abc import Mapping
from urllib.parse import unquote

import pytest

from domain.errors import (
    APIConnectionError,
    BusinessLogicError,
    IACSGraphError,
    NotFoundError,
    ResyncRequiredError,
    ValidationError,
)
from domain.mail import FolderRole, Mail, MailPage, MailPart
from domain.mail_filter import MailFilter
from tests.adapters.graph.graph_pages import message, page, page_of, recipient, without, written
from tests.adapters.graph.mailbox_rig import (
    EVERYTHING,
    NOTHING,
    Reply,
    Rig,
    batch,
    ok,
    open_rig,
    told,
)
from tests.adapters.graph.service_rig import (
    OTHER,
    OWNER,
    refusal,
)

SEARCH = MailFilter(phrases=("hull",))


def ids(pages: list[MailPage]) -> list[list[str]]:
    """Return the ids of the mails of each page."""
    return [[mail.message_id for mail in each.mails] for each in pages]


def options(path: str) -> Mapping[str, str]:
    """Return the query options of a path."""
    return dict(each.split("=", 1) for each in unquote(path.partition("?")[2]).split("&"))


async def test_a_query_follows_links_as_they_are() -> None:
    """Also from pages without mails; preferences are said each time, and a page is fetched when it is asked for."""
    async with open_rig() as rig:
        rig.script += [ok(page(told(1), next_link=rig.link("a"))), ok(page(next_link=rig.link("b"))), ok(page(told(2)))]
        pages = rig.mailbox.query(OWNER, EVERYTHING, parts={MailPart.TEXT_BODY})
        first = await anext(pages)
        assert len(rig.server.asked) == 1
        assert ids([first, *[each async for each in pages]]) == [["AAMk1+/="], [], ["AAMk2+/="]]
        assert rig.paths[1:] == [rig.link(name).removeprefix(rig.server.url) for name in "ab"]
        assert rig.preferences == [{'outlook.body-content-type="text"'}] * 3
        assert rig.paths[0].startswith("/v1.0/me/messages?$select=id,")
        assert options(rig.paths[0])["$orderby"] == "receivedDateTime desc"


async def test_the_size_of_pages_is_that_of_their_mails() -> None:
    """Pages with bodies have fewer mails, and a few mails that are surely the newest come alone."""
    async with open_rig(*[ok(page())] * 5) as rig:
        await rig.query()
        await rig.query(newest=3)
        await rig.query(MailFilter(subject="hull"), newest=3)
        await rig.query(MailFilter(sender="a@x.example"), newest=3)
        _ = [each async for each in rig.mailbox.query(OTHER, EVERYTHING, parts=NOTHING)]
        assert [options(each)["$top"] for each in rig.paths] == ["100", "3", "100", "100", "250"]
        assert rig.paths[4].startswith("/v1.0/users/Bert%20O%27Neil%40example.com/messages?")


async def test_ids_are_encoded_in_paths() -> None:
    """They hold what means something else in an address."""
    async with open_rig(ok(page()), ok(written(told(1)))) as rig:
        await rig.query(MailFilter(folder_id="A+/=?#%"))
        await rig.mailbox.read(OWNER, "B+/=?#%", parts=NOTHING)
        assert rig.paths[0].startswith("/v1.0/me/mailFolders/A%2B%2F%3D%3F%23%25/messages?")
        assert rig.paths[1].startswith("/v1.0/me/messages/B%2B%2F%3D%3F%23%25?")


async def test_a_query_for_the_newest_ends_as_soon_as_it_may() -> None:
    """Where mails come newest first, no page is fetched that is not needed."""
    async with open_rig() as rig:
        rig.script += [ok(page(told(1), next_link=rig.link("a"))), ok(page(told(2), told(3), next_link=rig.link("b")))]
        assert ids(await rig.query(newest=2)) == [["AAMk1+/="], ["AAMk2+/="]]
        assert await rig.query(newest=0) == []
        assert len(rig.server.asked) == 2


async def test_the_newest_are_looked_for_everywhere_where_mails_come_in_any_order() -> None:
    """What cannot be read comes as it is found; the first of several of the same time is kept."""
    async with open_rig() as rig:
        rig.script += [
            ok(page(told(5), told(9), told(7, isRead=None), next_link=rig.link("a"))),
            ok(page(told(69), told(8), told(129), next_link=rig.link("b"))),
            ok(page()),
        ]
        pages = await rig.query(MailFilter(subject="hull"), newest=2)
        assert ids(pages) == [[], ["AAMk9+/=", "AAMk69+/="]]
        assert [each.message_id for each in pages[0].unreadable] == ["AAMk7+/="]


async def test_a_filter_is_tried_again_on_what_comes() -> None:
    """The server may compare texts in its own way; nothing is tried on what cannot be read."""
    async with open_rig(ok(page(told(1, subject="Piping"), told(2), told(3, isDraft=None)))) as rig:
        (found,) = await rig.query(MailFilter(subject="hull"))
        assert ids([found]) == [["AAMk2+/="]]
        assert [each.message_id for each in found.unreadable] == ["AAMk3+/="]


@pytest.mark.parametrize(("number", "truncated"), [(999, False), (1000, True)])
@pytest.mark.parametrize("newest", [None, 5])
async def test_a_search_that_gives_all_it_may_is_truncated(number: int, newest: int | None, *, truncated: bool) -> None:
    """A thousand are counted as they come, whatever of them is given on; only the last page says so."""
    items = [written(told(each, isRead=each > 0 or None)) for each in range(number)]
    async with open_rig() as rig:
        rig.script += [
            ok(page_of(*items[:600], next_link=rig.link("a"))),
            ok(page_of(*items[600:], next_link=rig.link("b"))),
        ]
        rig.script.append(ok(page()))
        pages = await rig.query(SEARCH, newest)
        assert [each.truncated for each in pages] == [*[False] * (len(pages) - 1), truncated]
        assert "$search" in options(rig.paths[0])


async def test_a_listing_is_never_truncated() -> None:
    """However much comes."""
    async with open_rig(ok(page_of(*[written(told(each)) for each in range(1000)]))) as rig:
        assert [each.truncated for each in await rig.query()] == [False]


@pytest.mark.parametrize("newest", [None, 9])
async def test_links_that_go_round_and_round_are_an_error(newest: int | None) -> None:
    """A query ends, and does not look like one that found everything."""
    async with open_rig() as rig:
        rig.script += [ok(page(next_link=rig.link(name))) for name in "abca"]
        with pytest.raises(APIConnectionError) as caught:
            await rig.query(newest=newest)
        assert caught.value.error_code == "GRAPH_LINK_REPEATED"
        assert len(rig.server.asked) == 4


async def test_a_page_that_takes_too_long_is_asked_for_in_parts() -> None:
    """Smaller pages are preferred, so that links do not remember them; the first is asked for if that does not help."""
    late, text = refusal(504), 'outlook.body-content-type="text"'
    smaller, least = "odata.maxpagesize=20", "odata.maxpagesize=4"
    async with open_rig(late, late, late) as rig:
        rig.script += [ok(page(told(1), next_link=rig.link("a"))), late, ok(page(told(2)))]
        assert ids(await rig.query()) == [["AAMk1+/="], ["AAMk2+/="]]
        assert [options(each).get("$top") for each in rig.paths] == ["100", "100", "100", "20", None, None]
        assert rig.paths[4] == rig.paths[5]
        assert rig.preferences == [{text}, {text, smaller}, {text, least}, {text}, {text}, {text, smaller}]


@pytest.mark.parametrize(
    "body",
    [
        page(told(1), told(2))[:-40],
        b'{"error":{"code":"x","message":"words"}}',
        b'{"value":[],"error":{"code":"x"}}',
        b"{}",
        b"<html>",
    ],
)
async def test_an_answer_that_is_no_whole_page_is_asked_for_again(body: bytes) -> None:
    """Whatever its status says."""
    async with open_rig(ok(body), ok(body), ok(page(told(1)))) as rig:
        assert ids(await rig.query()) == [["AAMk1+/="]]


FIRST = "/v1.0/me/mailFolders/F%3D/messages/delta?$select=id,"


async def test_changes_go_on_from_the_link_that_was_given() -> None:
    """The size of pages and the form of bodies are no part of it, and are said each time."""
    async with open_rig() as rig:
        first = page(told(1), {"id": "2", "@removed": {"reason": "deleted"}}, next_link=rig.link("a"))
        rig.script += [ok(first), ok(page(delta_link=rig.link("b"))), ok(page(told(3), delta_link=rig.link("c")))]
        begun = await rig.mailbox.changes(OWNER, "F=", None, parts={MailPart.TEXT_BODY})
        assert [mail.message_id for mail in begun.changed] == ["AAMk1+/="]
        assert (begun.removed, begun.complete, begun.cursor) == (("2",), False, rig.link("a"))
        round_end = await rig.mailbox.changes(OWNER, "F=", begun.cursor, parts={MailPart.TEXT_BODY})
        assert (round_end.changed, round_end.complete, round_end.cursor) == ((), True, rig.link("b"))
        await rig.mailbox.changes(OWNER, "F=", round_end.cursor, parts={MailPart.TEXT_BODY})
        assert rig.paths[0].startswith(FIRST)
        assert rig.paths[1:] == [rig.link(name).removeprefix(rig.server.url) for name in "ab"]
        assert rig.preferences == [{'outlook.body-content-type="text"', "odata.maxpagesize=100"}] * 3


async def test_what_changes_do_not_tell_whole_is_asked_for() -> None:
    """What is gone meanwhile was removed, and what does not fit is unreadable; nothing is made up."""
    partly = [{"id": each, "isRead": True} for each in ("a=", "b=", "c=")]
    async with open_rig() as rig:
        rig.script += [
            ok(page(*partly, delta_link=rig.link("x"))),
            batch(a=(200, told(1, id="a=")), c=(200, told(3, id="c=", isRead=None))),
        ]
        found = await rig.mailbox.changes(OWNER, "F", None, parts={MailPart.TEXT_BODY})
        assert [mail.message_id for mail in found.changed] == ["a="]
        assert (found.removed, [each.message_id for each in found.unreadable]) == (("b=",), ["c="])
        asked = json.loads(rig.server.asked[1].body)["requests"]
        assert asked[0]["url"].startswith("/me/messages/a%3D?$select=id,")
        assert 'outlook.body-content-type="text"' in asked[0]["headers"]["Prefer"]


async def test_a_mail_that_moves_while_it_is_asked_for_says_where_it_is() -> None:
    """Its old folder tells later that it has gone; a draft that nobody is named in is whole."""
    async with open_rig() as rig:
        rig.script += [
            ok(page({"id": "a"}, {"id": "d"}, delta_link=rig.link("x"))),
            batch(a=(200, message(id="a", parentFolderId="G")), d=(200, without(message(id="d"), "from", "sender"))),
        ]
        moved, written_on = (await rig.mailbox.changes(OWNER, "F", None, parts=NOTHING)).changed
        assert (moved.folder_id, written_on.sender) == ("G", None)


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        ((403, {"error": {"code": "ErrorAccessDenied"}}), IACSGraphError),
        ((404, {"error": {"code": "MailboxNotEnabledForRESTAPI"}}), NotFoundError),
        ((200, {"error": {"code": "x"}}), APIConnectionError),
    ],
)
async def test_changes_that_cannot_be_completed_are_not_told(
    outcome: tuple[int, object], error: type[IACSGraphError]
) -> None:
    """The whole page fails, so that nobody goes on behind it."""
    async with open_rig() as rig:
        rig.script += [ok(page(told(1), {"id": "a"}, delta_link=rig.link("x"))), batch(a=outcome)]
        with pytest.raises(error):
            await rig.mailbox.changes(OWNER, "F", None, parts=NOTHING)


async def test_of_what_changed_several_times_the_last_state_counts() -> None:
    """A mail is changed or removed or unreadable, and once."""
    gone = {"@removed": {"reason": "deleted"}}
    items = (
        told(1, subject="old"),
        {"id": "AAMk2+/=", **gone},
        told(3),
        told(4, isRead=None),
        {"id": "AAMk5+/="},
        None,
        told(1, subject="new"),
        told(2),
        {"id": "AAMk3+/=", **gone},
        told(4),
        told(5),
        None,
    )
    async with open_rig() as rig:
        rig.script.append(ok(page(*items, delta_link=rig.link("x"))))
        found = await rig.mailbox.changes(OWNER, "F", None, parts=NOTHING)
        assert [(mail.message_id, mail.subject) for mail in found.changed if mail.message_id == "AAMk1+/="] == [
            ("AAMk1+/=", "new")
        ]
        assert [mail.message_id for mail in found.changed] == [f"AAMk{number}+/=" for number in (1, 2, 4, 5)]
        assert found.removed == ("AAMk3+/=",)
        assert [each.message_id for each in found.unreadable] == [None, None]


async def test_changes_without_a_link_are_no_answer() -> None:
    """There would be nothing to go on from: they are asked for again."""
    async with open_rig() as rig:
        rig.script += [ok(page(told(1))), ok(page(delta_link=rig.link("x")))]
        assert (await rig.mailbox.changes(OWNER, "F", None, parts=NOTHING)).changed == ()


async def test_changes_with_both_links_are_not_complete() -> None:
    """The next page comes first."""
    async with open_rig() as rig:
        rig.script.append(ok(page(next_link=rig.link("a"), delta_link=rig.link("b"))))
        found = await rig.mailbox.changes(OWNER, "F", None, parts=NOTHING)
        assert (found.cursor, found.complete) == (rig.link("a"), False)


async def test_a_cursor_that_leads_to_itself_is_an_error() -> None:
    """Whoever follows it would never come to an end."""
    async with open_rig() as rig:
        cursor = rig.link("a")
        rig.script += [ok(page(next_link=cursor)), ok(page(delta_link=cursor))]
        with pytest.raises(APIConnectionError) as caught:
            await rig.mailbox.changes(OWNER, "F", cursor, parts=NOTHING)
        assert caught.value.error_code == "GRAPH_LINK_REPEATED"
        assert (await rig.mailbox.changes(OWNER, "F", cursor, parts=NOTHING)).complete


async def test_changes_in_pages_that_take_too_long_come_in_smaller_ones() -> None:
    """The size is preferred, so that the link stays as it is."""
    async with open_rig() as rig:
        rig.script += [refusal(504), refusal(504), ok(page(delta_link=rig.link("x")))]
        await rig.mailbox.changes(OWNER, "F", rig.link("a"), parts=NOTHING)
        assert rig.preferences == [{f"odata.maxpagesize={size}"} for size in (250, 50, 10)]
        assert len(set(rig.paths)) == 1


async def test_a_forgotten_cursor_and_a_lost_folder_are_told_apart() -> None:
    """One begins again, the other does not."""
    async with open_rig(refusal(410, "SyncStateNotFound"), refusal(404, "ErrorItemNotFound")) as rig:
        with pytest.raises(ResyncRequiredError):
            await rig.mailbox.changes(OWNER, "F", rig.link("a"), parts=NOTHING)
        with pytest.raises(NotFoundError) as caught:
            await rig.mailbox.changes(OWNER, "F", rig.link("a"), parts=NOTHING)
        assert caught.value.error_code == "FOLDER_UNKNOWN"


async def test_a_mail_that_does_not_fit_is_not_read() -> None:
    """The error names the field and nothing of its content; what is cut off is asked for again."""
    async with open_rig(ok(written(told(1))[:-9]), ok(written(told(1, importance="secret")))) as rig:
        with pytest.raises(BusinessLogicError) as caught:
            await rig.mailbox.read(OWNER, "1", parts=NOTHING)
        assert caught.value.error_code == "MAIL_UNREADABLE"
        assert "importance does not fit" in str(caught.value)
        assert "secret" not in f"{caught.value!r} {caught.value.details} {caught.value.__cause__}"
        assert len(rig.server.asked) == 2


async def content(rig: Rig, attachment_id: str | None = None) -> bytes:
    """Return the bytes of something."""
    async with rig.mailbox.content(OWNER, "M=", attachment_id) as parts:
        return b"".join([part async for part in parts])


async def test_contents_are_found_by_their_ids() -> None:
    """The mail's own bytes and those of an attachment."""
    async with open_rig(ok(b"MIME"), ok(b"")) as rig:
        assert await content(rig) == b"MIME"
        assert await content(rig, "A/=") == b""
        assert rig.paths == ["/v1.0/me/messages/M%3D/$value", "/v1.0/me/messages/M%3D/attachments/A%2F%3D/$value"]


async def test_a_page_for_people_is_no_mail_but_may_be_an_attachment() -> None:
    html = ok(b"<html>Later</html>").replace(b"application/json", b"text/html; charset=utf-8")
    async with open_rig(html, ok(b"MIME"), html) as rig:
        assert await content(rig) == b"MIME"
        assert await content(rig, "A") == b"<html>Later</html>"
        assert rig.script == []


async def test_a_link_has_no_content() -> None:
    """Graph does not allow the method; of a whole mail that would be something else."""
    async with open_rig(refusal(405, "ErrorInvalidRequest"), refusal(405, "ErrorInvalidRequest")) as rig:
        with pytest.raises(BusinessLogicError) as caught:
            await content(rig, "A")
        assert caught.value.error_code == "ATTACHMENT_IS_LINK"
        with pytest.raises(ValidationError):
            await content(rig)


async def test_a_lost_mail_and_a_lost_attachment_are_told_apart() -> None:
    """Graph says the same of both, so that the mail is asked for."""
    lost = refusal(404, "ErrorItemNotFound")
    async with open_rig(lost, ok(b'{"id":"M="}'), lost, lost, lost) as rig:
        codes = []
        for attachment_id in ("A", "A", None):
            with pytest.raises(NotFoundError) as caught:
                await content(rig, attachment_id)
            codes.append(caught.value.error_code)
        assert codes == ["ATTACHMENT_UNKNOWN", "MAIL_UNKNOWN", "MAIL_UNKNOWN"]
        assert rig.script == []


async def test_errors_of_the_reader_of_a_content_are_its_own() -> None:
    """They are not taken for the server's."""
    async with open_rig(ok(b"MIME")) as rig:
        with pytest.raises(NotFoundError) as caught:
            async with rig.mailbox.content(OWNER, "M", "A"):
                raise NotFoundError("the reader's own", error_code="ATTACHMENT_UNKNOWN")
        assert str(caught.value) == "the reader's own"
        assert len(rig.server.asked) == 1


def folder(folder_id: str, children: int = 0, **fields: object) -> dict[str, object]:
    """Return a folder as Graph tells it."""
    counts = {"childFolderCount": children, "totalItemCount": 2, "unreadItemCount": 1, "isHidden": False}
    return {"id": folder_id, "displayName": f"Name {folder_id}", "parentFolderId": "root", **counts, **fields}


def roles(**known: str) -> list[bytes | Reply]:
    """Return what answers the two batches for the well-known folders."""
    return [batch(**{role: (200, folder(folder_id)) for role, folder_id in known.items()})] * 2


async def test_folders_are_listed_level_by_level() -> None:
    """Each behind its parent, on as many pages as there are; what has nothing in it is not asked for more."""
    async with open_rig() as rig:
        link = f"{rig.server.url}/v1.0/me/mailFolders?$skip=%2b"
        rig.script += [
            *roles(inbox="A", archive="B"),
            ok(page(folder("A", 2), next_link=link)),
            ok(page(folder("A/1", 1), folder("A/2", isHidden=True))),
            ok(page(folder("A/1/1"))),
            ok(page(folder("B"))),
        ]
        found = await rig.mailbox.folders(OWNER)
        assert [each.folder_id for each in found] == ["A", "A/1", "A/1/1", "A/2", "B"]
        assert [each.parent_id for each in found] == [None, "A", "A/1", "A", None]
        assert [each.role for each in found] == [FolderRole.INBOX, None, None, None, FolderRole.ARCHIVE]
        assert found[2].path == "Name A/Name A//1/Name A//1//1"
        assert (found[3].is_hidden, found[0].total, found[0].unread) == (True, 2, 1)
        assert rig.paths[3].startswith("/v1.0/me/mailFolders/A/childFolders?includeHiddenFolders=true&$top=100&")
        assert rig.paths[4].startswith("/v1.0/me/mailFolders/A%2F1/childFolders?")
        assert rig.paths[5] == link.removeprefix(rig.server.url)


async def test_a_folder_that_goes_while_it_is_listed_has_nothing_in_it() -> None:
    """It was there when it was told; one that is told twice, or that is in itself, is listed once."""
    async with open_rig(*roles(), ok(page(folder("A", 1), folder("B", 1)))) as rig:
        rig.script += [refusal(404, "ErrorItemNotFound"), ok(page(folder("B", 1), folder("A"), folder("C")))]
        assert [each.folder_id for each in await rig.mailbox.folders(OWNER)] == ["A", "B", "C"]


async def test_folders_on_pages_that_go_round_and_round_are_an_error() -> None:
    """A list ends, and is not taken for the whole."""
    async with open_rig() as rig:
        rig.script += [*roles(), *[ok(page(folder(name), next_link=rig.link(name))) for name in "aba"]]
        with pytest.raises(APIConnectionError) as caught:
            await rig.mailbox.folders(OWNER)
        assert caught.value.error_code == "GRAPH_LINK_REPEATED"


async def test_roles_that_cannot_be_had_are_an_error() -> None:
    """A folder without its role would be taken for one of its owner's own."""
    async with open_rig(*[batch(archive=(403, {"error": {"code": "ErrorAccessDenied"}}))] * 2) as rig:
        with pytest.raises(IACSGraphError) as caught:
            await rig.mailbox.folders(OWNER)
        assert caught.value.error_code == "MAILBOX_FORBIDDEN"


async def test_a_mailbox_that_does_not_exist_is_told() -> None:
    """The top is not a folder that may be missing."""
    async with open_rig(*roles(), refusal(404, "ErrorItemNotFound")) as rig:
        with pytest.raises(NotFoundError) as caught:
            await rig.mailbox.folders(OWNER)
        assert caught.value.error_code == "MAILBOX_UNKNOWN"


async def test_correspondents_come_from_their_own_fields() -> None:
    """`from` is the sender, `sender` is who sent it for them."""
    other = told(1, **{"from": recipient("a@x"), "sender": recipient("b@x"), "replyTo": [recipient("c@x")]})
    async with open_rig(ok(written(without(other, "body")))) as rig:
        mail = await rig.mailbox.read(OWNER, "1", parts=NOTHING)
        assert isinstance(mail, Mail)
        assert (str(mail.sender), str(mail.sent_by), [str(each) for each in mail.reply_to]) == ("a@x", "b@x", ["c@x"])
