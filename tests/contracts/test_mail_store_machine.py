"""The stores of mail driven side by side by Hypothesis; and whatever happens, nothing is told twice."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from domain.account import Account
from domain.change import AccountChange
from domain.correspondence.analysis import Analysis, AnalysisKey
from domain.errors import ConflictError
from domain.mail import Mail, UnreadableMail
from domain.mail_results import ClaimedMail, Failed, Processed
from domain.mail_sync import Departure, FolderNews, FolderSync, MailId, SyncPhase, mail_id_of
from ports.event_codec import EncodedEvent
from tests.contracts.mail_samples import announced, dropped, failed, mail, mail_events
from tests.contracts.properties import MACHINE
from tests.contracts.rigs import Rig
from tests.contracts.samples import NOW, enrolment
from tests.contracts.side_by_side import SideBySide

USERS = ("ann", "bob")
USER = st.sampled_from(USERS)
FOLDERS = ("inbox", "archive", "trash")
FOLDER = st.sampled_from(FOLDERS)
MESSAGES = ("m1", "m2", "m3", "m4")
MESSAGE = st.sampled_from(MESSAGES)
OWNER = st.sampled_from(["one", "two"])
LIMIT = st.integers(0, 4)
PASSING = st.sampled_from([timedelta(seconds=seconds) for seconds in (-400, 0, 1, 60, 120, 90_000)])
LEASES = st.sampled_from([timedelta(seconds=seconds) for seconds in (1, 120, 300)])


def _mail(message_id: str, folder_id: str, version: str | None, internet_id: str, body: bool) -> Mail:  # noqa: FBT001 - drawn
    changes: dict[str, Any] = {} if body else {"body": None}
    subject = f"{message_id} {version}"
    return mail(message_id, folder_id, version=version, internet_message_id=internet_id, subject=subject, **changes)


MAILS = st.lists(
    st.builds(
        _mail, MESSAGE, FOLDER, st.sampled_from(["1", "2", None]), st.sampled_from(["<a>", "<b>", ""]), st.booleans()
    ),
    max_size=4,
)
DEPARTURES = st.lists(st.builds(Departure, message_id=MESSAGE, folder_id=st.none() | FOLDER), max_size=3)
UNREADABLE = st.lists(
    st.builds(UnreadableMail, message_id=st.sampled_from([None, "u1", "m1"]), raw=st.just(b"x"), problem=st.just("p")),
    max_size=2,
)
NEWS = st.builds(
    FolderNews,
    mails=MAILS,
    departures=DEPARTURES,
    unreadable=UNREADABLE,
    recovered=st.lists(st.sampled_from(["u1", "m1"]), max_size=1),
    nameless_recovered=st.booleans(),
    paths=st.dictionaries(FOLDER, st.sampled_from(["Path 1", "Path 2"]), max_size=2),
)
STEPS = st.sampled_from(["go on", "restart", "lose", "follow"])


class MailStores(RuleBasedStateMachine):
    """`syncs` holds the states as they are stored; `claimed` what owners were given and may still believe to hold."""

    def __init__(self) -> None:
        super().__init__()
        self.stores = SideBySide()
        self.accounts: dict[str, Account] = {}
        self.syncs: dict[tuple[str, str], FolderSync] = {}
        self.claimed: list[tuple[str, ClaimedMail]] = []
        self.now = NOW

    def teardown(self) -> None:
        try:
            self._check_events(self.stores.ask(mail_events).given)
            self.stores.everything()
        finally:
            self.stores.close()

    @initialize()
    def enrol_everybody(self) -> None:
        for user_id in USERS:
            self.enrol(enrolment(user_id))

    def enrol(self, change: AccountChange) -> None:
        """Add an account."""
        self.stores.ask(lambda rig: rig.accounts.save(change))
        self.accounts[change.after.user_id] = change.after

    @rule(passing=PASSING)
    def let_time_pass(self, passing: timedelta) -> None:
        self.now += passing

    @rule(user_id=USER, folder_id=FOLDER, news=NEWS, step=STEPS)
    def save(self, user_id: str, folder_id: str, news: FolderNews, step: str) -> None:
        sync = self._next(user_id, folder_id, step)
        assert self.stores.ask(lambda rig: rig.mail_sync.save(sync, news, self.now)).error is None
        self.syncs[user_id, folder_id] = attrs.evolve(sync, revision=sync.revision + 1)

    @rule(user_id=USER, folder_id=FOLDER, news=NEWS)
    def save_from_a_state_that_is_past(self, user_id: str, folder_id: str, news: FolderNews) -> None:
        sync = self._next(user_id, folder_id, "go on")
        past = attrs.evolve(sync, revision=sync.revision + 1)
        answer = self.stores.ask(lambda rig: rig.mail_sync.save(past, news, self.now))
        assert (answer.error, answer.code) == (ConflictError, "SYNC_OVERTAKEN")

    @rule(owner=OWNER, lease=LEASES, limit=LIMIT, only=st.none() | st.lists(st.tuples(USER, MESSAGE), max_size=3))
    def claim(self, owner: str, lease: timedelta, limit: int, only: list[tuple[str, str]] | None) -> None:
        named = None if only is None else [self._mail_id(*each) for each in only]
        found = self.stores.ask(lambda rig: rig.queue.claim(owner, self.now, lease, limit, only=named)).given
        assert len(found) <= limit
        assert len(found) == 1 or all(each.attempts == 1 for each in found)
        self.claimed += [(owner, each) for each in found]

    @rule(owner=OWNER, decisions=st.lists(st.sampled_from(["announce", "drop", "fail"]), max_size=4))
    def finish(self, owner: str, decisions: list[str]) -> None:
        held = [each for claimer, each in reversed(self.claimed) if claimer == owner]
        processed: list[Processed] = []
        failures: list[Failed] = []
        for each, decision in zip(held, decisions, strict=False):
            if decision == "fail":
                failures.append(attrs.evolve(failed(each), retry_at=self.now + timedelta(minutes=1)))
            else:
                processed.append(announced(each) if decision == "announce" else dropped(each))
        self.stores.ask(lambda rig: rig.queue.finish(owner, self.now, processed, failures))

    @rule(owner=OWNER)
    def release(self, owner: str) -> None:
        self.stores.ask(lambda rig: rig.queue.release(owner))

    @rule(user_id=USER, message_id=MESSAGE)
    def restore(self, user_id: str, message_id: str) -> None:
        mail_id = self._mail_id(user_id, message_id)
        self.stores.ask(lambda rig: rig.queue.restore(mail_id, "operator", self.now))

    @rule(key=st.sampled_from(["k1", "k2"]), keyword=st.sampled_from(["hull", "용접"]))
    def keep_an_analysis(self, key: str, keyword: str) -> None:
        analysis = Analysis(deadline=date(2026, 3, 1), keywords=(keyword,))
        self.stores.ask(lambda rig: rig.analyses.keep(AnalysisKey(key), analysis, self.now))
        self.stores.ask(lambda rig: rig.analyses.find([AnalysisKey("k1"), AnalysisKey("k2")]))

    @rule(user_id=USER, folder_id=FOLDER, limit=LIMIT, after=st.none() | MESSAGE)
    def look_at_the_copy(self, user_id: str, folder_id: str, limit: int, after: str | None) -> None:
        account_id = self.accounts[user_id].account_id
        sync = self._next(user_id, folder_id, "go on")
        self.stores.ask(lambda rig: rig.mail_sync.folders(account_id))
        self.stores.ask(lambda rig: rig.mail_sync.known(account_id, MESSAGES))
        self.stores.ask(lambda rig: rig.mail_sync.message_ids(account_id, folder_id, after=after, limit=limit))
        self.stores.ask(lambda rig: _unmet(rig, sync))
        self.stores.ask(lambda rig: rig.mail_sync.unreadable(account_id))

    @rule(user_id=st.none() | USER, limit=LIMIT, after=st.none() | st.tuples(USER, MESSAGE))
    def look_at_what_became_of_it(self, user_id: str | None, limit: int, after: tuple[str, str] | None) -> None:
        account_id = None if user_id is None else self.accounts[user_id].account_id
        behind = None if after is None else self._mail_id(*after)
        depth = self.stores.ask(lambda rig: rig.queue.depth()).given
        counts = self.stores.ask(lambda rig: rig.archive.counts()).given
        self.stores.ask(lambda rig: rig.archive.dropped(account_id, after=behind, limit=limit))
        shown = self.stores.ask(lambda rig: rig.archive.dropped()).given
        assert sum(each.new for each in counts) == depth.new
        assert sum(each.dropped for each in counts) == len(shown)
        received = [each for each in self.stores.ask(mail_events).given if each.headers["ce_type"] == "email.received"]
        assert sum(each.announced for each in counts) == len(received)

    def _check_events(self, events: Sequence[EncodedEvent]) -> None:
        """Each mail was told first that it came, once, and then by numbers that go up by one."""
        assert [event_id for event_id, times in Counter(event.event_id for event in events).items() if times > 1] == []
        told: dict[str, list[str]] = {}
        for event in events:
            value = json.loads(event.value)
            told.setdefault(value["mail_id"], []).append(value["event_id"].rpartition(".")[2])
        for numbers in told.values():
            assert numbers == ["received", *(str(number) for number in range(1, len(numbers)))]

    def _next(self, user_id: str, folder_id: str, step: str) -> FolderSync:
        begun = FolderSync.begun(self.accounts[user_id].account_id, folder_id, folder_id.title(), None)
        sync = self.syncs.get((user_id, folder_id), begun)
        if step == "restart":
            return sync.restarted()
        if step == "lose":
            return sync.lost().verified()
        if step == "follow":
            return attrs.evolve(sync, phase=SyncPhase.FOLLOWING, cursor="c", complete_at=self.now)
        return sync

    def _mail_id(self, user_id: str, message_id: str) -> MailId:
        return mail_id_of(self.accounts[user_id].account_id, message_id)


async def _unmet(rig: Rig, sync: FolderSync) -> list[str]:
    found = await rig.mail_sync.unmet(sync, 100)
    return sorted(found)


TestMailStores = MailStores.TestCase
TestMailStores.settings = settings(MACHINE, max_examples=30)
