"""From mailboxes to a consumer: an office with made-up mail, the program's commands on it, and what must come out."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import attrs

from domain.account import AccountId
from domain.mail_sync import MailId, mail_id_of
from modules.simulator.correspondence import office as offices
from modules.simulator.correspondence.truth import Truth
from modules.simulator.mail.mailbox import Folder, Mailbox, Message
from modules.simulator.people import User
from modules.simulator.settings import SimulatorSettings
from tests.modules.iacsgraph.shell import Done, Shell
from tests.simulator.office import Office, open_office

TOPIC = "office.mail"
"""As a setting names it."""
NOT_SYNCED = {"drafts", "outbox", "sentitems", "junkemail", "deleteditems"}
PLAIN = (
    *("agenda_code", "agenda_base", "agenda_version", "agenda_base_version", "response_org", "response_version"),
    *("sender_type", "sender_organization", "mail_type", "decision_status", "urgency"),
    *("is_reply", "is_forward", "is_auto_reply"),
)
"""Members that have the same name and form in a truth."""


@attrs.frozen(kw_only=True)
class Known:
    """A message, and what is true about it."""

    message: Message
    truth: Truth


@attrs.frozen(kw_only=True)
class Pipeline:
    """`accounts` are ids by the sign-in name of whose mailbox it is; `first` is what the mailboxes began with."""

    office: Office
    mail: offices.Office
    first: Sequence[tuple[Mailbox, Message]]
    accounts: dict[str, AccountId] = attrs.field(factory=dict)

    @property
    def shell(self) -> Shell:
        return self.office.shell

    @property
    def mailboxes(self) -> list[Mailbox]:
        return [self.office.simulator.mail.mailbox(user) for user in self.office.simulator.directory.users]

    async def sign_in(self) -> None:
        """Enrol everybody, sign them in, and note the ids of their accounts."""
        users = {user.upn.partition("@")[0]: user.upn for user in self.office.simulator.directory.users}
        await self.office.signed_in(*users)
        await self.relay()
        for value in await self.values("account.events"):
            self.accounts[users[value["user_id"]]] = AccountId(value["account_id"])

    async def sync(self) -> Done:
        """Sync all mailboxes once, as far as nothing fails."""
        return await self.office.call("mail", "sync", "--all", "--json")

    async def process(self) -> Any:  # noqa: ANN401 - JSON
        """Process until nothing waits."""
        while (report := await self.office.done("mail", "process"))["waiting"]:
            assert report["failed"] == 0, report
        return report

    async def relay(self) -> None:
        """Carry everything to the embedded log."""
        done = await self.office.call("events", "relay", "--once")
        assert done.code == 0, done.said

    async def values(self, topic: str) -> list[Any]:
        """Return the values of a topic's events, partition by partition."""
        done = await self.office.call("events", "tail", topic, "--from-beginning", "--until-end", "--json")
        assert done.code == 0, done.said
        lines = [json.loads(line) for line in done.out.splitlines()]
        return [line["value"] for line in sorted(lines, key=lambda each: (each["partition"], each["offset"]))]

    async def dropped(self) -> dict[MailId, str]:
        """Return which mails were dropped, with the reasons."""
        return {line["id"]: line["reason"] for line in await self.office.done("mail", "dropped", "list")}

    def there(self) -> dict[MailId, Known]:
        """Return every message that is in a synced folder now."""
        return {
            self.id_of(mailbox, message): Known(message=message, truth=self.truth_of(mailbox, message))
            for mailbox in self.mailboxes
            for message in mailbox.all_messages.newest_first
            if is_synced(message.folder)
        }

    def known(self) -> dict[MailId, Known]:
        """Return every message that ever was in a mailbox."""
        return {
            self.id_of(mailbox, message): Known(message=message, truth=self.truth_of(mailbox, message))
            for mailbox, message in (*self.first, *((each.mailbox, each.message) for each in self.mail.live.arrivals))
        }

    def id_of(self, mailbox: Mailbox, message: Message) -> MailId:
        return mail_id_of(self.accounts[mailbox.user.upn], message.immutable_id)

    def truth_of(self, mailbox: Mailbox, message: Message) -> Truth:
        return self._truths(mailbox.user)[message.draft.internet_message_id]

    def live(self, steps: int) -> None:
        """Let mail come, and people read, file and delete."""
        for _ in range(steps):
            self.mail.live.step()

    def _truths(self, user: User) -> dict[str, Truth]:
        then = {each.internet_message_id: each for each in self.mail.filled.truths[user.mail]}
        since = [each for each in self.mail.live.arrivals if each.mailbox.user is user]
        return {**then, **{each.truth.internet_message_id: each.truth for each in since}}


@asynccontextmanager
async def open_pipeline(directory: Path, mails: int, seed: int = 0) -> AsyncIterator[Pipeline]:
    """Open an office of three mailboxes with so many mails each, everybody signed in."""
    async with (
        open_office(directory, seed=seed) as office,
        offices.open_office(office.simulator, SimulatorSettings(mails=mails, seed=seed)) as mail,
    ):
        shell = office.shell.having(MAIL_CHAIRS=",".join(mail.chairs), KAFKA_TOPIC_EMAIL_EVENTS=TOPIC)
        mailboxes = [office.simulator.mail.mailbox(user) for user in office.simulator.directory.users]
        first = [(mailbox, message) for mailbox in mailboxes for message in mailbox.all_messages.newest_first]
        pipeline = Pipeline(office=attrs.evolve(office, shell=shell), mail=mail, first=first)
        await pipeline.sign_in()
        yield pipeline


def told(values: Sequence[Any]) -> dict[MailId, list[Any]]:
    """Return the events by mail, each once and in order; one that came twice must be the same both times."""
    by_id: dict[str, Any] = {}
    events: dict[MailId, list[Any]] = defaultdict(list)
    for value in values:
        if by_id.setdefault(value["event_id"], value) is value:
            events[value["mail_id"]].append(value)
        assert by_id[value["event_id"]] == value
    return dict(events)


def is_synced(folder: Folder) -> bool:
    """Return whether the folder is none of those that are left out, nor inside of one."""
    above: Folder | None = folder
    while above is not None:
        if above.well_known in NOT_SYNCED:
            return False
        above = above.parent
    return True


def differences(info: Mapping[str, Any], wanted: Known) -> Iterator[str]:
    """Name what was found out otherwise than it is."""
    truth, message, draft = wanted.truth, wanted.message, wanted.message.draft
    expected: dict[str, object] = {name: getattr(truth, name) for name in PLAIN}
    expected |= {
        "agenda_panel": truth.panel,
        "agenda_year": truth.year,
        "agenda_number": truth.number,
        "references": list(truth.references),
        "deadline": None if truth.deadline is None else truth.deadline.isoformat(),
        "received_time": text_of(draft.received_at),
        "sent_time": text_of(draft.sent_at),
        "has_attachments": message.has_attachments,
        "sender_address": draft.sender.address if draft.sender else None,
        "subject": " ".join(draft.subject.split()),
    }
    found = {**info, "subject": " ".join((info["subject"] or "").split())}
    for name, value in expected.items():
        if found[name] != value:
            yield f"{name}: {found[name]!r} instead of {value!r} in {draft.subject!r} ({truth.kind})"


def text_of(moment: datetime | date | None) -> str | None:
    """Return the time as events have it."""
    if not isinstance(moment, datetime):
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
