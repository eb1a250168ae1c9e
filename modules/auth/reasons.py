"""Why a connection was lost or a sign-in failed, in the words of its owner's language, by the reason that is stored."""

from collections.abc import Mapping
from typing import Final

import attrs

from domain import reauth, sign_in
from domain.account import NEVER_SIGNED_IN, SIGNED_OUT


@attrs.frozen
class Words:
    """The same in every language that the pages speak; `{...}` are filled in by `str.format`."""

    en: str
    ko: str

    def to(self, language: str, **values: str) -> str:
        """Return the text in a language, filled in."""
        return (self.ko if language == "ko" else self.en).format(**values)


_PROVIDER_DOWN = Words(
    "Microsoft's sign-in service did not answer as it should. Please try again in a few minutes.",
    "Microsoft 로그인 서비스가 정상적으로 응답하지 않았습니다. 몇 분 뒤에 다시 시도해 주세요.",
)
_MISCONFIGURED = Words(
    "This program is not set up correctly, so nobody can sign in through it just now. Please tell its operator.",
    "이 프로그램의 설정이 올바르지 않아 지금은 로그인할 수 없습니다. 운영자에게 알려 주세요.",
)
_NOT_STORED = Words(
    "You signed in, but the result could not be stored. Please try again; if it happens again, tell the operator.",
    "로그인은 되었지만 결과를 저장하지 못했습니다. 다시 시도해 주시고, 계속되면 운영자에게 알려 주세요.",
)
_NOT_PROVEN = Words(
    "What came back from Microsoft could not be verified, or had expired. Please sign in again.",
    "Microsoft에서 돌아온 응답을 확인할 수 없거나 이미 만료되었습니다. 다시 로그인해 주세요.",
)
_SIGN_IN = Words(
    "Microsoft no longer accepts the earlier sign-in. Please sign in again.",
    "Microsoft가 이전 로그인을 더 이상 인정하지 않습니다. 다시 로그인해 주세요.",
)

PROVIDER_CODES = (
    "api_connection_error",
    "provider_answer_invalid",
    "provider_failed",
    "provider_timeout",
    "provider_unreachable",
    "throttled",
)
OPERATOR_CODES = (
    "application_blocked",
    "application_disabled",
    "application_not_allowed",
    "application_unknown",
    "certificate_not_trusted",
    "certificate_unreadable",
    "client_certificate_rejected",
    "client_certificate_unusable",
    "client_secret_expired",
    "client_secret_not_allowed",
    "client_secret_rejected",
    "client_secret_required",
    "configuration_error",
    "endpoint_invalid",
    "invalid_client",
    "invalid_scope",
    "oauth_not_configured",
    "provider_refused",
    "redirect_uri_missing",
    "redirect_uri_unknown",
    "request_loop",
    "request_not_allowed",
    "request_rejected",
    "resource_unavailable",
    "scope_missing",
    "tenant_not_allowed",
    "tenant_required",
    "tenant_unknown",
    "wrong_cloud",
)
STORE_CODES = ("database_error", "connection_error", "encryption_error", "stale_key")

