"""What a request wants, in its `Prefer` headers and in the options that say how messages are written."""

import re
from collections.abc import Mapping
from typing import Final

import attrs
from aiohttp import web

from modules.simulator.graph_error import GraphError
from modules.simulator.mail.access import Reader, denied
from modules.simulator.mail.attachments import CONTENT, ITEM, TYPE, selected
from modules.simulator.mail.content import BodyType
from modules.simulator.mail.odata_options import LARGEST_TOP, parse_expand, parse_number, parse_select, read_options
from modules.simulator.mail.rendering import NAMES, RELATIONSHIPS, USUAL, Shape, in_order

DEFAULT_PAGE: Final = 10

_PREFERENCE: Final = re.compile(r'([^\s=,;]+)\s*(?:=\s*(?:"([^"]*)"|([^\s,;]*)))?')
_BASIC_LEAVES_OUT: Final = frozenset({"body", "bodyPreview", "uniqueBody", *RELATIONSHIPS})
_BODY_TYPES: Final[Mapping[str, BodyType]] = {"text": "text", "html": "html"}


@attrs.frozen(kw_only=True)
class Preferences:
    """What is preferred. `page_size`: None: no wish. `applied`: what the answer says that was followed."""

    immutable: bool = False
    body: BodyType | None = None
    page_size: int | None = None

    @property
    def applied(self) -> dict[str, str]:
        found = [f'outlook.body-content-type="{self.body}"'] if self.body else []
        found += ['IdType="ImmutableId"'] if self.immutable else []
        found += [f"odata.maxpagesize={self.page_size}"] if self.page_size else []
        return {"Preference-Applied": ", ".join(found)} if found else {}


def preferences_of(request: web.Request) -> Preferences:
    """What is not understood is not followed, as RFC 7240 has it."""
    text = ",".join(request.headers.getall("Prefer", []))
    found = {match[1].lower(): match[2] or match[3] or "" for match in _PREFERENCE.finditer(text)}
    size = found.get("odata.maxpagesize", "")
    return Preferences(
        immutable=found.get("idtype", "").lower() == "immutableid",
        body=_BODY_TYPES.get(found.get("outlook.body-content-type", "").lower()),
        page_size=min(int(size), LARGEST_TOP) if re.fullmatch("[1-9][0-9]{0,8}", size, re.ASCII) else None,
    )


@attrs.frozen(kw_only=True)
class Expansion:
    """Attachments come along: with which properties (None: all), and with attached messages themselves or not."""

    select: tuple[str, ...] | None = None
    items: bool = False

    @property
    def has_contents(self) -> bool:
        """Whether what is attached comes along, and not only what it is called."""
        return self.items or self.select is None or CONTENT in self.select


@attrs.frozen(kw_only=True)
class Wanted:
    """How messages are to be written. `select`: as it was asked, None if it was not."""

    shape: Shape
    expansion: Expansion | None = None
    select: str | None = None


def wanted(options: Mapping[str, str], preferences: Preferences, reader: Reader) -> Wanted:
    """What `$select`, `$expand` and the preferences ask for.

    Raises: GraphError 400 for what messages do not have; 403 for what the reader's permissions do not include.
    """
    select = options.get("$select")
    names = USUAL if select is None else _selected(select)
    expansion = _expansion(options["$expand"]) if "$expand" in options else None
    if reader.basic:
        if expansion or (select is not None and _BASIC_LEAVES_OUT.intersection(names)):
            raise denied()
        names = tuple(name for name in names if name not in _BASIC_LEAVES_OUT)
    shape = Shape(names=in_order(names), immutable=preferences.immutable, body=preferences.body)
    return Wanted(shape=shape, expansion=expansion, select=select)


def _selected(text: str) -> tuple[str, ...]:
    found = parse_select(text, (*NAMES, "*"))
    return (*USUAL, *found) if "*" in found else found


def _expansion(text: str) -> Expansion | None:
    """Other relationships than attachments are empty, and are left out."""
    found = parse_expand(text, RELATIONSHIPS)
    if len(found) > 1:
        raise GraphError(400, "ExpandNotSupported", "Only one relationship can be expanded.")
    if found[0].name != "attachments":
        return None
    options = read_options(found[0].options.items(), frozenset({"$select", "$expand"}))
    items = "$expand" in options and bool(parse_expand(options["$expand"], (ITEM,), TYPE))
    return Expansion(select=selected(options.get("$select")), items=items)


def page_size(options: Mapping[str, str], preferences: Preferences) -> int:
    """How many messages a page has at most. Raises: GraphError 400 unless `$top` is from 1 to 1000."""
    top = parse_number("$top", options["$top"], 1, LARGEST_TOP) if "$top" in options else None
    return min(each for each in (top or preferences.page_size or DEFAULT_PAGE, preferences.page_size) if each)
