"""`events schema`: what events look like, for programs that read them."""

import json
from pathlib import Path

import pytest

from adapters.cloudevents.asyncapi import asyncapi
from adapters.cloudevents.schemas import schemas
from tests.modules.iacsgraph.shell import Shell

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", ["email.received", "email_received", "Email.Received"])
def test_the_schema_of_a_type_is_found_by_its_name(shell: Shell, name: str) -> None:
    assert shell.call("events", "schema", name).document == schemas()["email.received"]


def test_without_a_type_all_types_are_described_together(shell: Shell) -> None:
    assert shell.call("events", "schema").document == asyncapi()


def test_all_documents_are_written_as_they_stand_in_docs_also_where_older_ones_are(shell: Shell) -> None:
    target = shell.directory / "out"
    (target / "schemas").mkdir(parents=True)
    (target / "asyncapi.json").write_text("older")
    done = shell.call("events", "schema", "--write", "out", "--json")
    written = {Path(line["file"]).relative_to("out").as_posix() for line in done.document}
    assert written == {"asyncapi.json", *(f"schemas/{name}.json" for name in schemas())}
    assert all((target / path).read_bytes() == (DOCS / path).read_bytes() for path in written)


def test_it_asks_for_no_setting_and_no_database(shell: Shell) -> None:
    bare = Shell(shell.directory, {})
    assert bare.call("events", "schema", "mail.moved").code == 0
    assert list(shell.directory.iterdir()) == []


def test_an_unknown_type_is_told_which_there_are(shell: Shell) -> None:
    done = shell.call("events", "schema", "mail.burnt", "--json")
    assert (done.code, done.out, done.error["error_code"]) == (6, "", "EVENT_TYPE_UNKNOWN")
    assert "mail.deleted" in done.error["message"]


def test_a_directory_that_cannot_be_written_is_named(shell: Shell) -> None:
    (shell.directory / "schemas").write_text("no directory")
    done = shell.call("events", "schema", "--write", ".")
    assert (done.code, done.out) == (1, "")
    assert "schemas" in done.err
    assert "[FILE_UNWRITABLE]" in done.err


def test_one_type_is_not_written(shell: Shell) -> None:
    done = shell.call("events", "schema", "mail.moved", "--write", ".")
    assert (done.code, list(shell.directory.iterdir())) == (2, [])


def test_a_document_is_the_one_that_programs_get(shell: Shell) -> None:
    """People and programs are shown the same: it is JSON either way."""
    plain, as_json = (
        shell.call("events", "schema", "mail.moved"),
        shell.call("events", "schema", "mail.moved", "--json"),
    )
    assert json.loads(plain.out) == as_json.document
