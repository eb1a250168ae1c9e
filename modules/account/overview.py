"""Accounts as people look at them: who is there, in what state, and who must act."""

from collections.abc import AsyncIterator, Sequence

import attrs

from domain.account import Account, AccountStatus, OAuthApplication
from domain.change import AuditEntry
from domain.errors import EncryptionError, NotFoundError
from domain.reauth import needed_by
from modules.account.compose import AccountTools
from modules.account.schema import (
    AccountDetails,
    AccountLine,
    ApplicationDetails,
    AuditLine,
    ChangeLine,
    StatusLine,
    TokenDetails,
)

COLUMNS = ("user_id", "name", "email", "status", "since", "reason", "who", "act", "application")


async def lines(tools: AccountTools, status: AccountStatus | None, *, needing: bool) -> Sequence[AccountLine]:
    """Return all accounts, or those of a status, or those whose owner or administrator must act.

    Raises: as `Accounts.every`.
    """
    return [line(account) async for account in _chosen(tools, status, needing=needing)]


async def _chosen(tools: AccountTools, status: AccountStatus | None, *, needing: bool) -> AsyncIterator[Account]:
    async for account in tools.accounts.every():
        if status in (None, account.status) and not (needing and account.status is not AccountStatus.REAUTH_REQUIRED):
            yield account


def line(account: Account) -> AccountLine:
    """Return the account's line."""
    remedy = needed_by(account)
    return AccountLine(
        user_id=account.user_id,
        name=account.name,
        email=account.email,
        status=account.status.value,
        since=account.status_since,
        reason=account.status_reason,
        who=None if remedy is None else remedy.person.value,
        act=None if remedy is None else remedy.act,
        application=None if account.application is None else account.application.client_id,
    )


async def details(tools: AccountTools, user_id: str) -> AccountDetails:
    """Return everything about one account but its secrets.

    Raises:
        NotFoundError: the account is unknown.
        DatabaseError: the store failed.
    """
    account = await tools.accounts.find(user_id)
    return AccountDetails(
        **attrs.asdict(line(account)),
        reauth_reason=account.reauth_reason,
        created_at=account.created_at,
        version=account.version,
        oauth=await _application(tools, account),
        identity_tenant=account.identity.tenant_id if account.identity else None,
        identity_object=account.identity.object_id if account.identity else None,
        token_state=await _token(tools, account),
    )


def status_line(account: Account) -> StatusLine:
    """Return where the account stands now."""
    return StatusLine(
        user_id=account.user_id,
        status=account.status.value,
        since=account.status_since,
        reason=account.status_reason,
    )


def audit_line(entry: AuditEntry) -> AuditLine:
    """Return one entry of an audit trail."""
    changes = tuple(ChangeLine(field=item.field, old=item.old, new=item.new) for item in entry.fields)
    return AuditLine(at=entry.at, actor=entry.actor, action=entry.action, reason=entry.reason, changes=changes)


async def _application(tools: AccountTools, account: Account) -> ApplicationDetails | None:
    application: OAuthApplication | None = account.application or tools.applications.default
    if application is None:
        return None
    return ApplicationDetails(
        is_global=account.application is None,
        client_id=application.client_id,
        tenant_id=application.tenant_id,
        flow=application.flow.value,
        redirect_uri=application.redirect_uri,
        scopes=application.scopes,
        credentials=await _credentials(tools, account),
    )


async def _credentials(tools: AccountTools, account: Account) -> int | None:
    try:
        whole = account if account.application is None else await tools.accounts.store.get(account.account_id)
    except EncryptionError:
        return None
    if whole is None:
        msg = f"There is no account {account.user_id!r}."
        raise NotFoundError(msg, error_code="ACCOUNT_UNKNOWN", details={"user_id": account.user_id})
    return len(tools.applications.of(whole).client_secrets)


async def _token(tools: AccountTools, account: Account) -> TokenDetails:
    try:
        held = await tools.tokens.read(account.user_id)
    except EncryptionError:
        return TokenDetails(state="unreadable")
    state = held.state(tools.clock.now())
    return TokenDetails(
        state="none" if state is None else state.value,
        expires_at=held.expires_at,
        refresh_at=held.due_at,
        waiting_until=held.wait.until if held.wait else None,
    )
