"""Copying a mailbox into the store: all of its folders, each from where it stands."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import chain, zip_longest
from typing import Final

import attrs

from application.applications import Applications
from application.folder_mending import left_behind, mend
from application.folder_news import NewsDesk, SyncScope
from application.folder_run import FolderRun, SyncTools
from application.mail_lookup import MailLookup
from application.refusals import unknown
from application.synced_folders import EXCLUDED, synced_folders
from domain.account import Account
from domain.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    DatabaseError,
    EncryptionError,
    IACSGraphError,
    PermissionDeniedError,
    ThrottledError,
    TokenError,
)
from domain.mail import MailboxOwner, MailFolder
from domain.mail_sync import FolderNews, FolderSync, Stored, SyncPhase, UnreadableRecord, Window
from ports.account_store import AccountStore
from ports.clock import Clock
from ports.mail_log import MailLog
from ports.mail_sync_store import MailSyncStore
from ports.mailbox import Mailbox

EVERYTHING: Final = datetime.min.replace(tzinfo=UTC)
"""As `since`: all mail, however old, also where less was wanted before."""

FAILURES: Final = 3
"""So many folders in a row that fail for the moment: then the rest of the mailbox is left for later."""

_OF_THE_WHOLE: Final[tuple[type[IACSGraphError], ...]] = (
    AuthenticationError,
    ConfigurationError,
    DatabaseError,
    EncryptionError,
    PermissionDeniedError,
    ThrottledError,
    TokenError,
)
_OF_THE_WHOLE_CODES: Final = frozenset(
    {"ACCOUNT_UNKNOWN", "MAILBOX_MOVING", "MAILBOX_NOT_ENABLED", "MAILBOX_UNKNOWN"},
)


@attrs.frozen(kw_only=True)
class SyncStep:
    """A step that was stored. The folder is the `number`th of `folders`; `total` is how many mails these have.

    `told` is how many mails the step went through, most of which may have been known.
    """

    user_id: str
    folder: str
    phase: SyncPhase
    number: int
    folders: int
    total: int
    told: int
    stored: Stored


@attrs.frozen(kw_only=True)
class SyncReport:
    """How one account's sync ended.

    `folders` were to be synced; `complete` of them are, `overtaken` are being synced by another process, and `failed`
    tells by path why others are not. `error` is why the mailbox as a whole could not be synced. `finished`: the time
    sufficed. `complete_at`: up to when all of them are complete; None: not yet. `unreadable` counts mails.
    """

    user_id: str
    stored: Stored = attrs.field(factory=Stored)
    folders: int = 0
    complete: int = 0
    overtaken: int = 0
    failed: Mapping[str, IACSGraphError] = attrs.field(factory=dict)
    unreadable: int = 0
    finished: bool = True
    complete_at: datetime | None = None
    error: IACSGraphError | None = None
    duration: timedelta = timedelta(0)

    @property
    def first_error(self) -> IACSGraphError | None:
        """What went wrong, if anything did: with the mailbox, else with the first of the folders."""
        return self.error or next(iter(self.failed.values()), None)


Hearing = Callable[[SyncStep], None]


def deaf(_: SyncStep) -> None:
    """Hear nothing."""


@attrs.define(kw_only=True)
class _Tally:
    """What one sync has brought about so far."""

    user_id: str
    begun: float
    ends_at: float | None
    heard: Hearing
    stored: Stored = attrs.field(factory=Stored)
    overtaken: set[str] = attrs.field(factory=set)
    failed: dict[str, IACSGraphError] = attrs.field(factory=dict)
    runs: Sequence[FolderRun] = ()
    complete: set[str] = attrs.field(factory=set)
    total: int = 0
    in_a_row: int = 0
    finished: bool = True

    def hear(self, run: FolderRun, stored: Stored, told: int) -> None:
        self.stored = self.stored.plus(stored)
        step = SyncStep(
            user_id=self.user_id,
            folder=run.sync.path,
            phase=run.sync.phase,
            number=next((number for number, each in enumerate(self.runs, 1) if each is run), 0),
            folders=len(self.runs),
            total=self.total,
            told=told,
            stored=stored,
        )
        self.heard(step)

    def complete_at(self) -> datetime | None:
        """Return up to when every folder that is there is complete."""
        times = [run.sync.complete_at for run in self.runs if run.sync.phase is not SyncPhase.ENDED]
        known = [time for time in times if time is not None]
        return min(known) if known and len(known) == len(times) else None


@attrs.frozen(kw_only=True)
class MailSync:
    """Syncs one mailbox at a time per call; any number of calls, also in other processes, may go on at once.

    Of a folder one of them goes on at a time, the others leave it alone. `excluded` folders are named as
    `synced_folders` says. `reach` is how far back a mailbox is wanted that was never synced; None: to its beginning.
    """

    accounts: AccountStore
    applications: Applications
    mailbox: Mailbox
    store: MailSyncStore
    clock: Clock
    log: MailLog
    excluded: tuple[str, ...] = EXCLUDED
    reach: timedelta | None = None

    async def sync(
        self,
        user_id: str,
        since: datetime | None = None,
        *,
        heard: Hearing = deaf,
        longest: timedelta | None = None,
    ) -> SyncReport:
        """Go on with each folder until it is complete, as far as nothing fails; steps begin for `longest`.

        Wanted is mail received from `since` on; None: as before, and as far as `reach` in a mailbox that was never
        synced. What was wanted once stays wanted. `heard` is called with every step.

        Raises: nothing of our tree; what failed is in the report.
        """
        begun = self.clock.monotonic()
        ends_at = None if longest is None else begun + longest.total_seconds()
        tally = _Tally(user_id=user_id, begun=begun, ends_at=ends_at, heard=heard)
        scope, error = None, None
        try:
            account = await self.account(user_id)
            scope, records = await self._plan(account, since, tally)
            await self._go_on(records, tally)
        except IACSGraphError as failure:
            self.log.sync_failed(user_id, None, failure)
            error = failure
        report = self._report(tally, scope, error)
        if report.complete_at is not None and report.complete == report.folders and error is None:
            self.log.synced(report.user_id, report.complete_at)
        return report

    async def account(self, user_id: str) -> Account:
        """Return the account.

        Raises:
            NotFoundError: it is unknown.
            DatabaseError: the store failed.
        """
        account = await self.accounts.find(user_id)
        if account is None:
            raise unknown(user_id)
        return account

    def owner_of(self, account: Account) -> MailboxOwner:
        """Return whose mailbox it is.

        Raises:
            ConfigurationError: no application acts for the account.
        """
        return MailboxOwner.of(account, self.applications.of(account).flow)

    async def _plan(
        self, account: Account, since: datetime | None, tally: _Tally
    ) -> tuple[SyncScope, Sequence[UnreadableRecord]]:
        """Find out which folders there are and where each stands."""
        owner, account_id = self.owner_of(account), account.account_id
        tally.user_id = account.user_id
        listed = await self.mailbox.folders(owner)
        states = {state.folder_id: state for state in await self.store.folders(account_id)}
        records = await self.store.unreadable(account_id)
        chosen = synced_folders(listed, self.excluded)
        scope = SyncScope(
            account_id=account_id,
            owner=owner,
            paths={**{state.folder_id: state.path for state in states.values()}, **_paths(listed)},
            synced=frozenset(folder.folder_id for folder in chosen),
            recorded={each.message_id: each.folder_id for each in records if each.message_id is not None},
        )
        await self._leave_excluded(scope, [states[each.folder_id] for each in listed if each.folder_id in states])
        begun = [await self._wished(self._begun(account, folder, states, since), states) for folder in chosen]
        gone = [_lost(state) for state in states.values() if _is_lost(state, listed)]
        tools = self._tools()
        tally.runs = [
            FolderRun(
                tools=tools,
                scope=scope,
                sync=state,
                in_time=lambda: tally.ends_at is None or self.clock.monotonic() < tally.ends_at,
                heard=tally.hear,
            )
            for state in (*_in_turns(begun), *gone)
        ]
        tally.total = sum(folder.total for folder in chosen)
        return scope, records

    def _begun(
        self, account: Account, folder: MailFolder, states: Mapping[str, FolderSync], since: datetime | None
    ) -> FolderSync:
        """Return where the folder stands, or begins: one that is new reaches as far back as the others."""
        wanted = None if since == EVERYTHING else since
        state = states.get(folder.folder_id)
        if state is None:
            if since is None:
                wanted = _bound(list(states.values())) if states else self._first_since()
            return FolderSync.begun(account.account_id, folder.folder_id, folder.path, wanted)
        state = attrs.evolve(state, path=folder.path)
        if state.phase is SyncPhase.ENDED:
            bound = _bound(list(states.values()))
            state = attrs.evolve(state.restarted(), since=bound, window=None if bound is None else Window())
        return state if since is None else _widened(state, wanted)

    async def _wished(self, state: FolderSync, states: Mapping[str, FolderSync]) -> FolderSync:
        """Store at once that more of the past is wanted: a sync that ends before the folder's turn does not forget it.

        If another sync goes on with the folder the state stays as it is, and this one leaves it alone.
        """
        if state.revision == 0 or state.since == states[state.folder_id].since:
            return state
        with suppress(ConflictError):
            await self.store.save(state, FolderNews(), self.clock.now())
            return attrs.evolve(state, revision=state.revision + 1)
        return state

    def _first_since(self) -> datetime | None:
        return None if self.reach is None else self.clock.now() - self.reach

    def _tools(self) -> SyncTools:
        desk = NewsDesk(lookup=MailLookup(mailbox=self.mailbox), store=self.store)
        return SyncTools(mailbox=self.mailbox, store=self.store, desk=desk, clock=self.clock, log=self.log)

    async def _leave_excluded(self, scope: SyncScope, states: Sequence[FolderSync]) -> None:
        """Stop following folders that are there and were wanted once; wanted again, they begin anew."""
        for state in states:
            if state.folder_id not in scope.synced and state.phase is not SyncPhase.ENDED:
                ended = attrs.evolve(state, phase=SyncPhase.ENDED, cursor=None, asked_at=None, window=None)
                news = left_behind(scope, state.folder_id)
                with suppress(ConflictError):  # somebody else goes on with it, or ends it
                    await self.store.save(ended, news, self.clock.now())
                    scope.forget(news.recovered)

    async def _go_on(self, records: Sequence[UnreadableRecord], tally: _Tally) -> None:
        """Go through the folders, and once more if it took long: a mail may have moved behind to where we had been."""
        first = [run for run in tally.runs if run.sync.phase is not SyncPhase.FOLLOWING]
        await self._pass(tally.runs, records, tally)
        if first and tally.finished:
            again = [run for run in tally.runs if run.sync.folder_id in tally.complete]
            await self._pass(again, (), tally)

    async def _pass(self, runs: Sequence[FolderRun], records: Sequence[UnreadableRecord], tally: _Tally) -> None:
        """Raises: what concerns the whole mailbox."""
        for run in runs:
            try:
                if not await run.run():
                    tally.finished = False
                    return
                await mend(run, records)
            except IACSGraphError as error:
                self._fail(run, error, tally)
            else:
                tally.complete.add(run.sync.folder_id)
                tally.in_a_row = 0

    def _fail(self, run: FolderRun, error: IACSGraphError, tally: _Tally) -> None:
        """Note it. Raises: the error, if going on with other folders is of no use."""
        tally.complete.discard(run.sync.folder_id)
        if isinstance(error, ConflictError) and error.error_code == "SYNC_OVERTAKEN":
            tally.overtaken.add(run.sync.folder_id)
            return
        tally.in_a_row += error.transient
        if concerns_mailbox(error) or tally.in_a_row >= FAILURES:
            raise error
        tally.failed[run.sync.path] = error
        self.log.sync_failed(tally.user_id, run.sync.path, error)

    def _report(self, tally: _Tally, scope: SyncScope | None, error: IACSGraphError | None) -> SyncReport:
        return SyncReport(
            user_id=tally.user_id,
            stored=tally.stored,
            folders=len(tally.runs),
            complete=len(tally.complete),
            overtaken=len(tally.overtaken),
            failed=dict(tally.failed),
            unreadable=0 if scope is None else len(scope.recorded),
            finished=tally.finished,
            complete_at=tally.complete_at(),
            error=error,
            duration=timedelta(seconds=self.clock.monotonic() - tally.begun),
        )


def concerns_mailbox(error: IACSGraphError) -> bool:
    """Return whether the error would meet every other folder of the mailbox, too."""
    return isinstance(error, _OF_THE_WHOLE) or error.error_code in _OF_THE_WHOLE_CODES


def _paths(listed: Sequence[MailFolder]) -> Mapping[str, str]:
    return {folder.folder_id: folder.path for folder in listed}


def _widened(state: FolderSync, since: datetime | None) -> FolderSync:
    """Return the state that fetches more of the past, if that is wanted, and lists all again: nothing slips through."""
    wider = state.widened(since)
    if wider is state:
        return state
    return (wider.filled() if since is None else wider).restarted()


def _bound(states: Sequence[FolderSync]) -> datetime | None:
    """Return how far back the mailbox is wanted that has these folders."""
    bounds = [state.since for state in states if state.since is not None]
    return min(bounds) if bounds and len(bounds) == len(states) else None


def _is_lost(state: FolderSync, listed: Sequence[MailFolder]) -> bool:
    return state.phase is not SyncPhase.ENDED and all(folder.folder_id != state.folder_id for folder in listed)


def _lost(state: FolderSync) -> FolderSync:
    is_known = state.phase is SyncPhase.VERIFYING and state.cursor is None
    return state if is_known else state.lost()


def _in_turns(states: Sequence[FolderSync]) -> Sequence[FolderSync]:
    """Return them in the order of syncing: those that were complete once come first, as they need little.

    Of these the stalest and the freshest take turns: some that always fail, and so are the stalest, are not to take
    everybody's turn (see `FAILURES`).
    """
    once = sorted((state for state in states if state.complete_at is not None), key=_completed)
    never = [state for state in states if state.complete_at is None]
    return [*_from_both_ends(once), *_from_both_ends(never)]


def _completed(state: FolderSync) -> datetime:
    return state.complete_at or EVERYTHING


def _from_both_ends(states: Sequence[FolderSync]) -> Sequence[FolderSync]:
    middle = (len(states) + 1) // 2
    pairs = zip_longest(states[:middle], reversed(states[middle:]))
    return [state for state in chain.from_iterable(pairs) if state is not None]
