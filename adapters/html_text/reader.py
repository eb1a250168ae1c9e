"""What tags do to a page: one pass, and no tree."""

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from adapters.html_text.elements import (
    APART,
    BLOCKS,
    CELLS,
    LINES,
    LISTS,
    VOID,
    address_of,
    first_number,
    is_unseen,
    says_address,
    stands_apart,
)
from adapters.html_text.page import Page


@attrs.define
class Reader:
    """Writes a page. `unseen` counts, by name, the elements that are open within one that is not shown.

    `preformatted` counts the elements that are open in which white space counts; `mark` is where a link began.
    """

    page: Page = attrs.field(factory=Page)
    unseen: dict[str, int] = attrs.field(factory=dict)
    unseen_name: str = ""
    preformatted: int = 0
    address: str = ""
    mark: int = 0

    def write(self, text: str) -> None:
        """Take what stands between two tags."""
        if self.unseen:
            return
        if self.preformatted:
            self.page.write_as_is(text)
        else:
            self.page.write(text)

    def tag(self, name: str, raw: str) -> None:
        """Take a tag, as `tokens` tells it."""
        if self.unseen and self._stays_unseen(name, raw):
            return
        if raw and name not in VOID and name[0] != "/" and is_unseen(raw) and not _is_empty(name, raw):
            self.unseen, self.unseen_name = {name: 1}, name
            return
        gap = _BREAKS.get(name)
        if gap is not None:
            self.page.close_line(gap=gap)
        elif action := _ACTIONS.get(name):
            action(self, raw)

    def end_link(self) -> None:
        """Write where the link leads, unless its words say it, or there are none."""
        address, self.address = self.address, ""
        if address and (text := self.page.since(self.mark)).strip() and not says_address(text, address):
            self.page.write(f" <{address}>")

    def _stays_unseen(self, name: str, raw: str) -> bool:
        """Return whether what is not shown goes on behind this tag.

        A paragraph ends where another block begins; and everything does where something ends that is around it.
        """
        is_end, element = name[0] == "/", name.removeprefix("/")
        if is_end and (count := self.unseen.get(element, 0)):
            self.unseen[element] = count - 1
            if count == 1 and element == self.unseen_name:
                self.unseen = {}
            return True
        if element in BLOCKS and (is_end or self.unseen_name == "p"):
            self.unseen = {}
            return False
        if not is_end and element not in VOID and not _is_empty(name, raw):
            self.unseen[element] = self.unseen.get(element, 0) + 1
        return True


def _is_empty(name: str, raw: str) -> bool:
    """Return whether the tag says that nothing is in it, which only foreign elements may (`<o:p/>`)."""
    return ":" in name and raw.rstrip().endswith("/")


def _begin_link(reader: Reader, raw: str) -> None:
    reader.end_link()
    reader.address, reader.mark = address_of(raw), reader.page.mark()


def _begin_list(reader: Reader, number: int | None) -> None:
    reader.page.close_line(gap=not reader.page.lists)
    reader.page.lists.append(number)


def _quote(reader: Reader, step: int) -> None:
    reader.page.leave_table(gap=step < 0)
    reader.page.quoted = max(reader.page.quoted + step, 0)


def _preformat(reader: Reader, step: int) -> None:
    reader.page.close_line(gap=True)
    reader.preformatted = max(reader.preformatted + step, 0)


_Action = Callable[[Reader, str], None]


_BREAKS: Final[Mapping[str, bool]] = {
    **dict.fromkeys((*LINES, *(f"/{name}" for name in LINES), "/p", "/li"), False),
    **dict.fromkeys((*APART, *(f"/{name}" for name in APART)), True),
}
"""The tags at which a line ends and nothing else happens; whether there is a gap."""
_ACTIONS: Final[Mapping[str, _Action]] = {
    **dict.fromkeys(LISTS, lambda reader, _: _begin_list(reader, None)),
    **dict.fromkeys((f"/{name}" for name in LISTS), lambda reader, _: reader.page.end_list()),
    **dict.fromkeys(CELLS, lambda reader, _: reader.page.begin_cell()),
    "a": _begin_link,
    "/a": lambda reader, _: reader.end_link(),
    "br": lambda reader, _: reader.page.end_line(),
    "/br": lambda reader, _: reader.page.end_line(),
    "hr": lambda reader, _: reader.page.rule(),
    "p": lambda reader, raw: reader.page.close_line(gap=stands_apart(raw)),
    "tr": lambda reader, _: reader.page.begin_row(),
    "/tr": lambda reader, _: reader.page.end_row(),
    "li": lambda reader, _: reader.page.begin_item(),
    "ol": lambda reader, raw: _begin_list(reader, first_number(raw)),
    "blockquote": lambda reader, _: _quote(reader, 1),
    "/blockquote": lambda reader, _: _quote(reader, -1),
    "pre": lambda reader, _: _preformat(reader, 1),
    "/pre": lambda reader, _: _preformat(reader, -1),
}
"""The others. What is neither here nor there only says how text looks."""
