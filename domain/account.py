"""An account: one mailbox owner, the OAuth application that acts for them, and whether it may be used."""

import unicodedata
from collections.abc import Container
from datetime import datetime
from enum import StrEnum
from typing import NewType

import attrs

from domain.errors import ValidationError
from domain.validation import each_credential, each_not_blank, not_blank, not_negative, optional, utc

AccountId = NewType("AccountId", str)
"""Immutable internal key: what ciphertexts are bound to and other tables refer to."""

NEVER_SIGNED_IN = "never_signed_in"
SIGNED_OUT = "signed_out"

USER_ID_LENGTH = 320
"""Longest user id, in characters: an e-mail address is one (RFC 5321 section 4.5.3.1: 64 + 1 + 255)."""


class AccountStatus(StrEnum):
    """ACTIVE works; else somebody must act: nobody (INACTIVE), the operator (LOCKED), the owner (REAUTH_REQUIRED)."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    LOCKED = "LOCKED"
    REAUTH_REQUIRED = "REAUTH_REQUIRED"

    @property
    def usable(self) -> bool:
        """Whether a token that is still valid may be handed out."""
        return self in (AccountStatus.ACTIVE, AccountStatus.REAUTH_REQUIRED)


class AuthFlow(StrEnum):
    """How the application gets its grant (RFC 6749 sections 4.1 and 4.4, RFC 8628)."""

    AUTHORIZATION_CODE = "authorization_code"
    DEVICE_CODE = "device_code"
    CLIENT_CREDENTIALS = "client_credentials"


@attrs.frozen(kw_only=True)
class Identity:
    """Who signed in, immutably: Entra's tenant id and the user's object id in it (claims `tid` and `oid`)."""

    tenant_id: str = attrs.field(validator=not_blank)
    object_id: str = attrs.field(validator=not_blank)


@attrs.frozen(kw_only=True)
class OAuthApplication:
    """A registered application. No client secret means a public client; several are tried in order.

    A client secret may also be a PEM text of a private key and its certificate, as `IdentityProvider` says.
    """

    client_id: str = attrs.field(validator=not_blank)
    tenant_id: str = attrs.field(validator=not_blank)
    flow: AuthFlow = AuthFlow.AUTHORIZATION_CODE
    scopes: tuple[str, ...] = attrs.field(default=(), validator=each_not_blank)
    redirect_uri: str | None = attrs.field(default=None, validator=optional(not_blank))
    client_secrets: tuple[str, ...] = attrs.field(default=(), validator=each_credential, repr=False)


@attrs.frozen(kw_only=True)
class Account:
    """One mailbox owner. `reauth_reason` says why a new sign-in is needed, whatever the status; None when it is not.
    `reauth_claims` is the claims request (JSON) that the sign-in must carry, if the provider sent one.

    `application` None means the global one. `identity` is pinned at the first sign-in. `version` counts changes.
    """

    account_id: AccountId = attrs.field(validator=not_blank)
    user_id: str = attrs.field(validator=not_blank)
    name: str = attrs.field(validator=not_blank)
    email: str = attrs.field(validator=not_blank)
    application: OAuthApplication | None = None
    status: AccountStatus
    status_reason: str | None = attrs.field(default=None, validator=optional(not_blank))
    status_since: datetime = attrs.field(validator=utc)
    reauth_reason: str | None = attrs.field(default=None, validator=optional(not_blank))
    reauth_claims: str | None = attrs.field(default=None, validator=optional(not_blank))
    identity: Identity | None = None
    version: int = attrs.field(default=1, validator=not_negative)
    created_at: datetime = attrs.field(validator=utc)

    def __attrs_post_init__(self) -> None:
        """Hold the invariants that involve more than one field."""
        if "@" not in self.email.strip("@"):
            msg = f"Account.email of {self.user_id!r} must be an e-mail address."
            raise ValidationError(msg, details={"field": "email"})
        if len(self.user_id) > USER_ID_LENGTH:
            msg = f"Account.user_id must not be longer than {USER_ID_LENGTH} characters."
            raise ValidationError(msg, details={"field": "user_id"})
        needs_sign_in = self.reauth_reason is not None
        if (self.status is AccountStatus.ACTIVE and needs_sign_in) or (
            self.status is AccountStatus.REAUTH_REQUIRED and not needs_sign_in
        ):
            msg = f"Account {self.user_id!r}: status {self.status} contradicts reauth_reason {self.reauth_reason!r}."
            raise ValidationError(msg, details={"field": "status"})

    @property
    def usable(self) -> bool:
        """Whether a token that is still valid may be handed out."""
        return self.status.usable


def user_key(user_id: str) -> str:
    """Return the form under which a user id is unique: case-insensitive, in one Unicode normal form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", user_id).casefold())


def default_user_id(email: str, taken: Container[str], *, stem: str | None = None) -> str:
    """Return the user id for an account that names none: the file's stem or the local part, else the full address.

    `taken` holds user keys. The address is returned even if it is taken: the store refuses it, nothing is overwritten.
    """
    short = stem or email.partition("@")[0]
    return short if user_key(short) not in taken else email
