"""The forms of a page, as a browser without scripts would see them."""

from collections.abc import Sequence
from html.parser import HTMLParser
from urllib.parse import urljoin

import attrs


@attrs.define(kw_only=True)
class Form:
    """A form: `fields` are its inputs with their values, `buttons` the name and value of each button."""

    form_id: str
    method: str
    action: str
    fields: dict[str, str] = attrs.field(factory=dict)
    buttons: list[tuple[str, str]] = attrs.field(factory=list)


@attrs.frozen(kw_only=True)
class Page:
    """A page that was shown. `text` is its HTML; `code` the AADSTS number of an error page, otherwise empty."""

    url: str
    status: int
    text: str
    forms: Sequence[Form] = ()
    code: str = ""
    scripts: Sequence[str] = ()

    def form(self, form_id: str) -> Form:
        """Raises: LookupError with what the page says."""
        for form in self.forms:
            if form.form_id == form_id:
                return form
        raise LookupError(f"no form {form_id!r} on the page at {self.url}: {self.text}")

    def has(self, form_id: str) -> bool:
        return any(form.form_id == form_id for form in self.forms)


class _Parser(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.forms: list[Form] = []
        self.scripts: list[str] = []
        self.code = ""
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.code = given.get("data-code", self.code)
        if tag == "form":
            action = urljoin(self.url, given.get("action", ""))
            self.forms.append(Form(form_id=given.get("id", ""), method=given.get("method", "get"), action=action))
        elif tag == "input" and self.forms:
            self.forms[-1].fields[given.get("name", "")] = given.get("value", "")
        elif tag == "button" and self.forms:
            self.forms[-1].buttons.append((given.get("name", ""), given.get("value", "")))
        elif tag == "script":
            self._in_script = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts.append(data)


def parse_page(url: str, status: int, text: str) -> Page:
    parser = _Parser(url)
    parser.feed(text)
    return Page(url=url, status=status, text=text, forms=parser.forms, code=parser.code, scripts=parser.scripts)
