"""What a claimed mail is: text, words and judgement. Whatever is wrong with one mail stays with that mail."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from traceback import walk_tb
from typing import Any, Final, TypeVar

import attrs

from application.mail_analysis import MailAnalysis, within
from domain.correspondence.analysis import Analysis, Wording
from domain.correspondence.assessment import Verdict, assess, wording_of
from domain.correspondence.read_mail import NotRead, ReadMail
from domain.correspondence.senders import ChairRoster
from domain.errors import IACSGraphError
from domain.mail import BodyFormat, Mail, MailBody
from domain.mail_results import ClaimedMail, Failed, Processed
from domain.retrying import RetryPolicy
from ports.clock import Clock
from ports.identifiers import Identifiers
from ports.mail_analyst import MailAnalyst
from ports.mail_readers import READERS_UNAVAILABLE, MailReaders
from ports.mail_text import MailText

T = TypeVar("T")

LONG: Final = 20_000
"""Characters of a body that is read in a thread, so that it does not hold up the event loop."""
LONGEST_TEXT: Final = 200_000
"""Characters of a mail's text that are looked at: much more than is told of it."""
LONGEST: Final = timedelta(seconds=20)
"""How long one step of reading a mail may take: then it counts as failed."""
MANY: Final = 8
"""So many mails at once are worth being read by others than the event loop's thread."""
MUCH: Final = 4_000_000
"""Characters of bodies that others are given at once: they are done with them long before `LONGEST`."""
AGAIN = RetryPolicy(first=timedelta(seconds=5), last=timedelta(hours=1))
"""When a mail that failed is tried again."""


@attrs.frozen(kw_only=True)
class Outcome:
    """What became of a claimed mail."""

    claimed: ClaimedMail
    result: Processed | Failed


@attrs.frozen(kw_only=True)
class _Reading:
    """A mail with what is known of it without the analysis that costs."""

    claimed: ClaimedMail
    read: ReadMail


