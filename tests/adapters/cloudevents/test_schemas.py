"""Other programs rely on the schemas in docs/: they are those of the code, and what is published fits them."""

import copy
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from jsonschema import ValidationError as Unfit
from jsonschema.protocols import Validator

from adapters.cloudevents.asyncapi import asyncapi
from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.cloudevents.fact_members import TYPES
from adapters.cloudevents.meanings import INFO_MEANINGS, MEANINGS
from adapters.cloudevents.schemas import schemas
from domain.errors import ValidationError
from domain.events import EmailReceived, Event
from domain.mail_results import EmailInfo
from modules.events.compose import schema_documents
from modules.events.describing import as_files
from ports.event_codec import EncodedEvent
from tests.adapters.cloudevents.samples import BARE_INFO, EXAMPLES, MAIL_FACT
from tests.contracts.properties import EVENTS, QUICK
from tests.contracts.test_event_codec import JSON, delivered

DOCS = Path(__file__).parents[3] / "docs"
OFFICIAL = Path(__file__).parent / "asyncapi-3.0.0.json.gz"
"""The AsyncAPI initiative's schema of its documents, from npm `@asyncapi/specs` 6.11.1 (Apache-2.0)."""
CODEC = CloudEventCodec()
EVERY = pytest.mark.parametrize("name", EXAMPLES)
DRAFTS = {"2020-12": Draft202012Validator, "draft 7": Draft7Validator}
DOCUMENT: Any = json.loads(json.dumps(asyncapi()))


def validator(name: str, draft: str = "2020-12") -> Validator:
    return DRAFTS[draft](schemas()[name], format_checker=FormatChecker())


def headers_validator(name: str) -> Draft7Validator:
    return Draft7Validator(DOCUMENT["components"]["messages"][name]["headers"])


def name_of(event: Event) -> str:
    return TYPES[type(event)]


def value_of(message: EncodedEvent) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(message.value)
    return value


def test_the_documents_in_docs_are_those_of_the_code() -> None:
    """If not: `iacsgraph events schema --write docs`, and see whether it is an addition."""
    there = {path.relative_to(DOCS).as_posix() for path in [*DOCS.glob("schemas/*"), *DOCS.glob("asyncapi*")]}
    expected = as_files(schema_documents())
    assert there == set(expected)
    for path, text in expected.items():
        assert (DOCS / path).read_text(encoding="utf-8") == text, path


@EVERY
@pytest.mark.parametrize("draft", DRAFTS)
def test_every_schema_is_one_and_means_the_same_in_both_drafts(name: str, draft: str) -> None:
    DRAFTS[draft].check_schema({**schemas()[name], "$schema": DRAFTS[draft].META_SCHEMA["$schema"]})
    validator(name, draft).validate(value_of(CODEC.encode(EXAMPLES[name][0])))


@QUICK
@given(event=EVENTS)
def test_whatever_is_published_fits_its_schema(event: Event) -> None:
    message = CODEC.encode(event)
    validator(name_of(event)).validate(value_of(message))
    headers_validator(name_of(event)).validate(dict(message.headers))


def test_a_mail_of_which_little_is_known_fits() -> None:
    validator("email.received").validate(value_of(CODEC.encode(EmailReceived(**MAIL_FACT, event_info=BARE_INFO))))


@EVERY
def test_a_value_without_any_one_of_its_members_does_not_fit(name: str) -> None:
    value = value_of(CODEC.encode(EXAMPLES[name][0]))
    for member in value:
        with pytest.raises(Unfit):
            validator(name).validate({other: item for other, item in value.items() if other != member})
    for member in value.get("event_info", {}):
        info = {other: item for other, item in value["event_info"].items() if other != member}
        with pytest.raises(Unfit):
            validator(name).validate({**value, "event_info": info})


@EVERY
def test_members_that_are_added_later_fit(name: str) -> None:
    value = value_of(CODEC.encode(EXAMPLES[name][0]))
    for inner in (value, value.get("event_info", {})):
        inner["added"] = {"later": 1}
    validator(name).validate(value)


