"""What Graph is asked for and what is judged here, together, are exactly the mails that the filter means."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.mail import FolderRole, Mail
from domain.mail_filter import MailFilter
from modules.simulator.mail.content import Draft
from tests.contracts.letters import DRAFTS, filters, mail_of
from tests.contracts.mailbox_benches import GraphMailboxBench, open_graph_bench
from tests.contracts.mailbox_scenes import pages
from tests.contracts.properties import QUICK

EXAMPLES = 60
PLACES = st.sampled_from([FolderRole.INBOX, FolderRole.ARCHIVE])


@attrs.frozen
class Office:
    """A simulator that lives as long as the tests of this file, and the loop in which it does."""

    runner: asyncio.Runner
    bench: GraphMailboxBench

    @contextmanager
    def holding(self, letters: Sequence[tuple[Draft, FolderRole]]) -> Iterator[list[Mail]]:
        """Let these letters be all that is in the mailbox, and say what mails they are."""
        mails = []
        for letter, place in letters:
            folder_id = self.bench.folder_id(place)
            mails.append(mail_of(letter, self.bench.deliver(letter, folder_id), folder_id))
        try:
            yield mails
        finally:
            for mail in mails:
                self.bench.delete(mail.message_id)

    def ask(self, mail_filter: MailFilter, newest: int | None = None) -> list[Mail]:
        """Return what is found, in the order in which it comes."""
        answer = self.runner.run(pages(self.bench, mail_filter, newest=newest))
        return [mail for page in answer for mail in page.mails]


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    with asyncio.Runner() as runner:
        opening = open_graph_bench(page_size=5)
        bench = runner.run(opening.__aenter__())
        yield Office(runner, bench)
        runner.run(opening.__aexit__(None, None, None))


@given(
    letters=st.lists(st.tuples(DRAFTS, PLACES), min_size=5, max_size=12),
    asked=st.lists(st.tuples(filters(), st.none() | PLACES, st.integers(1, 5)), min_size=1, max_size=4),
)
@settings(QUICK, max_examples=EXAMPLES)
def test_exactly_the_mails_that_the_filter_means_are_found(
    office: Office,
    letters: Sequence[tuple[Draft, FolderRole]],
    asked: Sequence[tuple[MailFilter, FolderRole | None, int]],
) -> None:
    with office.holding(letters) as mails:
        for mail_filter, place, newest in asked:
            folder_id = None if place is None else office.bench.folder_id(place)
            _check(office, mails, attrs.evolve(mail_filter, folder_id=folder_id), newest)


def _check(office: Office, mails: Sequence[Mail], mail_filter: MailFilter, newest: int) -> None:
    meant = {mail.message_id: mail for mail in mails if mail_filter.matches(mail)}
    found = office.ask(mail_filter)
    assert sorted(mail.message_id for mail in found) == sorted(meant)
    chosen = office.ask(mail_filter, newest)
    assert [mail.received_at for mail in chosen] == sorted((mail.received_at for mail in meant.values()), reverse=True)[
        :newest
    ]
    assert {mail.message_id for mail in chosen} <= meant.keys()
