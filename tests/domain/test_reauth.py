"""Whatever makes a sign-in necessary, somebody is told what to do about it."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.azure_ad import aadsts
from adapters.azure_ad.verdicts import Kind, Verdict
from adapters.memory.refusals import INTERACTIONS
from domain import reauth
from domain.account import NEVER_SIGNED_IN, SIGNED_OUT, AccountStatus
from domain.errors import PolicyBlockedError, ReauthenticationRequiredError
from domain.reauth import REMEDIES, Person, needed_by, remedy_for
from tests.domain.test_account import account

ROOT = Path(inspect.getfile(reauth)).parent.parent
TAKERS = {"ReauthenticationRequiredError", "PolicyBlockedError", "lose_grant", "sign_out", "must_sign_in"}
"""What is called with a reason."""


def vocabulary() -> set[str]:
    """Return every reason that has a name."""
    named = {value for name, value in vars(reauth).items() if name.isupper() and isinstance(value, str)}
    return named | {NEVER_SIGNED_IN, SIGNED_OUT}


def literals() -> Iterator[tuple[str, str]]:
    """Find reasons that the code gives without a name, and where."""
    for folder in ("domain", "application", "adapters"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or ast.unparse(node.func).rpartition(".")[2] not in TAKERS:
                    continue
                for keyword in node.keywords:
                    if keyword.arg == "reason" and isinstance(keyword.value, ast.Constant):
                        yield file.name, str(keyword.value.value)


def verdicts() -> Iterator[Verdict]:
    """Return what Azure AD's error codes may come to."""
    yield from aadsts.ROWS.values()
    yield from (value for value in vars(aadsts).values() if isinstance(value, Verdict))


def test_every_reason_has_a_remedy_and_every_remedy_a_reason() -> None:
    assert set(REMEDIES) == vocabulary()


def test_reasons_that_the_code_gives_without_a_name_have_a_remedy_too() -> None:
    assert {(where, reason) for where, reason in literals() if reason not in REMEDIES} == set()


def test_reasons_that_errors_have_by_default_have_a_remedy() -> None:
    assert ReauthenticationRequiredError("x").reason in REMEDIES
    assert PolicyBlockedError("x").reason in REMEDIES


def test_reasons_of_the_providers_have_a_remedy() -> None:
    assert set(INTERACTIONS.values()) <= set(REMEDIES)
    lost = {verdict.code for verdict in verdicts() if verdict.kind in {Kind.SIGN_IN, Kind.GRANT}}
    blocked = {verdict.code for verdict in verdicts() if verdict.kind is Kind.BLOCKED}
    assert lost
    assert blocked
    assert lost | blocked <= set(REMEDIES)


@pytest.mark.parametrize("reason", REMEDIES)
def test_a_remedy_continues_a_sentence(reason: str) -> None:
    act = remedy_for(reason).act
    assert act[0].islower()
    assert not act.endswith(".")
    assert isinstance(remedy_for(reason).person, Person)


@pytest.mark.parametrize(
    ("status", "reason", "person", "act"),
    [
        (AccountStatus.ACTIVE, None, None, None),
        (AccountStatus.REAUTH_REQUIRED, reauth.USER_DISABLED, Person.ADMINISTRATOR, "enable the person's account"),
        (AccountStatus.LOCKED, None, Person.OPERATOR, "unlock it"),
        (AccountStatus.LOCKED, SIGNED_OUT, Person.OPERATOR, "unlock it, then its owner must sign in again"),
        (AccountStatus.INACTIVE, SIGNED_OUT, None, None),
    ],
)
def test_who_must_act_goes_by_the_status_and_the_reason(
    status: AccountStatus, reason: str | None, person: Person | None, act: str | None
) -> None:
    needed = needed_by(account(status=status, reauth_reason=reason))
    if person is None or act is None:
        assert needed is None
    else:
        assert needed is not None
        assert needed.person is person
        assert needed.act.startswith(act)


@pytest.mark.parametrize("reason", ["something_newer", "", "GRANT_REVOKED"])
def test_a_reason_of_another_program_falls_back_to_a_new_sign_in(reason: str) -> None:
    assert remedy_for(reason) == remedy_for(SIGNED_OUT)
