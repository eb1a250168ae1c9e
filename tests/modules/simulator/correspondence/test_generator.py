"""The stream of mails: repeatable, shared between mailboxes, within its time, and in the promised proportions."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import islice

import pytest

from modules.simulator.correspondence.generator import Correspondence, Generated, generate
from modules.simulator.mail.content import File, Item, Link
from modules.simulator.settings import MOST_MAILS
from tests.modules.simulator.correspondence.conftest import OWNERS, UNTIL

AGENDAS = {
    *("request", "reminder", "new_version", "notification", "consolidated", "completed", "panel_request", "response"),
    *("response_in_body", "plain_reply", "quotation", "discussion", "own_reply", "draft_reply", "forward"),
    *("attached_forward", "auto_reply", "undeliverable"),
}
OFFICE = {"office", "office_reply", "office_auto_reply", "draft"}


def plain(mails: Sequence[Generated]) -> list[tuple[object, ...]]:
    return [(each.draft, each.truth, each.folder, each.turn) for each in mails]


def test_the_same_seed_and_owner_give_the_same_mails_and_others_give_others() -> None:
    first, again, other_seed, other_owner = (
        list(generate(seed, owner, 60, until=UNTIL))
        for seed, owner in ((1, OWNERS[0]), (1, OWNERS[0]), (2, OWNERS[0]), (1, OWNERS[1]))
    )
    assert plain(first) == plain(again)
    ids = {each.truth.internet_message_id for each in first}
    assert ids.isdisjoint(each.truth.internet_message_id for each in other_seed)
    assert plain(first) != plain(other_owner)


def test_more_mails_begin_with_the_same_ones_and_come_as_they_are_asked_for(
    world: Correspondence, mailboxes: Sequence[Sequence[Generated]]
) -> None:
    assert plain(list(islice(world.mails(OWNERS[0], MOST_MAILS), 40))) == plain(mailboxes[0][:40])


def test_mailboxes_do_not_depend_on_the_order_in_which_they_are_asked_for(
    mailboxes: Sequence[Sequence[Generated]],
) -> None:
    fresh = Correspondence(5, owners=OWNERS, until=UNTIL)
    assert plain(list(fresh.mails(OWNERS[1], 50))) == plain(mailboxes[1][:50])


def test_the_same_mail_of_a_chair_comes_to_several_mailboxes(mailboxes: Sequence[Sequence[Generated]]) -> None:
    first, second = (
        {each.truth.internet_message_id: each for each in mails if each.truth.mail_type == "REQUEST"}
        for mails in mailboxes
    )
    both = first.keys() & second.keys()
    assert len(both) > 0.6 * min(len(first), len(second))
    for each in both:
        one, other = first[each], second[each]
        assert (one.truth, one.draft.subject) == (other.truth, other.draft.subject)
        assert (one.draft.sent_at, one.draft.body) == (other.draft.sent_at, other.draft.body)
    assert first.keys() ^ second.keys(), "not everybody gets everything"


def test_one_owner_is_the_chair_of_a_panel_and_the_other_chairs_are_outside(
    world: Correspondence, mailboxes: Sequence[Sequence[Generated]]
) -> None:
    assert world.cast.chairs["PS"].address == OWNERS[0]
    assert [each.address in OWNERS for each in world.cast.chairs.values()].count(True) == 1
    own = [each for each in mailboxes[0] if each.truth.kind == "request" and each.truth.panel == "PS"]
    assert own
    assert {each.folder for each in own} == {"sentitems"}
    theirs = [each for each in mailboxes[1] if each.truth.kind == "request" and each.truth.panel == "PS"]
    assert "sentitems" not in {each.folder for each in theirs}
    assert len(Correspondence(5, owners=(), until=UNTIL).cast.chair_addresses) == 4


@pytest.mark.parametrize("span", [timedelta(hours=1), timedelta(days=10), timedelta(days=365)])
def test_all_is_sent_within_the_span(span: timedelta) -> None:
    mails = list(generate(3, OWNERS[1], 150, until=UNTIL, span=span))
    assert len(mails) == 150
    assert all(UNTIL - span <= each.draft.sent_at <= each.draft.received_at <= UNTIL for each in mails)
    assert all(each.draft.sent_at.tzinfo is UTC and not each.draft.sent_at.microsecond for each in mails)
    sent = sorted(each.draft.sent_at for each in mails)
    assert sent[-1] - sent[0] > span / 2


def test_what_answers_comes_after_what_it_answers(mails: Sequence[Generated]) -> None:
    sent = {each.truth.internet_message_id: each.draft.sent_at for each in mails}
    answers = [each.draft for each in mails if dict(each.draft.headers).get("In-Reply-To") in sent]
    assert len(answers) > 100
    assert all(each.sent_at >= sent[dict(each.headers)["In-Reply-To"]] for each in answers)


def test_no_mailbox_has_a_mail_twice(mailboxes: Sequence[Sequence[Generated]]) -> None:
    for mails in mailboxes:
        assert len({each.truth.internet_message_id for each in mails}) == len(mails)
        assert all(each.truth.internet_message_id == each.draft.internet_message_id for each in mails)


def test_the_shares_are_those_that_are_promised(mails: Sequence[Generated]) -> None:
    kinds = Counter(each.truth.kind for each in mails)
    agendas, office = sum(kinds[each] for each in AGENDAS), sum(kinds[each] for each in OFFICE)
    assert 0.60 < agendas / len(mails) < 0.75
    assert 0.12 < office / len(mails) < 0.25
    assert 0.05 < (kinds["newsletter"] + kinds["no_reply"]) / len(mails) < 0.20
    assert 0.15 < sum(each.truth.language == "ko" for each in mails) / len(mails) < 0.40
    assert 0.03 < sum(each.truth.urgency != "NORMAL" for each in mails) / len(mails) < 0.20
    assert 0.05 < sum(each.draft.body_type == "text" for each in mails) / len(mails) < 0.30


def test_bodies_have_realistic_sizes(mails: Sequence[Generated]) -> None:
    sizes = sorted(len(each.draft.body.encode()) for each in mails)
    assert 1000 < sizes[len(sizes) // 2] < 8000
    assert sum(size < 8000 for size in sizes) > 0.95 * len(sizes)
    assert 100_000 < sizes[-1] < 200_000
    assert sum(size > 90_000 for size in sizes) < 0.02 * len(sizes)


def test_folders_fit_what_lies_in_them(mails: Sequence[Generated]) -> None:
    folders = Counter(each.folder for each in mails)
    assert set(folders) == {
        *("inbox", "sentitems", "drafts", "deleteditems", "junkemail", "archive", "Panels/PL", "Panels/PS")
    }
    assert folders["inbox"] > len(mails) / 2
    for each in mails:
        assert each.draft.is_draft == (each.folder == "drafts")
        assert each.truth.panel == each.folder[-2:] or "/" not in each.folder
        assert not each.truth.wanted or each.folder != "junkemail"


def test_what_the_owner_wrote_is_sent_or_a_draft(mailboxes: Sequence[Sequence[Generated]]) -> None:
    for owner, mails in zip(OWNERS, mailboxes, strict=False):
        own = [each for each in mails if each.draft.sender == owner]
        assert {each.folder for each in own} == {"sentitems", "drafts"}
        assert all(each.draft.sender == owner for each in mails if each.folder == "sentitems")


def test_everything_that_a_message_can_have_occurs(mails: Sequence[Generated]) -> None:
    drafts = [each.draft for each in mails]
    attached = [file for draft in drafts for file in draft.attachments]
    assert {type(each) for each in attached} == {File, Item, Link}
    files = [each for each in attached if isinstance(each, File)]
    assert {each.name.rpartition(".")[2] for each in files} == {"pdf", "docx", "xlsx", "txt", "png"}
    assert any(each.is_inline for each in files)
    assert {each.importance for each in drafts} == {"low", "normal", "high"}
    assert {each.is_read for each in drafts} == {True, False}
    assert any(each.categories for each in drafts)
    assert any(each.sender is None for each in drafts)
    assert any(len(each.cc) > 10 for each in drafts)
    assert all(each.to for each in drafts)


def test_a_logo_is_shown_where_it_is_attached(mails: Sequence[Generated]) -> None:
    for each in mails:
        logos = [file for file in each.draft.attachments if isinstance(file, File) and file.is_inline]
        assert len(logos) == each.draft.body.count("cid:logo@signature")


def test_a_document_states_the_agenda_of_its_mail(mails: Sequence[Generated]) -> None:
    documents = [
        (file, mail.truth.agenda_base_version)
        for mail in mails
        for file in mail.draft.attachments
        if isinstance(file, File) and mail.truth.agenda_code and file.name.startswith(mail.truth.agenda_code)
    ]
    assert len(documents) > 50
    assert all(str(agenda).encode() in file.content for file, agenda in documents)


def test_replies_quote_what_they_answer(mails: Sequence[Generated]) -> None:
    subjects = {each.truth.internet_message_id: each.draft.subject for each in mails}
    quoting = [each.draft for each in mails if each.truth.kind in {"discussion", "forward", "office_reply"}]
    known = [each for each in quoting if dict(each.headers)["In-Reply-To"] in subjects]
    assert len(known) > 50
    assert all(subjects[dict(each.headers)["In-Reply-To"]] in unescape(each.body) for each in known)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 100000"):
        generate(0, OWNERS[0], MOST_MAILS + 1, until=UNTIL)
    with pytest.raises(ValueError, match="span"):
        generate(0, OWNERS[0], 1, until=UNTIL, span=timedelta(minutes=59))


def test_years_follow_the_time() -> None:
    mails = generate(0, OWNERS[0], 120, until=datetime(2024, 1, 15, tzinfo=UTC), span=timedelta(days=30))
    assert {each.truth.year for each in mails} - {None} == {"23", "24"}
