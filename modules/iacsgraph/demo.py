"""`iacsgraph demo`: the whole way from mailboxes to events, on a local Microsoft 365, and proof that it is right.

First everything runs as in `iacsgraph up` until all mail is told. Then it ends, its files are searched for secrets, the
encryption key is changed, and what was told is compared with the truth. Then it goes on with live mail.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TextIO

import attrs

from domain.account import AccountId
from domain.errors import IACSGraphError
from domain.mail_sync import MailId
from modules.iacsgraph.advance import Advance, Counts
from modules.iacsgraph.audience import Audience
from modules.iacsgraph.comparison import Known, read_known
from modules.iacsgraph.compose import Demo, compose_demo, new_key
from modules.iacsgraph.findings import CALLERS, Findings, Tokens, report_of
from modules.iacsgraph.local_office import LocalOffice, open_local_office
from modules.iacsgraph.owners import Owners
from modules.iacsgraph.schema import DemoReport
from modules.iacsgraph.settings import demo_environment
from modules.iacsgraph.telling import Say, event_line
from modules.iacsgraph.up import serve, works
from modules.runtime.stopping import told_to_stop

GROUP: Final = "demo"
TOKENS_EACH: Final = 3
"""Once so many of each account were seen, tokens live longer; one fewer is enough for an end."""
FIRST_LIFETIME, LIFETIME, LATER_LIFETIME = 2, 4, 600
"""Seconds that tokens live: before everything runs, at first while it does, and from then on. Short ones would use up
what an account may refresh in five minutes.
"""
LOOK: Final = 0.2
PATIENCE: Final = 90.0
"""Seconds without any advance, after which it is told how far it came."""
LIVE: Final = 40.0
"""Mails in a minute."""
MAILBOXES: Final = 3
PAGE: Final = 500


ACCOUNTS: Final = "account.events"
"""The topic of what happens to accounts."""


def as_it_is(document: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Take what is known of the mails for true."""
    return document


@attrs.frozen(kw_only=True)
class Wishes:
    """What is asked for: `mails` over all mailboxes. `progress` is where it is drawn how far it is, if anywhere.

    `truth` may change what is known of the mails, so that a test sees a difference told.
    """

    mails: int
    seed: int
    once: bool
    say: Say
    progress: TextIO | None = None
    truth: Callable[[Sequence[Mapping[str, Any]]], Sequence[Mapping[str, Any]]] = as_it_is