@attrs.frozen(kw_only=True)
class MailReading:
    """`offline` analyses every mail; `analysis`, if there is one, those that are announced: then that counts.

    `readers`, if there are any, read mails of which there are many; they do it as this does.
    """

    text: MailText
    offline: MailAnalyst
    chairs: ChairRoster
    clock: Clock
    identifiers: Identifiers
    analysis: MailAnalysis | None = None
    readers: MailReaders | None = None
    longest: timedelta = LONGEST

    async def outcomes(self, claimed: Sequence[ClaimedMail], stopping: asyncio.Event) -> Sequence[Outcome]:
        """Return what the mails are, in their order; when it is time to stop, only of those that were begun.

        Raises: nothing.
        """
        found = await self._by_others(claimed, stopping)
        if found is None:
            found = await self._here(claimed, stopping)
        if self.analysis is not None:
            found = await self._analysed(found, self.analysis, stopping)
        return [_plain(each) for each in found]

    def failed(self, claimed: ClaimedMail, error: Exception) -> Failed:
        """Return the failure of a mail. Of the error only its kind and place are told: its text may quote the mail."""
        return self._failed(claimed, _problem(error))

    def _failed(self, claimed: ClaimedMail, problem: str) -> Failed:
        wait = AGAIN.backoff(claimed.attempts, self.identifiers.fraction())
        return Failed(mail_id=claimed.mail_id, problem=problem, retry_at=self.clock.now() + wait)

    async def read(self, claimed: Sequence[ClaimedMail]) -> Sequence[ReadMail | NotRead]:
        """Return what each mail is, in their order, without the analysis that costs.

        Raises: nothing.
        """
        found: list[ReadMail | NotRead] = []
        for each in claimed:
            try:
                found.append(await self._read(each))
            except Exception as error:  # noqa: BLE001 - as `_guarded`
                found.append(NotRead(problem=_problem(error)))
        return found

    async def _here(self, claimed: Sequence[ClaimedMail], stopping: asyncio.Event) -> list[_Reading | Outcome]:
        found: list[_Reading | Outcome] = []
        for each in claimed:
            if stopping.is_set():
                break
            found.append(await self._guarded(each, self._reading(each)))
            await self.clock.sleep(timedelta(0))  # others have their turn between two mails
        return found

    async def _by_others(
        self, claimed: Sequence[ClaimedMail], stopping: asyncio.Event
    ) -> list[_Reading | Outcome] | None:
        """Return what others find the mails to be; None if it is not for them, or there are none.

        If that fails, each mail is given to them alone: then it can be seen whose fault it is.
        """
        if self.readers is None or len(claimed) < MANY or stopping.is_set() or sum(map(_length, claimed)) > MUCH:
            return None
        try:
            return await self._asked(self.readers, claimed)
        except Exception as error:  # noqa: BLE001 - as `_guarded`
            if isinstance(error, IACSGraphError) and error.error_code == READERS_UNAVAILABLE:
                return None
        return [await self._alone(self.readers, each) for each in claimed if not stopping.is_set()]

    async def _asked(self, readers: MailReaders, claimed: Sequence[ClaimedMail]) -> list[_Reading | Outcome]:
        read = await within(self.longest, self.clock, readers.read(claimed))
        return [
            _Reading(claimed=each, read=found)
            if isinstance(found, ReadMail)
            else Outcome(claimed=each, result=self._failed(each, found.problem))
            for each, found in zip(claimed, read, strict=True)
        ]

    async def _alone(self, readers: MailReaders, claimed: ClaimedMail) -> _Reading | Outcome:
        try:
            (found,) = await self._asked(readers, [claimed])
        except Exception as error:  # noqa: BLE001 - as `_guarded`
            return Outcome(claimed=claimed, result=self.failed(claimed, error))
        return found

    async def _reading(self, claimed: ClaimedMail) -> _Reading:
        return _Reading(claimed=claimed, read=await self._read(claimed))

    async def _read(self, claimed: ClaimedMail) -> ReadMail:
        mail = claimed.mail
        text, wording = await self._calculated(mail, lambda: self._words(mail))
        analysis = await self.offline.analyse(wording)
        verdict = await self._assessed(claimed, text, analysis)
        return ReadMail(text=text, wording=wording, verdict=verdict)

    def _words(self, mail: Mail) -> tuple[str, Wording]:
        text = "" if mail.body is None else self.text.read(_beginning(mail.body))[:LONGEST_TEXT]
        return text, wording_of(mail, text)

    async def _assessed(self, claimed: ClaimedMail, text: str, analysis: Analysis) -> Verdict:
        mail = claimed.mail

        def judge() -> Verdict:
            return assess(mail, text, analysis, self.chairs, is_restored=claimed.is_restored)

        return await self._calculated(mail, judge)

    async def _calculated(self, mail: Mail, work: Callable[[], T]) -> T:
        if mail.body is None or len(mail.body.content) <= LONG:
            return work()
        return await within(self.longest, self.clock, asyncio.to_thread(work))

    async def _analysed(
        self, found: Sequence[_Reading | Outcome], analysis: MailAnalysis, stopping: asyncio.Event
    ) -> list[_Reading | Outcome]:
        """Judge those that are announced again, by the better analysis; left out is whom it was too late to ask for."""
        announced = [each for each in found if isinstance(each, _Reading) and each.read.verdict.dropped is None]
        keys = {each.claimed.mail_id: analysis.key(each.read.wording) for each in announced}
        answers = await analysis.answers([each.read.wording for each in announced], stopping)
        judged: list[_Reading | Outcome] = []
        for each in found:
            key = keys.get(each.claimed.mail_id)
            answer = None if key is None else answers.get(key)
            if isinstance(each, _Reading) and answer is not None:
                judged.append(await self._guarded(each.claimed, self._again(each, answer)))
            elif key is None or key in answers:
                judged.append(each)
        return judged

    async def _again(self, reading: _Reading, analysis: Analysis) -> _Reading:
        verdict = await self._assessed(reading.claimed, reading.read.text, analysis)
        return attrs.evolve(reading, read=attrs.evolve(reading.read, verdict=verdict))

    async def _guarded(self, claimed: ClaimedMail, work: Coroutine[Any, Any, _Reading]) -> _Reading | Outcome:
        try:
            return await work
        except Exception as error:  # noqa: BLE001 - one mail must never affect another, whatever is wrong with it
            return Outcome(claimed=claimed, result=self.failed(claimed, error))


def _length(claimed: ClaimedMail) -> int:
    return 0 if claimed.mail.body is None else len(claimed.mail.body.content)


def _beginning(body: MailBody) -> MailBody:
    """Return the body without what is not looked at anyway; how much text HTML makes, nobody knows before."""
    if body.format is not BodyFormat.TEXT or len(body.content) <= LONGEST_TEXT:
        return body
    return attrs.evolve(body, content=body.content[:LONGEST_TEXT])


def _plain(found: _Reading | Outcome) -> Outcome:
    if isinstance(found, Outcome):
        return found
    verdict = found.read.verdict
    result = Processed(mail_id=found.claimed.mail_id, info=verdict.info, dropped=verdict.dropped)
    return Outcome(claimed=found.claimed, result=result)


def _problem(error: Exception) -> str:
    kind = error.error_code if isinstance(error, IACSGraphError) else type(error).__name__
    frames = [(frame.f_code, line) for frame, line in walk_tb(error.__traceback__)]
    if not frames:
        return kind
    code, line = frames[-1]
    return f"{kind} in {code.co_qualname}, line {line} of {code.co_filename.rpartition('/')[2]}"
