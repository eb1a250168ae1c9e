"""Logs that tell several others, in their order."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

import attrs

from domain.change import AccountChange
from domain.errors import IACSGraphError
from domain.mail_sync import MailId, Stored
from domain.messages import Delivery, Partition
from ports.authentication_log import AuthenticationLog
from ports.event_codec import EncodedEvent
from ports.mail_log import MailLog
from ports.mailbox_log import MailboxLog
from ports.messaging_log import MessagingLog


@attrs.frozen
class SeveralAuthenticationLogs(AuthenticationLog):
    """Tells each."""

    logs: Sequence[AuthenticationLog]

    def changed(self, change: AccountChange) -> None:
        for log in self.logs:
            log.changed(change)

    def refreshed(self, user_id: str, lifetime: timedelta, *, ahead: bool = False) -> None:
        for log in self.logs:
            log.refreshed(user_id, lifetime, ahead=ahead)

    def refresh_failed(self, user_id: str, error: IACSGraphError) -> None:
        for log in self.logs:
            log.refresh_failed(user_id, error)

    def sign_in_failed(self, user_id: str, error: IACSGraphError) -> None:
        for log in self.logs:
            log.sign_in_failed(user_id, error)

    def short_lived(self, user_id: str, wanted: timedelta, lifetime: timedelta) -> None:
        for log in self.logs:
            log.short_lived(user_id, wanted, lifetime)

    def denied(self, user_id: str, error: IACSGraphError) -> None:
        for log in self.logs:
            log.denied(user_id, error)


@attrs.frozen
class SeveralMessagingLogs(MessagingLog):
    """Tells each."""

    logs: Sequence[MessagingLog]

    def published(self, count: int) -> None:
        for log in self.logs:
            log.published(count)

    def parked(self, event: EncodedEvent, error: IACSGraphError) -> None:
        for log in self.logs:
            log.parked(event, error)

    def interrupted(self, activity: str, error: IACSGraphError, retry_in: timedelta) -> None:
        for log in self.logs:
            log.interrupted(activity, error, retry_in)

    def resumed(self, activity: str) -> None:
        for log in self.logs:
            log.resumed(activity)

    def retried(self, delivery: Delivery, group_id: str, error: BaseException, retry_in: timedelta) -> None:
        for log in self.logs:
            log.retried(delivery, group_id, error, retry_in)

    def dead_lettered(self, delivery: Delivery, group_id: str, error: BaseException) -> None:
        for log in self.logs:
            log.dead_lettered(delivery, group_id, error)

    def assigned(self, group_id: str, partitions: AbstractSet[Partition]) -> None:
        for log in self.logs:
            log.assigned(group_id, partitions)


@attrs.frozen
class SeveralMailLogs(MailLog):
    """Tells each."""

    logs: Sequence[MailLog]

    def stored(self, user_id: str, folder: str, stored: Stored) -> None:
        for log in self.logs:
            log.stored(user_id, folder, stored)

    def synced(self, user_id: str, complete_at: datetime) -> None:
        for log in self.logs:
            log.synced(user_id, complete_at)

    def sync_failed(self, user_id: str, folder: str | None, error: IACSGraphError) -> None:
        for log in self.logs:
            log.sync_failed(user_id, folder, error)

    def resynced(self, user_id: str, folder: str) -> None:
        for log in self.logs:
            log.resynced(user_id, folder)

    def unreadable(self, user_id: str, folder: str, message_id: str | None, problem: str) -> None:
        for log in self.logs:
            log.unreadable(user_id, folder, message_id, problem)

    def processed(self, announced: int, dropped: int) -> None:
        for log in self.logs:
            log.processed(announced, dropped)

    def processing_failed(self, mail_id: MailId, attempts: int, problem: str) -> None:
        for log in self.logs:
            log.processing_failed(mail_id, attempts, problem)

    def analysis_failed(self, error: IACSGraphError) -> None:
        for log in self.logs:
            log.analysis_failed(error)


@attrs.frozen
class SeveralMailboxLogs(MailboxLog):
    """Tells each."""

    logs: Sequence[MailboxLog]

    def throttled(self, user_id: str, wait: timedelta | None) -> None:
        for log in self.logs:
            log.throttled(user_id, wait)
