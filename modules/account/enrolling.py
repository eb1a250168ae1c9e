"""From enrolment files to accounts, and what there is to say of it."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from application.checkup import Examined
from application.enrolments import Enrolled, Enrolments, Outcome, Roster
from domain.account import Account, AccountStatus, user_key
from domain.errors import (
    ConfigurationError,
    ConflictError,
    EncryptionError,
    IACSGraphError,
    IllegalTransitionError,
    StaleKeyError,
    ValidationError,
)
from domain.registration import Level, fault
from modules.account.compose import AccountTools, compose, compose_planning, open_directory
from modules.account.enrolment_files import EnrolmentFile, Found, find_files, read_file
from modules.account.schema import EnrolmentReport, FaultLine, FileResult, FindingLine
from modules.account.settings import AccountSettings
from modules.runtime.environment import Environment
from modules.runtime.exit_codes import EXIT_CODES
from modules.runtime.exits import FAILURE

FAULTY = "faulty"
_INTENDED = {Outcome.ENROLLED: "to be enrolled", Outcome.UPDATED: "to be updated", Outcome.UNCHANGED: "unchanged"}
_IDLE = {
    AccountStatus.INACTIVE: "the account stays INACTIVE; to use it: iacsgraph account activate",
    AccountStatus.LOCKED: "the account stays LOCKED; to use it: iacsgraph account unlock",
}


@attrs.frozen(kw_only=True)
class Wishes:
    """What the command line asks for. `only_check` writes nothing, `prune` takes out of use whom no file names.

    `preflight` asks about the applications of all files or of none; None: of those that are new or changed.
    """

    paths: tuple[Path, ...]
    actor: str
    only_check: bool = False
    prune: bool = False
    preflight: bool | None = None


@attrs.frozen(kw_only=True)
class Run:
    """What came out: one result per file, then those that no file names; and whose application is new or changed."""

    results: tuple[FileResult, ...]
    named: tuple[str, ...]
    touched: tuple[str, ...]


async def enrol_and_examine(settings: AccountSettings, wishes: Wishes) -> EnrolmentReport:
    """Enrol, then ask about the applications that are concerned; with `only_check`, nothing is written or asked.

    Raises: as `enrol_files`.
    """
    environment = Environment.read()
    if wishes.only_check:
        async with compose_planning(settings) as tools:
            run = await enrol_files(tools, wishes, environment)
        return EnrolmentReport(written=False, files=run.results)
    async with compose(settings) as tools:
        run = await enrol_files(tools, wishes, environment)
        users = {None: run.touched, True: run.named, False: ()}[wishes.preflight]
        findings = await _examine(settings, tools, users) if users else ()
    return EnrolmentReport(written=True, files=run.results, findings=findings)


async def _examine(settings: AccountSettings, tools: AccountTools, users: Sequence[str]) -> tuple[FindingLine, ...]:
    """Ask about the applications of accounts that are stored by now; what keeps us from asking is a finding, too."""
    accounts = [await tools.accounts.find(user) for user in users]
    try:
        async with open_directory(settings) as directory:
            return finding_lines(await tools.checkup(directory).of(accounts), also_ok=False)
    except ConfigurationError as error:
        return finding_lines([_not_asked(error, users)], also_ok=False)


def _not_asked(error: ConfigurationError, users: Sequence[str]) -> Examined:
    finding = fault(error.error_code, error.message, "correct it, then run: iacsgraph account check")
    return Examined(application=None, user_ids=tuple(users), findings=(finding,))


def exit_code(report: EnrolmentReport) -> int:
    """Return 9 (a value is not acceptable) if any file was bad, 1 if an application cannot work, else 0."""
    if any(result.result == FAULTY for result in report.files):
        return EXIT_CODES[ValidationError]
    return FAILURE if any_fault(report.findings) else 0


async def enrol_files(tools: AccountTools, wishes: Wishes, environment: Environment) -> Run:
    """Read all files, then bring the accounts to what they say, one after the other; a bad one stops no other.

    Raises:
        NotFoundError, PermissionDeniedError: as `find_files`.
        StaleKeyError, DatabaseError: as `Enrolments.apply`; what was done before stays done.
    """
    found, files = await asyncio.to_thread(_read_all, wishes.paths, environment)
    roster = await Roster.read(tools.accounts)
    work = _Work(enrolments=Enrolments(accounts=tools.accounts), roster=roster, wishes=wishes)
    results = [await work.file(file) for file in files]
    if found.directories:
        results += [await work.unnamed(account) for account in work.accounts_not_named()]
    return Run(results=tuple(results), named=tuple(work.named), touched=tuple(work.touched))


def any_fault(findings: Sequence[FindingLine]) -> bool:
    """Return whether an application cannot work."""
    return any(finding.level == Level.FAULT for finding in findings)


def finding_lines(examined: Sequence[Examined], *, also_ok: bool) -> tuple[FindingLine, ...]:
    """Return the findings as lines; those that say that all is well only if asked for."""
    return tuple(_lines(examined, also_ok=also_ok))


def _lines(examined: Sequence[Examined], *, also_ok: bool) -> Iterator[FindingLine]:
    for each in examined:
        application = each.application
        for finding in each.findings:
            if also_ok or finding.level is not Level.OK:
                yield FindingLine(
                    client_id=application.client_id if application else None,
                    tenant_id=application.tenant_id if application else None,
                    user_ids=each.user_ids,
                    level=finding.level.value,
                    finding=finding.code,
                    message=finding.message,
                    remedy=finding.remedy,
                )


def _read_all(paths: Sequence[Path], environment: Environment) -> tuple[Found, list[EnrolmentFile]]:
    found = find_files(paths)
    return found, [read_file(path, environment) for path in found.files]


@attrs.define(kw_only=True)
class _Work:
    """A run under way."""

    enrolments: Enrolments
    roster: Roster
    wishes: Wishes
    named: list[str] = attrs.field(factory=list)
    touched: list[str] = attrs.field(factory=list)
    faulty: list[EnrolmentFile] = attrs.field(factory=list)

    async def file(self, file: EnrolmentFile) -> FileResult:
        if file.wanted is None:
            return self._faulty(file, *(FaultLine(line=fault.line, problem=fault.problem) for fault in file.faults))
        try:
            if self.wishes.only_check:
                done = await self.enrolments.plan(self.roster, file.wanted)
            else:
                done = await self.enrolments.apply(self.roster, file.wanted, self.wishes.actor)
        except StaleKeyError:
            raise
        except (ConflictError, EncryptionError, ValidationError) as error:
            return self._faulty(file, FaultLine(line=_line(file, error), problem=error.message))
        self.named.append(done.user_id)
        if done.outcome is Outcome.ENROLLED or any(field.startswith("application.") for field in done.fields):
            self.touched.append(done.user_id)
        return self._result(file, done)

    def accounts_not_named(self) -> Sequence[Account]:
        """Return the accounts that no file names; a faulty file may be about any that it seems to name."""
        spared = {key for file in self.faulty for key in file.keys}
        return [a for a in self.roster.not_named(spared) if user_key(a.email) not in spared]

    async def unnamed(self, account: Account) -> FileResult:
        """Report the account, or take it out of use; not while a file is bad, since that may be its own."""
        note, result = "", "not named"
        if self.wishes.prune and not self.wishes.only_check:
            if self.faulty:
                note = "not deactivated while a file is faulty"
            else:
                try:
                    account = await self.enrolments.retire(account, self.wishes.actor)
                    result = "deactivated"
                except IllegalTransitionError as error:
                    note = error.message
        return FileResult(
            file=None,
            user_id=account.user_id,
            result=result,
            status=account.status.value,
            notes=(note,) if note else (),
        )

    def _faulty(self, file: EnrolmentFile, *faults: FaultLine) -> FileResult:
        self.faulty.append(file)
        user_id = file.wanted.user_id if file.wanted else None
        return FileResult(file=file.name, user_id=user_id, result=FAULTY, faults=faults)

    def _result(self, file: EnrolmentFile, done: Enrolled) -> FileResult:
        idle = () if done.status is None or done.status not in _IDLE else (_IDLE[done.status],)
        return FileResult(
            file=file.name,
            user_id=done.user_id,
            result=_INTENDED[done.outcome] if self.wishes.only_check else done.outcome.value,
            fields=done.fields,
            status=done.status.value if done.status else None,
            notes=(*file.notes, *idle),
        )


def _line(file: EnrolmentFile, error: IACSGraphError) -> int:
    return file.email_line if error.details.get("field") == "email" else file.user_id_line
