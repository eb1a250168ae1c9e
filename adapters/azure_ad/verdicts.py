"""What a refusal comes to, whoever words it: one of few kinds, each of which is one error of the domain."""

from enum import Enum, auto

import attrs


class Kind(Enum):
    """What must happen next."""

    LATER = auto()
    """Nothing: the provider failed; the same works later."""
    THROTTLED = auto()
    """Nothing, but not soon."""
    SIGN_IN = auto()
    """The owner must sign in again; `code` is the reason."""
    BLOCKED = auto()
    """The administrator must act; `code` is the reason."""
    GRANT = auto()
    """The code, device code or refresh token is no good: which error that is depends on which of them was sent."""
    DECLINED = auto()
    """The person said no."""
    CREDENTIAL = auto()
    """This client credential is rejected; `code` is the error code."""
    SETTING = auto()
    """The operator must change the settings or the registration; `code` is the error code."""


@attrs.frozen
class Verdict:
    """`advice` is one sentence that says what happened and who must do what."""

    kind: Kind
    code: str
    advice: str