REASONS: Final[Mapping[str, Words]] = {
    "sign_in_declined": Words(
        "The sign-in was cancelled, or the permissions were not accepted, on Microsoft's pages.",
        "Microsoft 화면에서 로그인이 취소되었거나 권한 요청이 수락되지 않았습니다.",
    ),
    "wrong_identity": Words(
        "Whoever signed in is not the owner of this mailbox, so nothing was stored. Sign in as {email}.",
        "메일함의 주인이 아닌 사람이 로그인하여 아무것도 저장하지 않았습니다. {email} 계정으로 로그인해 주세요.",
    ),
    sign_in.EXPIRED: Words(
        "The sign-in was begun, but not finished in time.",
        "로그인이 시작되었지만 제한 시간 안에 끝나지 않았습니다.",
    ),
    sign_in.REPLACED: Words(
        "A newer sign-in for this mailbox has taken its place. Go on in the window that you opened last.",
        "이 메일함에 대해 더 새로운 로그인이 시작되었습니다. 마지막에 연 창에서 계속해 주세요.",
    ),
    sign_in.GIVEN_UP: Words(
        "The sign-in was given up before it was finished.",
        "로그인이 끝나기 전에 중단되었습니다.",
    ),
    reauth.MFA_REQUIRED: Words(
        "Your organisation asks for a second factor. Sign in again and confirm with it.",
        "조직에서 2단계 인증을 요구합니다. 다시 로그인하고 추가 인증을 완료해 주세요.",
    ),
    reauth.CONSENT_REQUIRED: Words(
        "The permissions that this program needs were not accepted yet. Sign in again and accept them.",
        "이 프로그램에 필요한 권한이 아직 수락되지 않았습니다. 다시 로그인하고 권한을 수락해 주세요.",
    ),
    reauth.PASSWORD_EXPIRED: Words(
        "Your password has expired. Set a new one, then sign in again.",
        "비밀번호가 만료되었습니다. 새 비밀번호를 설정한 뒤 다시 로그인해 주세요.",
    ),
    reauth.DEVICE_REQUIRED: Words(
        "Your organisation allows this only on devices that it manages. Sign in again on such a device.",
        "조직에서 관리하는 기기에서만 로그인할 수 있습니다. 관리되는 기기에서 다시 로그인해 주세요.",
    ),
    reauth.OTHER_ACCOUNT_REQUIRED: Words(
        "This account does not belong to the right organisation. Sign in as {email}.",
        "해당 조직에 속하지 않은 계정입니다. {email} 계정으로 로그인해 주세요.",
    ),
    reauth.BLOCKED_BY_POLICY: Words(
        "Your organisation's policies do not allow this sign-in. Its administrator must allow it first.",
        "조직의 정책이 이 로그인을 허용하지 않습니다. 먼저 조직의 관리자가 허용해야 합니다.",
    ),
    reauth.USER_DISABLED: Words(
        "Your account is disabled in your organisation's directory. Its administrator must enable it first.",
        "조직 디렉터리에서 계정이 사용 중지되어 있습니다. 먼저 조직의 관리자가 계정을 사용하도록 설정해야 합니다.",
    ),
    reauth.USER_LOCKED_OUT: Words(
        "Your account is locked. Wait a while, or ask your organisation's administrator to unlock it.",
        "계정이 잠겨 있습니다. 잠시 기다리거나 조직의 관리자에게 잠금 해제를 요청해 주세요.",
    ),
    reauth.USER_NOT_ASSIGNED: Words(
        "You are not assigned to this program. Your organisation's administrator must assign you first.",
        "이 프로그램을 사용할 수 있도록 지정되어 있지 않습니다. 먼저 조직의 관리자가 사용자를 지정해야 합니다.",
    ),
    reauth.ADMIN_CONSENT_REQUIRED: Words(
        "Your organisation's administrator must consent to this program's permissions first.",
        "먼저 조직의 관리자가 이 프로그램의 권한에 동의해야 합니다.",
    ),
    "policy_blocked": Words(
        "Your organisation does not allow this sign-in. Its administrator must act first.",
        "조직에서 이 로그인을 허용하지 않습니다. 먼저 조직의 관리자가 조치해야 합니다.",
    ),
    reauth.INTERACTION_REQUIRED: Words(
        "Microsoft wants to ask you something. Sign in again and follow its pages.",
        "Microsoft에서 추가 확인이 필요합니다. 다시 로그인하고 화면의 안내를 따라 주세요.",
    ),
    reauth.GRANT_REVOKED: Words(
        "The connection was revoked. Please sign in again.",
        "연결이 취소되었습니다. 다시 로그인해 주세요.",
    ),
    reauth.GRANT_EXPIRED: Words(
        "The connection has expired, since it was not used for a long time. Please sign in again.",
        "오랫동안 사용하지 않아 연결이 만료되었습니다. 다시 로그인해 주세요.",
    ),
    reauth.NO_REFRESH_TOKEN: Words(
        "The earlier sign-in did not allow lasting access. Please sign in again.",
        "이전 로그인으로는 계속 연결할 수 없습니다. 다시 로그인해 주세요.",
    ),
    reauth.GRANT_REJECTED: _SIGN_IN,
    "reauthentication_required": _SIGN_IN,
    NEVER_SIGNED_IN: Words(
        "This mailbox is not connected yet.",
        "이 메일함은 아직 연결되지 않았습니다.",
    ),
    SIGNED_OUT: Words(
        "This mailbox was signed out. Sign in again to connect it.",
        "이 메일함은 로그아웃되었습니다. 다시 연결하려면 로그인해 주세요.",
    ),
    **dict.fromkeys(("code_rejected", "id_token_rejected", "identity_missing"), _NOT_PROVEN),
    **dict.fromkeys(PROVIDER_CODES, _PROVIDER_DOWN),
    **dict.fromkeys(OPERATOR_CODES, _MISCONFIGURED),
    **dict.fromkeys(STORE_CODES, _NOT_STORED),
}

UNKNOWN_REASON = Words(
    "The sign-in could not be completed.",
    "로그인을 완료하지 못했습니다.",
)
"""For a reason that is not in the table; the stored explanation goes with it."""

EXPLAINED: Final = frozenset({"wrong_identity"})
"""Reasons whose stored explanation tells the owner more than the text: who came."""
