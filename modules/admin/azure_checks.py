"""The check-up's questions to Azure: the global application, and those of all accounts that are in use."""

from collections.abc import Iterator, Sequence
from functools import partial

from application.applications import Applications
from application.checkup import Examined
from domain.errors import IACSGraphError
from domain.registration import Finding, Level
from modules.admin.checks import failed, if_sound, passed
from modules.admin.compose import compose_checkup, open_preflight
from modules.admin.schema import CheckResult, Outcome
from modules.admin.settings import KeyToolSettings
from modules.runtime.applications import default_application
from modules.runtime.environment import Environment
from modules.runtime.settings import AzureSettings, ProviderSettings
from modules.runtime.settings_loading import load

CHECK = "azure"
_OUTCOMES = {Level.FAULT: Outcome.FAIL, Level.WARNING: Outcome.WARN, Level.UNKNOWN: Outcome.UNKNOWN}
"""The worst first."""
_SHOWN = 3


async def check_azure(source: Environment, keys: KeyToolSettings | None) -> Sequence[CheckResult]:
    """Ask about every distinct application once; without `keys` (a database that opens) about the global one alone."""
    provider = if_sound(partial(load, ProviderSettings, source))
    if provider is None:
        return []
    if provider.provider == "memory":
        return [passed(CHECK, "not asked (IDENTITY_PROVIDER is memory)")]
    azure = if_sound(partial(load, AzureSettings, source)) if source.get("AZURE_CLIENT_ID") else None
    try:
        return list(_lines(await _examine(provider, Applications(default=default_application(azure)), keys)))
    except IACSGraphError as error:
        return [failed(CHECK, error)]


async def _examine(
    provider: ProviderSettings, applications: Applications, keys: KeyToolSettings | None
) -> Sequence[Examined]:
    async with open_preflight(provider) as preflight:
        if keys is not None:
            async with compose_checkup(keys, applications, preflight) as checkup:
                return await checkup.every()
        found = await preflight.examine([applications.default] if applications.default else [])
    return [Examined(application=each, user_ids=(), findings=tuple(findings)) for each, findings in found.items()]


def _lines(examined: Sequence[Examined]) -> Iterator[CheckResult]:
    """Give one line for all applications that are in order, and one for those that lack the same."""
    lacking: dict[tuple[Finding, ...], list[Examined]] = {}
    for each in examined:
        lacking.setdefault(tuple(f for f in each.findings if f.level is not Level.OK), []).append(each)
    if not examined:
        yield passed(CHECK, "no application to ask about")
    for findings, concerned in lacking.items():
        if findings:
            yield _line(findings, concerned)
        else:
            yield passed(CHECK, f"in order: {_named(concerned)}")


def _line(findings: Sequence[Finding], concerned: Sequence[Examined]) -> CheckResult:
    levels = {finding.level for finding in findings}
    worst = next(outcome for level, outcome in _OUTCOMES.items() if level in levels)
    return CheckResult(
        check=CHECK,
        outcome=worst,
        detail=f"{_named(concerned)}: {' '.join(finding.message for finding in findings)}",
        remedy="; ".join(dict.fromkeys(finding.remedy for finding in findings)),
    )


def _named(concerned: Sequence[Examined]) -> str:
    return _few([_name(each) for each in concerned])


def _name(examined: Examined) -> str:
    users = _few(examined.user_ids)
    if examined.application is None:
        return f"no application for {users}"
    return f"application {examined.application.client_id}" + (f" of {users}" if users else " (global)")


def _few(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