async def demonstrate(wishes: Wishes, show: Callable[[DemoReport], None]) -> DemoReport:
    """Play everything in a directory of its own, which is removed; `show` gets the report before live mail begins.

    Raises: IACSGraphError if the local Microsoft 365 does not start, or ends.
    """
    with tempfile.TemporaryDirectory(prefix="iacsgraph-demo-") as name:
        directory, keys = Path(name), [new_key()]
        wishes.say(f"Starting a local Microsoft 365 with {wishes.mails:,} mails in {MAILBOXES} mailboxes ...")
        mails = -(-wishes.mails // MAILBOXES)
        async with open_local_office(
            directory / "office", mails=mails, seed=wishes.seed, lifetime=FIRST_LIFETIME
        ) as office:
            stage = _Stage(wishes=wishes, office=office, directory=directory, keys=keys)
            found = await stage.play()
            await stage.search()
            keys.insert(0, new_key())
            async with stage.opened() as demo:
                await stage.rotate(demo)
                report = report_of(found)
                show(report)
                if report.passed and not wishes.once:
                    await _go_on(demo, office, wishes.say)
    return report


@attrs.frozen(kw_only=True)
class _Stage:
    """Where it plays."""

    wishes: Wishes
    office: LocalOffice
    directory: Path
    keys: list[str] = attrs.field(repr=False)
    seen: Tokens = attrs.field(factory=Tokens)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Demo]:
        office = self.office
        async with compose_demo(demo_environment(office.settings, office.chairs, self.directory, self.keys)) as demo:
            yield demo

    async def play(self) -> Findings:
        """Enrol, sign in, and let everything run until all mail is told."""
        say = self.wishes.say
        async with self.opened() as demo:
            say("Enrolling the mailboxes, signing their owners in ...")
            await self._enrol(demo)
            await self._sign_in(demo)
            await self._crowd(demo)
            known = await self._known(demo)
            audience = Audience(codec=demo.codec)
            say("Syncing, processing, publishing, consuming ...")
            await self._run(demo, audience, known)
            return await self._find(demo, audience, known)

    async def search(self) -> None:
        """Look for everything that is secret in the database's files, now that it is closed."""
        issued = await self.office.issued()
        self.seen.refreshes, self.seen.requests = issued.refreshes, issued.requests
        passwords = [owner.password for owner in self.office.owners.values()]
        secrets = {*issued.tokens, *passwords, *self.keys, self.office.settings["AZURE_CLIENT_SECRET"]}
        stored = await asyncio.to_thread(_contents, self.directory)
        self.seen.secrets, self.seen.bytes_searched = len(secrets), len(stored)
        self.seen.secrets_found = sum(secret.encode() in stored for secret in secrets)

    async def rotate(self, demo: Demo) -> None:
        """Move every secret to the new key."""
        done = [progress async for progress in demo.rotation.rotate()][-1]
        self.seen.moved, self.seen.left = done.moved, done.left

    async def _enrol(self, demo: Demo) -> None:
        results = await demo.enrol(self.office.accounts)
        self.seen.enrolled = sum(each.result == "enrolled" for each in results)

    async def _sign_in(self, demo: Demo) -> None:
        async with asyncio.TaskGroup() as group:
            owners = Owners(owners=self.office.owners, group=group)
            results = await demo.sign_in(owners)
        self.seen.signed_in = sum(each.result == "signed_in" for each in results)
        self.seen.by_browser, self.seen.by_code = owners.by_browser, owners.by_code

    async def _crowd(self, demo: Demo) -> None:
        """Let many callers ask for one token that has expired; the next ones live longer."""
        await demo.up.clock.sleep(timedelta(seconds=FIRST_LIFETIME))
        await self.office.let_tokens_live(LIFETIME)
        before, user_id = (await self.office.issued()).refreshes, next(iter(self.office.owners))
        service = demo.up.keeper.service
        got = await asyncio.gather(*(service.get_valid_token(user_id) for _ in range(CALLERS)))
        self.seen.crowd_refreshes = (await self.office.issued()).refreshes - before
        self.seen.crowd_values, self.seen.lifetime = len({token.value for token in got}), LIFETIME

    async def _known(self, demo: Demo) -> dict[MailId, Known]:
        ids: dict[str, AccountId] = {each.user_id: each.account_id async for each in demo.up.accounts.every()}
        document = json.loads(await asyncio.to_thread(self.office.known.read_text, encoding="utf-8"))
        return read_known(self.wishes.truth(document), ids, demo.settings.sync.exclude)

    async def _run(self, demo: Demo, audience: Audience, known: Mapping[MailId, Known]) -> None:
        """Run all of `iacsgraph up`, and a consumer beside it, until nothing is left to do."""
        stopping, wanted = asyncio.Event(), sum(each.dropped is None for each in known.values())
        with Advance(stream=self.wishes.progress, total=len(known), wanted=wanted) as advance:
            async with _listening(demo, audience), asyncio.TaskGroup() as group:
                group.create_task(serve(demo.up, works(demo.up), demo.settings.up, stopping, ready=_unheard))
                await self._watch(demo, audience, advance)
                stopping.set()

    async def _watch(self, demo: Demo, audience: Audience, advance: Advance) -> None:
        """Look again and again, ask for everybody's token each time, until all is told or nothing moves."""
        loop, tokens = asyncio.get_running_loop(), _Sampled(seen=self.seen, office=self.office)
        last, moved_at = Counts(), loop.time()
        while loop.time() - moved_at < PATIENCE:
            self.office.check()
            await tokens.sample(demo)
            counts, is_done = await _standing(demo, audience)
            advance.show(counts)
            if is_done and tokens.suffice:
                return
            if counts != last:
                last, moved_at = counts, loop.time()
            await asyncio.sleep(LOOK)

    async def _find(self, demo: Demo, audience: Audience, known: Mapping[MailId, Known]) -> Findings:
        archive, dropped, after = demo.up.archive, dict[MailId, str](), None
        while page := await archive.dropped(after=after, limit=PAGE):
            dropped |= {each.mail_id: each.reason.value for each in page}
            after = page[-1].mail_id
        return Findings(
            tokens=self.seen,
            known=known,
            dropped=dropped,
            stored=await archive.counts(),
            published=(await demo.up.outbox.summary()).published,
            audience=audience,
        )


