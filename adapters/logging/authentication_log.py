"""The authentication log as records of one logger; handlers decide where they go."""

import logging
from collections.abc import Mapping
from datetime import timedelta

import attrs

from domain.change import AccountChange
from domain.errors import IACSGraphError
from ports.authentication_log import AuthenticationLog

LOGGER = "iacsgraph.auth"


@attrs.frozen
class LoggingAuthenticationLog(AuthenticationLog):
    """One record per fact: a short text, and the rest as key=value context."""

    logger: logging.Logger = attrs.field(factory=lambda: logging.getLogger(LOGGER))

    def changed(self, change: AccountChange) -> None:
        """Tell at WARNING when a person must act, else at INFO."""
        after, audit = change.after, change.audit
        level = (
            logging.WARNING if after.reauth_reason and audit.action in {"grant_lost", "signed_out"} else logging.INFO
        )
        context = {"user_id": after.user_id, "status": after.status.value, "reason": audit.reason, "actor": audit.actor}
        self.logger.log(level, "account %s", audit.action, extra=_present(context))

    def refreshed(self, user_id: str, lifetime: timedelta, *, ahead: bool = False) -> None:
        """Tell at INFO."""
        context = {"user_id": user_id, "lifetime_s": round(lifetime.total_seconds()), "ahead": ahead}
        self.logger.info("token refreshed", extra=context)

    def refresh_failed(self, user_id: str, error: IACSGraphError) -> None:
        """Tell at WARNING if trying again may help, else at ERROR."""
        level = logging.WARNING if error.transient else logging.ERROR
        self.logger.log(level, "token refresh failed: %s", error.message, extra=_facts(user_id, error))

    def sign_in_failed(self, user_id: str, error: IACSGraphError) -> None:
        """Tell at WARNING."""
        self.logger.warning("sign-in failed: %s", error.message, extra=_facts(user_id, error))

    def short_lived(self, user_id: str, wanted: timedelta, lifetime: timedelta) -> None:
        """Tell at WARNING."""
        context = {
            "user_id": user_id,
            "wanted_s": round(wanted.total_seconds()),
            "lifetime_s": round(lifetime.total_seconds()),
        }
        self.logger.warning("tokens live shorter than a caller wants", extra=context)

    def denied(self, user_id: str, error: IACSGraphError) -> None:
        """Tell at WARNING."""
        self.logger.warning("token denied: %s", error.message, extra=_facts(user_id, error))


def _facts(user_id: str, error: IACSGraphError) -> dict[str, object]:
    retry = None if error.retry_after is None else round(error.retry_after.total_seconds())
    return _present({"user_id": user_id, "error_code": error.error_code, "retry_after_s": retry})


def _present(context: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in context.items() if value is not None}