@EVERY
def test_what_we_read_fits_whatever_stands_in_a_member(name: str) -> None:
    """The schema is no stricter than the reader, except about what the reader does not look at."""
    message = CODEC.encode(EXAMPLES[name][0])

    @QUICK
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        value = copy.deepcopy(value_of(message))
        inner = data.draw(st.sampled_from([each for each in (value, value.get("event_info")) if each]))
        member = data.draw(st.sampled_from(sorted(inner.keys() - {"event_type", "occurred_at"})))
        inner[member] = data.draw(JSON)
        try:
            CODEC.decode(CODEC.read(delivered(attrs.evolve(message, value=json.dumps(value).encode()))))
        except ValidationError:
            return
        validator(name).validate(value)

    check()


@pytest.mark.parametrize(
    ("member", "wrong"),
    [
        ("received_time", "2026-03-01T12:30:15Z"),
        ("received_time", None),
        ("deadline", "14 March"),
        ("deadline", "2026-02-30"),
        ("mail_type", "REPLY"),
        ("decision_status", "COMMENT"),
        ("keywords", "hull"),
        ("keywords", [1]),
        ("is_reply", 0),
        ("subject", 1),
    ],
)
def test_what_we_do_not_read_does_not_fit(member: str, wrong: object) -> None:
    value = value_of(CODEC.encode(EXAMPLES["email.received"][0]))
    value["event_info"][member] = wrong
    with pytest.raises(Unfit):
        validator("email.received").validate(value)


def test_every_member_has_a_meaning_and_no_other_has_one() -> None:
    own = {name for schema in schemas().values() for name in schema["properties"]}
    assert set(MEANINGS) == own
    assert list(INFO_MEANINGS) == [field.name for field in attrs.fields(EmailInfo)]


def test_the_page_about_events_tells_of_every_member_what_the_schema_does() -> None:
    page = (DOCS / "events.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    told = {row[0].strip("`"): row[-1] for row in rows}
    assert {name: told.get(name) for name in INFO_MEANINGS} == dict(INFO_MEANINGS)
    assert all(f"`{name}`" in page for name in TYPES.values())


def official() -> Draft7Validator:
    return Draft7Validator(json.loads(gzip.decompress(OFFICIAL.read_bytes())))


def test_the_asyncapi_document_is_one() -> None:
    official().validate(DOCUMENT)


SPOILED: list[Callable[[Any], object]] = [
    lambda document: document.update(asyncapi="9.0.0"),
    lambda document: document["info"].pop("version"),
    lambda document: document["channels"]["mail"].update(address=1),
    lambda document: document["operations"]["tellOfMail"].update(action="publish"),
    lambda document: document["operations"]["tellOfMail"].pop("channel"),
    lambda document: document["components"]["messages"]["mail.moved"].update(unknown=1),
    lambda document: document["components"]["messages"]["mail.moved"]["payload"].update(type="thing"),
]


@pytest.mark.parametrize("spoil", SPOILED)
def test_a_document_that_is_none_would_be_noticed(spoil: Callable[[Any], object]) -> None:
    document = copy.deepcopy(DOCUMENT)
    spoil(document)
    with pytest.raises(Unfit):
        official().validate(document)


def references(part: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(part, dict):
        found = part.get("$ref")
        if isinstance(found, str):
            yield found
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from references(inner)


def test_all_references_lead_somewhere() -> None:
    found = list(references(DOCUMENT))
    assert len(found) == 2 * len(EXAMPLES) + 2
    for reference in found:
        part = DOCUMENT
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
        assert part


def test_every_type_is_told_in_the_topic_where_it_is_published_with_the_schema_that_stands_alone() -> None:
    told = {
        name: (channel["address"], DOCUMENT["components"]["messages"][name]["payload"])
        for channel in DOCUMENT["channels"].values()
        for name in channel["messages"]
    }
    assert told == {
        name: (CODEC.encode(event).topic, {key: item for key, item in schemas()[name].items() if key[0] != "$"})
        for name, (event, _) in EXAMPLES.items()
    }
