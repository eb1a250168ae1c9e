"""Checking applications before anybody signs in: what is set up, and what the directory says to it."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Generic, TypeVar

import attrs

from domain.account import OAuthApplication
from domain.errors import APIConnectionError, IACSGraphError, InvalidClientError
from domain.registration import Finding, Level, check_registration, fault, unknown, warning
from domain.validation import is_pem
from ports.clock import Clock
from ports.tenant_directory import TenantDirectory, TenantReport

T = TypeVar("T")

AT_ONCE = 8
"""Questions under way at once."""
PATIENCE = timedelta(minutes=1)
"""After this no further question is asked: who cannot be reached for so long is away."""
SKEW_NOTED, SKEW_REFUSED = timedelta(minutes=1), timedelta(minutes=5)
"""Entra refuses what was signed by a clock that differs by more than five minutes."""
ASK_AGAIN = "check the network, AZURE_AUTHORITY and AZURE_CA_FILE, then run: iacsgraph account check"


@attrs.frozen(kw_only=True)
class Preflight:
    """`directory` None: nobody is asked, and only what can be seen is looked at."""

    directory: TenantDirectory | None
    clock: Clock
    at_once: int = AT_ONCE
    patience: timedelta = PATIENCE

    async def examine(self, applications: Sequence[OAuthApplication]) -> Mapping[OAuthApplication, Sequence[Finding]]:
        """Return what is found out about each application; each tenant and each credential is asked for once.

        Raises: nothing; who cannot be asked is a finding of level UNKNOWN.
        """
        distinct = list(dict.fromkeys(applications))
        if self.directory is None:
            return {application: _of_registration(application) for application in distinct}
        asker = _Asker(
            clock=self.clock,
            gate=asyncio.Semaphore(self.at_once),
            deadline=self.clock.monotonic() + self.patience.total_seconds(),
        )
        examination = _Examination(directory=self.directory, tenants=_Once(asker), credentials=_Once(asker))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(examination.of(application)) for application in distinct]
        return {application: task.result() for application, task in zip(distinct, tasks, strict=True)}


@attrs.frozen(kw_only=True)
class _Asker:
    """Lets few questions out at once, and none after the deadline (of the monotonic clock)."""

    clock: Clock
    gate: asyncio.Semaphore
    deadline: float

    async def put(self, question: Callable[[], Awaitable[T]]) -> T | IACSGraphError:
        async with self.gate:
            if self.clock.monotonic() >= self.deadline:
                return APIConnectionError("It was not asked, since others took too long to answer.")
            try:
                return await question()
            except IACSGraphError as error:
                return error


@attrs.frozen
class _Once(Generic[T]):
    """Puts each question once; who asks the same meanwhile waits for the same answer."""

    asker: _Asker
    answers: dict[Hashable, T | IACSGraphError] = attrs.field(factory=dict, repr=False)
    locks: dict[Hashable, asyncio.Lock] = attrs.field(factory=dict, repr=False)

    async def ask(self, key: Hashable, question: Callable[[], Awaitable[T]]) -> T | IACSGraphError:
        async with self.locks.setdefault(key, asyncio.Lock()):
            if key not in self.answers:
                self.answers[key] = await self.asker.put(question)
            return self.answers[key]


@attrs.frozen(kw_only=True)
class _Examination:
    """The questions and answers of one run."""

    directory: TenantDirectory
    tenants: _Once[TenantReport]
    credentials: _Once[bool]

    async def of(self, application: OAuthApplication) -> Sequence[Finding]:
        name = application.tenant_id
        tenant = await self.tenants.ask(name.casefold(), lambda: self.directory.reach(name))
        findings = [*_of_registration(application), *_of_tenant(name, tenant)]
        if isinstance(tenant, TenantReport):
            findings += await self._of_credentials(application)
        return findings

    async def _of_credentials(self, application: OAuthApplication) -> Sequence[Finding]:
        credentials: Sequence[str | None] = application.client_secrets or (None,)
        answers = [await self._try(application, credential) for credential in credentials]
        accepted = any(answer is True for answer in answers)
        findings = (
            _of_credential(_named(application, position), answer, accepted=accepted)
            for position, answer in enumerate(answers, 1)
        )
        return list(dict.fromkeys(findings))

    async def _try(self, application: OAuthApplication, credential: str | None) -> bool | IACSGraphError:
        key = (application.client_id.casefold(), application.tenant_id.casefold(), application.flow, credential)
        return await self.credentials.ask(key, lambda: self.directory.try_application(application, credential))


def _of_registration(application: OAuthApplication) -> Sequence[Finding]:
    plausible = Finding(level=Level.OK, code="SETUP_PLAUSIBLE", message="Flow, scopes and redirect URI are plausible.")
    return list(check_registration(application)) or [plausible]


def _of_tenant(name: str, answer: TenantReport | IACSGraphError) -> Iterator[Finding]:
    if isinstance(answer, IACSGraphError):
        yield _of_error("TENANT_UNREACHABLE", answer)
        return
    yield Finding(level=Level.OK, code="TENANT_REACHED", message=f"Tenant {name} was reached.")
    skew = answer.clock_offset or timedelta(0)
    if abs(skew) >= SKEW_NOTED:
        minutes = f"{abs(skew) / timedelta(minutes=1):.0f} min"
        tell = fault if abs(skew) >= SKEW_REFUSED else warning
        yield tell(
            "CLOCK_SKEWED",
            f"This machine's clock is {minutes} {'behind' if skew > timedelta(0) else 'ahead'}.",
            "set it, best by NTP; from 5 min on sign-ins fail",
        )


def _of_credential(name: str | None, answer: bool | IACSGraphError, *, accepted: bool) -> Finding:  # noqa: FBT001 - an answer
    match answer:
        case True:
            return Finding(level=Level.OK, code="CREDENTIAL_ACCEPTED", message=f"The {name} is accepted.")
        case False if name is None:
            return Finding(level=Level.OK, code="PUBLIC_CLIENT", message="It is a public client, without a credential.")
        case False:
            message = f"The {name} cannot be tried where the tenant's name stands for many."
            return unknown("CREDENTIAL_NOT_TRIED", message, "name the tenant to have it tried")
        case InvalidClientError():
            tell = warning if accepted else fault
            message = f"The {name or 'application without a credential'} is rejected: wrong, expired or removed."
            return tell("CREDENTIAL_REJECTED", message, "issue a new one in the app registration, and set it here")
        case _:
            return _of_error("CREDENTIAL_NOT_TRIED", answer)


def _of_error(code: str, error: IACSGraphError) -> Finding:
    if error.transient:
        return unknown(code, error.message, ASK_AGAIN)
    return fault(error.error_code, error.message, "correct the app registration or what is set here")


def _named(application: OAuthApplication, position: int) -> str | None:
    """Return which credential is meant, by its position alone; None for a public client's."""
    credentials = application.client_secrets
    if not credentials:
        return None
    kind = "certificate" if is_pem(credentials[position - 1]) else "client secret"
    return kind if len(credentials) == 1 else f"{kind} (credential {position} of {len(credentials)})"
