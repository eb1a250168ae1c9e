"""`account enroll`, `account check` and `doctor` ask Entra ID, and say what to do where it does not answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.modules.account.files import PREDECESSOR, with_line, write
from tests.modules.iacsgraph.shell import Shell, said, wait_until

CLOSED = "http://127.0.0.1:1"
"""Nobody listens there."""


def azure_lines(shell: Shell, code: int) -> list[dict[str, Any]]:
    """Return the doctor's lines about Azure."""
    done = shell.call("doctor", "--json")
    assert done.code == code, done.said
    assert "canary" not in done.said
    return [line for line in done.document if line["check"] == "azure"]


def test_where_azure_does_not_answer_accounts_are_enrolled_and_it_is_said_what_to_do(house: Shell, files: Path) -> None:
    """Two accounts share an application."""
    write(files, kim=PREDECESSOR, lee=PREDECESSOR.replace("kimghw@", "lee@"))
    away = house.having(IDENTITY_PROVIDER="azure", AZURE_AUTHORITY=CLOSED, AZURE_GRAPH_URL=CLOSED)
    done = away.call("account", "enroll", "--json")
    assert (done.code, [each["result"] for each in done.document["files"]]) == (0, ["enrolled", "enrolled"])
    (finding,) = done.document["findings"]
    assert (finding["level"], finding["finding"]) == ("unknown", "TENANT_UNREACHABLE")
    assert finding["user_ids"] == ["kim", "lee"]
    assert "iacsgraph account check" in finding["remedy"]
    lines = azure_lines(away, 0)
    assert {line["outcome"] for line in lines} == {"unknown"}
    assert all("iacsgraph account check" in line["remedy"] for line in lines)
    for name in ("application global-app (global)", "application 11111111-2222-3333-4444-555555555555 of kim, lee"):
        assert any(name in line["detail"] for line in lines)


def test_what_was_enrolled_is_told_although_azure_cannot_be_asked(house: Shell, files: Path) -> None:
    write(files, kim=PREDECESSOR)
    done = house.having(IDENTITY_PROVIDER="azure", AZURE_CA_FILE="nowhere.pem").call("account", "enroll", "--json")
    assert (done.code, [each["result"] for each in done.document["files"]]) == (1, ["enrolled"])
    (finding,) = done.document["findings"]
    assert (finding["level"], finding["finding"], finding["user_ids"]) == ("fault", "CA_FILE_UNREADABLE", ["kim"])


def test_an_account_that_is_unknown_keeps_no_other_from_being_checked(house: Shell, files: Path) -> None:
    write(files, kim=PREDECESSOR)
    house.call("account", "enroll")
    done = house.call("account", "check", "nobody", "kim", "--json")
    assert (done.code, [each["user_ids"] for each in done.document]) == (6, [["kim"]])
    assert "There is no account 'nobody'" in done.err


@pytest.fixture
def entra(house: Shell, files: Path) -> Iterator[Shell]:
    """A shell beside a simulated Entra ID, whose settings and enrolment files it has."""
    settings = house.directory / ".env.simulator"
    with house.start("simulator", "--port", "0", "--write", ".") as simulator:
        wait_until(lambda: "Ctrl-C" in said(simulator.out) or simulator.process.poll() is not None)
        settings.rename(house.directory / ".env")
        (house.directory / "accounts").rename(files / "accounts")
        variables = {name: value for name, value in house.variables.items() if not name.startswith(("AZURE", "IDENT"))}
        yield Shell(house.directory, {**variables, "ENROLLMENT_DIRECTORY": str(files / "accounts")})


def test_what_entra_says_of_each_application_is_told_once(entra: Shell, files: Path) -> None:
    done = entra.call("account", "enroll", "--json")
    assert (done.code, done.document["findings"]) == (0, [])
    checked = entra.call("account", "check", "--json").document
    assert {each["level"] for each in checked} == {"ok"}
    assert sorted({tuple(each["user_ids"]) for each in checked}) == [("anna.berg",), ("kim.jiwon", "park.minseo")]
    assert [line["outcome"] for line in azure_lines(entra, 0)] == ["ok"]
    write(
        files,
        bad=with_line(8, "  client_secret: canary").replace("66666666-7777-8888-9999-000000000000", "nowhere.example"),
    )
    done = entra.call("account", "enroll", str(files / "bad.yaml"), "--json")
    (finding,) = done.document["findings"]
    assert (done.code, finding["level"], finding["finding"]) == (1, "fault", "TENANT_UNKNOWN")
    done = entra.having(AZURE_CLIENT_SECRET="canary-wrong").call("account", "check", "bad", "kim.jiwon")
    assert done.code == 1
    assert "canary" not in done.said
    lines = azure_lines(entra.having(AZURE_CLIENT_SECRET="canary-wrong"), 1)
    assert sorted(line["outcome"] for line in lines) == ["FAIL", "FAIL", "ok"]
