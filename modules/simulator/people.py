"""Users of a tenant, and the names that a simulator gives them."""

import attrs

_NAMES = (
    ("kim.jiwon", "김지원"),
    ("park.minseo", "박민서"),
    ("anna.berg", "Anna Berg"),
    ("lee.dohyun", "이도현"),
    ("john.carter", "John Carter"),
    ("choi.yuna", "최유나"),
    ("maria.rossi", "Maria Rossi"),
    ("jung.haeun", "정하은"),
    ("pierre.martin", "Pierre Martin"),
    ("kang.seojun", "강서준"),
)


@attrs.define(kw_only=True, eq=False)
class User:
    """Somebody with an account. `grants_of` counts revocations: what was granted under an older count is dead.

    `mfa`: a policy wants multi-factor authentication. `blocked`: a policy blocks access.
    """

    upn: str
    mail: str
    name: str
    password: str = attrs.field(repr=False)
    object_id: str
    tenant_id: str
    enabled: bool = True
    mfa: bool = False
    blocked: bool = False
    is_admin: bool = False
    grants_of: int = 0
    passwords_of: int = 0
    sessions_valid_from: int = 0

    def revoke(self, seconds: int) -> None:
        """End every session, grant and token of continuous access evaluation that there is."""
        self.grants_of += 1
        self.sessions_valid_from = seconds


def name_of(number: int) -> tuple[str, str]:
    """Local part and display name of the user with this number, counted from 0."""
    local, display = _NAMES[number % len(_NAMES)]
    round_ = number // len(_NAMES)
    return (f"{local}{round_ + 1}", f"{display} {round_ + 1}") if round_ else (local, display)