@attrs.define(kw_only=True)
class _Sampled:
    """Every account's token, asked for again and again; once each account had some, tokens live longer."""

    seen: Tokens
    office: LocalOffice
    values: dict[str, set[str]] = attrs.field(factory=dict, repr=False)
    are_short: bool = True

    @property
    def suffice(self) -> bool:
        return self.seen.least >= TOKENS_EACH - 1

    async def sample(self, demo: Demo) -> None:
        service, clock = demo.up.keeper.service, demo.up.clock
        for user_id in self.office.owners:
            values = self.values.setdefault(user_id, set())
            self.seen.calls += 1
            with suppress(IACSGraphError):  # then fewer are valid than were asked for
                token = await service.get_valid_token(user_id)
                values.add(token.value)
                self.seen.valid += token.expires_at > clock.now()
        self.seen.least = min(map(len, self.values.values()))
        if self.are_short and self.seen.least >= TOKENS_EACH:
            self.are_short = False
            await self.office.let_tokens_live(LATER_LIFETIME)


async def _standing(demo: Demo, audience: Audience) -> tuple[Counts, bool]:
    """Return how far it is, and whether nothing is left to do."""
    stored, outbox = await demo.up.archive.counts(), await demo.up.outbox.summary()
    processed = sum(each.announced + each.dropped for each in stored)
    waiting = sum(each.new for each in stored)
    counts = Counts(synced=processed + waiting, processed=processed, consumed=audience.announced)
    is_complete = len(stored) == MAILBOXES and all(each.complete_at is not None for each in stored)
    is_told = outbox.pending == 0 and audience.distinct >= outbox.published
    return counts, is_complete and waiting == 0 and is_told


async def _go_on(demo: Demo, office: LocalOffice, say: Say) -> None:
    """Tell of live mail until a signal."""
    audience = Audience(codec=demo.codec, told=lambda event: say(event_line(event)))
    with told_to_stop(demo.settings.up.stop_within) as stopping:
        async with _listening(demo, audience), asyncio.TaskGroup() as group:
            group.create_task(
                serve(demo.up, works(demo.up), demo.settings.up, stopping, ready=lambda url: _say_live(say, url))
            )
            await office.go_on(LIVE)
            while not stopping.is_set():
                office.check()
                await asyncio.sleep(LOOK)
    say("Ended.")


@asynccontextmanager
async def _listening(demo: Demo, audience: Audience) -> AsyncIterator[None]:
    topics = [demo.settings.bus.events.topic_email_events, ACCOUNTS]
    async with demo.consumer.subscribe(topics, audience.hear, GROUP):
        yield


def _say_live(say: Say, url: str) -> None:
    say(f"Now mail comes in while you watch; {url}/health and /metrics tell how it stands. Ctrl-C ends it.")


def _contents(directory: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(directory.iterdir()) if file.is_file())


def _unheard(_: str) -> None:
    return
