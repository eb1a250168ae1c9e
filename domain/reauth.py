"""Why an account's grant does not work, who can change that, and how: the vocabulary of `reauth_reason`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import attrs

from domain.account import NEVER_SIGNED_IN, SIGNED_OUT, Account, AccountStatus

GRANT_REJECTED = "grant_rejected"
GRANT_REVOKED = "grant_revoked"
GRANT_EXPIRED = "grant_expired"
NO_REFRESH_TOKEN = "no_refresh_token"  # noqa: S105 - a reason's name
INTERACTION_REQUIRED = "interaction_required"
MFA_REQUIRED = "mfa_required"
CONSENT_REQUIRED = "consent_required"
PASSWORD_EXPIRED = "password_expired"  # noqa: S105 - a reason's name
DEVICE_REQUIRED = "device_required"
OTHER_ACCOUNT_REQUIRED = "other_account_required"
BLOCKED_BY_POLICY = "blocked_by_policy"
USER_DISABLED = "user_disabled"
USER_LOCKED_OUT = "user_locked_out"
USER_NOT_ASSIGNED = "user_not_assigned"
ADMIN_CONSENT_REQUIRED = "admin_consent_required"


class Person(StrEnum):
    """Who must act."""

    OWNER = "owner"
    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"


@attrs.frozen(kw_only=True)
class Remedy:
    """`act` continues a sentence that begins with the person: "its owner must ..."."""

    person: Person
    act: str


_SIGN_IN = Remedy(person=Person.OWNER, act="sign in again")

REMEDIES: Final[Mapping[str, Remedy]] = {
    NEVER_SIGNED_IN: Remedy(person=Person.OWNER, act="sign in for the first time"),
    SIGNED_OUT: _SIGN_IN,
    GRANT_REJECTED: _SIGN_IN,
    GRANT_REVOKED: _SIGN_IN,
    GRANT_EXPIRED: _SIGN_IN,
    NO_REFRESH_TOKEN: _SIGN_IN,
    INTERACTION_REQUIRED: _SIGN_IN,
    MFA_REQUIRED: Remedy(person=Person.OWNER, act="sign in again and confirm with a second factor"),
    CONSENT_REQUIRED: Remedy(person=Person.OWNER, act="sign in again and accept the permissions asked for"),
    PASSWORD_EXPIRED: Remedy(person=Person.OWNER, act="set a new password, then sign in again"),
    DEVICE_REQUIRED: Remedy(person=Person.OWNER, act="sign in again on a device that the organisation manages"),
    OTHER_ACCOUNT_REQUIRED: Remedy(person=Person.OWNER, act="sign in again with an account of the right organisation"),
    BLOCKED_BY_POLICY: Remedy(person=Person.ADMINISTRATOR, act="allow the sign-in in the organisation's policies"),
    USER_DISABLED: Remedy(person=Person.ADMINISTRATOR, act="enable the person's account in the directory"),
    USER_LOCKED_OUT: Remedy(person=Person.ADMINISTRATOR, act="unlock the person's account, or wait until it is"),
    USER_NOT_ASSIGNED: Remedy(person=Person.ADMINISTRATOR, act="assign the person to the application"),
    ADMIN_CONSENT_REQUIRED: Remedy(person=Person.ADMINISTRATOR, act="consent to the application's permissions"),
}
"""By `reauth_reason`."""


def needed_by(account: Account) -> Remedy | None:
    """Return who must do what before the account works; None where nobody must: it works, or is not wanted."""
    remedy = None if account.reauth_reason is None else remedy_for(account.reauth_reason)
    if account.status is AccountStatus.LOCKED:
        then = f", then its {remedy.person} must {remedy.act}" if remedy else ""
        return Remedy(person=Person.OPERATOR, act=f"unlock it{then}")
    return None if account.status is AccountStatus.INACTIVE else remedy


def remedy_for(reason: str) -> Remedy:
    """Return what helps; for a reason that is not in the table (of an older or newer program) a new sign-in."""
    return REMEDIES.get(reason, _SIGN_IN)
