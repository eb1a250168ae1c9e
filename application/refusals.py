"""Why a token is not handed out: the errors that say who must act and how."""

from domain.account import AccountStatus
from domain.errors import (
    IACSGraphError,
    NotFoundError,
    PermissionDeniedError,
    PolicyBlockedError,
    ReauthenticationRequiredError,
)
from domain.reauth import remedy_for


def lost_grant(error: IACSGraphError) -> str | None:
    """Return why the grant is gone, if the error says that it is."""
    return error.reason if isinstance(error, ReauthenticationRequiredError | PolicyBlockedError) else None


def unknown(user_id: str) -> NotFoundError:
    """Return the error for an account that does not exist."""
    msg = f"There is no account {user_id!r}."
    return NotFoundError(msg, error_code="ACCOUNT_UNKNOWN", details={"user_id": user_id})


def not_usable(user_id: str, status: AccountStatus) -> PermissionDeniedError:
    """Return the refusal for an account that may not be used."""
    msg = f"Account {user_id!r} is {status}: no token is handed out."
    return PermissionDeniedError(
        msg, error_code=f"ACCOUNT_{status}", details={"user_id": user_id, "status": status.value}
    )


def must_sign_in(user_id: str, reason: str, cause: str | None = None) -> ReauthenticationRequiredError:
    """Return the error that says who must act and how."""
    remedy = remedy_for(reason)
    msg = f"Account {user_id!r} needs attention ({reason}): its {remedy.person} must {remedy.act}."
    return ReauthenticationRequiredError(
        f"{msg} {cause}" if cause else msg, reason=reason, details={"user_id": user_id}
    )
