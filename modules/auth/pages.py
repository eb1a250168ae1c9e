"""The pages as HTML. Everything that is not written in this package is escaped."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

import attrs
from jinja2 import Environment, PackageLoader, StrictUndefined

from domain.account import NEVER_SIGNED_IN, Account
from domain.sign_in import SignIn, Stage
from modules.auth import texts
from modules.auth.reasons import EXPLAINED, REASONS, UNKNOWN_REASON, Words
from modules.auth.texts import LANGUAGES, NAMES, Notice

_ENVIRONMENT = Environment(
    loader=PackageLoader("modules.auth"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_LOOK_AGAIN_SECONDS = 2


@attrs.frozen(kw_only=True)
class View:
    """For whom a page is made: in which language, and whether the other one may be offered at this address."""

    language: str
    switch: bool = False


@attrs.frozen(kw_only=True)
class Button:
    """Begins a sign-in by sending a form; `path` None is the page's own address."""

    label: Words
    path: str | None = None


@attrs.frozen(kw_only=True)
class _Ending:
    """How a result page looks. `tone` is success, failure or neutral."""

    title: Words
    body: Words | None
    tone: str = "neutral"
    again: bool = True
    refresh_seconds: int | None = None


_ENDINGS: Final[Mapping[Stage, _Ending]] = {
    Stage.PENDING: _Ending(title=texts.PENDING_TITLE, body=texts.PENDING),
    Stage.COMPLETING: _Ending(
        title=texts.COMPLETING_TITLE, body=texts.COMPLETING, again=False, refresh_seconds=_LOOK_AGAIN_SECONDS
    ),
    Stage.DONE: _Ending(title=texts.DONE_TITLE, body=texts.DONE, tone="success", again=False),
    Stage.FAILED: _Ending(title=texts.FAILED_TITLE, body=None, tone="failure"),
    Stage.CANCELLED: _Ending(title=texts.CANCELLED_TITLE, body=None),
}


def style_hash() -> str:
    """Return the hash of the style sheet inside the pages, as Content Security Policy writes it."""
    style = _ENVIRONMENT.get_template("style.css").render()
    return "sha256-" + b64encode(sha256(style.encode()).digest()).decode()


def notice_page(
    view: View, notice: Notice, *, button: Button | None = None, link: str | None = None, reference: str | None = None
) -> str:
    """Return a page that only says something; `link` leads to a result."""
    return _message(view, title=notice.title, body=notice.body, button=button, link=link, reference=reference)


def sign_in_page(view: View, account: Account, provider: str) -> str:
    """Return the page that says whose account it is, how it stands, and what the button does."""
    first = account.reauth_reason == NEVER_SIGNED_IN
    return _render(
        "sign_in.html",
        view,
        title=texts.SIGN_IN_TITLE if first else texts.SIGN_IN_AGAIN_TITLE,
        account=account,
        states=_states(account),
        values={"email": account.email, "provider": provider},
        button=Button(label=texts.BEGIN),
    )


def result_page(view: View, sign_in: SignIn, account: Account | None, *, lasting: bool = True) -> str:
    """Return how a sign-in stands; `account` is None where it cannot be told.

    Of a site that is not `lasting` nobody can begin another one: whoever runs the command must.
    """
    ending, reason = _ENDINGS[sign_in.stage], sign_in.reason or ""
    explained = ending.body is None and (reason in EXPLAINED or reason not in REASONS)
    return _message(
        view,
        title=ending.title,
        body=ending.body or REASONS.get(reason, UNKNOWN_REASON),
        tone=ending.tone,
        account=account,
        button=Button(label=texts.AGAIN) if ending.again and lasting else None,
        hint=texts.RUN_AGAIN if ending.again and not lasting else None,
        explanation=sign_in.explanation if explained else None,
        refresh_seconds=ending.refresh_seconds,
    )


def _states(account: Account) -> Sequence[Words]:
    """Return how the account stands: whether it may be used, and what its connection lacks."""
    out_of_use = texts.OUT_OF_USE.get(account.status)
    lacking = None if account.reauth_reason is None else REASONS.get(account.reauth_reason, texts.CONNECTION_LOST)
    return [state for state in (out_of_use, lacking) if state is not None] or [texts.CONNECTED]


def _message(  # noqa: PLR0913 - what a message may have, by name
    view: View,
    *,
    title: Words,
    body: Words,
    tone: str = "neutral",
    account: Account | None = None,
    button: Button | None = None,
    link: str | None = None,
    explanation: str | None = None,
    reference: str | None = None,
    refresh_seconds: int | None = None,
    hint: Words | None = None,
) -> str:
    owner = texts.OWNER.to(view.language) if account is None else account.email
    return _render(
        "message.html",
        view,
        title=title,
        body=body,
        values={"email": owner},
        tone=tone,
        account=account,
        button=button,
        link=link,
        explanation=explanation,
        reference=reference,
        refresh_seconds=refresh_seconds,
        hint=hint,
    )


def _render(template: str, view: View, **context: object) -> str:
    def say(words: Words, values: Mapping[str, str] | None = None) -> str:
        return words.to(view.language, **(values or {}))

    others = [language for language in LANGUAGES if language != view.language] if view.switch else []
    return _ENVIRONMENT.get_template(template).render(
        say=say, texts=texts, language=view.language, others={each: NAMES[each] for each in others}, **context
    )
