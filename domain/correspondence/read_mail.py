"""What reading a mail comes to, before anything is asked that costs."""

import attrs

from domain.correspondence.analysis import Wording
from domain.correspondence.assessment import Verdict


@attrs.frozen(kw_only=True)
class ReadMail:
    """A mail's text, its words, and what they come to."""

    text: str = attrs.field(repr=False)
    wording: Wording
    verdict: Verdict


@attrs.frozen(kw_only=True)
class NotRead:
    """A mail that could not be read. `problem` says of what kind that is, and where, without the mail's words."""

    problem: str
