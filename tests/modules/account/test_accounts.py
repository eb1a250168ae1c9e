"""`account list`, `show`, `audit`, `rename` and the verbs: where accounts stand, who must act, who did what."""

import pwd
from datetime import timedelta
from pathlib import Path

import pytest

from modules.runtime.actor import operator
from tests.modules.account.files import DATABASE
from tests.modules.auth.seeds import LOST, OLD, canaries, fingerprints, seed, vandalise
from tests.modules.iacsgraph.shell import Done, Shell

USERS = ("ann", "bob", "cid")


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a database where three accounts are signed in, Ann and Bob for good."""
    database = tmp_path_factory.mktemp("seeded") / DATABASE
    seed(database, *USERS, age=timedelta(0))
    vandalise(
        database,
        "UPDATE accounts SET status = 'REAUTH_REQUIRED', reauth_reason = 'blocked_by_policy',"
        " status_reason = 'blocked_by_policy' WHERE user_id = 'cid'",
        "PRAGMA journal_mode = DELETE",
    )
    return database.read_bytes()


@pytest.fixture
def town(house: Shell, database: Path, seeded: bytes) -> Shell:
    database.write_bytes(seeded)
    return house.having(TIMEZONE="Asia/Seoul")


def ask(shell: Shell, *arguments: str, code: int = 0) -> Done:
    """Run a command, and make sure of the exit code and that nothing that was said holds a secret."""
    done = shell.call("account", *arguments)
    assert done.code == code, done.said
    assert "canary" not in done.said
    return done


def listed(shell: Shell, *arguments: str) -> list[str]:
    return [each["user_id"] for each in ask(shell, "list", "--json", *arguments).document]


def test_a_list_tells_where_each_account_stands_and_who_must_act(town: Shell) -> None:
    ask(town, "lock", "ann", "--reason", "a reason")
    ann, bob, cid = ask(town, "list", "--json").document
    assert (ann["status"], ann["reason"], ann["who"], ann["act"]) == ("LOCKED", "a reason", "operator", "unlock it")
    assert (bob["status"], bob["who"], bob["act"], bob["application"]) == ("ACTIVE", None, None, "app-of-bob")
    assert (cid["status"], cid["who"]) == ("REAUTH_REQUIRED", "administrator")
    assert cid["act"] == "allow the sign-in in the organisation's policies"
    assert ann["since"].endswith("+00:00")
    assert "+09:00" in ask(town, "list").out, "people read their own zone"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), ["ann", "bob", "cid"]),
        (("--status", "active"), ["bob"]),
        (("--status", "LOCKED"), ["ann"]),
        (("--needing",), ["cid"]),
        (("--needing", "--status", "ACTIVE"), []),
    ],
)
def test_a_list_may_be_of_a_status_or_of_those_who_need_somebody(
    town: Shell, options: tuple[str, ...], expected: list[str]
) -> None:
    ask(town, "lock", "ann")
    assert listed(town, *options) == expected


def test_an_empty_list_says_so_to_people_and_is_empty_for_programs(town: Shell) -> None:
    done = ask(town, "list", "--status", "INACTIVE")
    assert (done.out, done.err) == ("", "No account.\n")
    assert listed(town, "--status", "INACTIVE") == []


def test_show_tells_everything_but_secrets(town: Shell) -> None:
    facts = ask(town, "show", "ANN", "--json").document
    assert {name: facts[name] for name in ("user_id", "email", "status", "reauth_reason")} == {
        "user_id": "ann",
        "email": "ann@office.example",
        "status": "ACTIVE",
        "reauth_reason": None,
    }
    assert facts["oauth"] == {
        "is_global": False,
        "client_id": "app-of-ann",
        "tenant_id": "tenant",
        "flow": "authorization_code",
        "redirect_uri": None,
        "scopes": [],
        "credentials": 1,
    }
    assert facts["token_state"]["expires_at"] > facts["created_at"]
    text = ask(town, "show", "ann").out
    for part in ("oauth.client_id", "app-of-ann", "token_state.expires_at", "+09:00"):
        assert part in text


def test_show_tells_the_global_application_of_an_account_that_has_none_of_its_own(town: Shell, database: Path) -> None:
    vandalise(database, "UPDATE accounts SET client_id = NULL, client_secret = NULL WHERE user_id = 'bob'")
    oauth = ask(town, "show", "bob", "--json").document["oauth"]
    assert (oauth["is_global"], oauth["client_id"], oauth["credentials"]) == (True, "global-app", 1)
    assert ask(town.having(AZURE_CLIENT_ID=""), "show", "bob", "--json").document["oauth"] is None


def test_show_works_where_no_secret_opens(town: Shell) -> None:
    facts = ask(town.having(ENCRYPTION_KEY=LOST), "show", "ann", "--json").document
    assert (facts["oauth"]["credentials"], facts["token_state"]["state"]) == (None, "unreadable")


def test_a_check_is_of_accounts_in_use_or_of_those_named_and_tells_whose_secrets_do_not_open(town: Shell) -> None:
    ask(town, "deactivate", "bob")
    found = ask(town.having(ENCRYPTION_KEY=LOST), "check", "--json", code=1).document
    unopened = [each["user_ids"] for each in found if each["finding"] == "SECRETS_DO_NOT_OPEN"]
    assert unopened == [["ann"], ["cid"]]
    assert [each["user_ids"] for each in found if each["client_id"] == "global-app"] == [[]]
    assert {each["client_id"] for each in ask(town, "check", "bob", "--json", code=1).document} == {"app-of-bob"}


def test_where_there_is_no_application_there_is_nothing_to_check(house: Shell) -> None:
    assert house.call("db", "migrate").code == 0
    done = ask(house.having(AZURE_CLIENT_ID=""), "check")
    assert (done.out, done.err) == ("", "No application to ask about.\n")


def test_each_verb_changes_the_status_and_is_in_the_audit_trail_with_who_did_it_and_why(town: Shell) -> None:
    expected = (("lock", "LOCKED"), ("unlock", "ACTIVE"), ("deactivate", "INACTIVE"), ("activate", "ACTIVE"))
    for verb, status in expected:
        (line,) = ask(town, verb, "ann", "--reason", f"to {verb}", "--json").document
        assert (line["user_id"], line["status"], line["reason"]) == ("ann", status, f"to {verb}")
    trail = ask(town, "audit", "ann", "--json").document
    assert [entry["action"] for entry in trail[-4:]] == ["locked", "unlocked", "deactivated", "activated"]
    assert {entry["actor"] for entry in trail[-4:]} == {operator()}
    assert [entry["reason"] for entry in trail[-4:]] == [f"to {verb}" for verb, _ in expected]
    assert ask(town, "audit", "ann", "--limit", "1", "--json").document == trail[-1:]
    assert "status INACTIVE -> ACTIVE" in ask(town, "audit", "ann", "--limit", "1").out


def test_one_that_fails_stops_no_other_and_the_first_failure_is_the_exit_code(town: Shell) -> None:
    done = ask(town, "lock", "bob", "nobody", "ann", "bob", code=6)
    assert listed(town, "--status", "LOCKED") == ["ann", "bob"]
    assert "[ACCOUNT_UNKNOWN]" in done.err
    done = ask(town, "unlock", "cid", "nobody", "ann", "--json", code=10)
    assert [each["user_id"] for each in done.document] == ["ann"]
    assert "ILLEGAL_TRANSITION" in done.err
    assert ask(town, "unlock", "cid", "--json", code=10).document == []
    assert ask(town, "lock", "cid", "--reason", " ", code=9).out == ""


def test_unlocking_leads_back_to_where_the_grant_stands(town: Shell) -> None:
    ask(town, "lock", "cid")
    assert ask(town, "list", "--status", "LOCKED", "--json").document[0]["act"].startswith("unlock it, then its ")
    assert ask(town, "unlock", "cid", "--json").document[0]["status"] == "REAUTH_REQUIRED"


def test_an_account_may_be_renamed_but_not_to_a_name_that_is_taken(town: Shell) -> None:
    assert ask(town, "rename", "ann", "anna", "--json").document[0]["user_id"] == "anna"
    assert "[USER_ID_TAKEN]" in ask(town, "rename", "anna", "BOB", code=7).err
    assert listed(town) == ["anna", "bob", "cid"]


@pytest.mark.parametrize("command", [["list"], ["show", "ann"], ["audit", "ann"], ["check"]])
def test_looking_writes_nothing_and_makes_no_database(town: Shell, database: Path, command: list[str]) -> None:
    before = fingerprints(town.directory)
    ask(town, *command, "--json", code=int(command == ["check"]))
    assert fingerprints(town.directory) == before
    database.unlink()
    assert "[DATABASE_MISSING]" in ask(town, *command, code=11).err
    assert not database.exists()


def test_an_unknown_account_is_told_with_what_to_do(town: Shell) -> None:
    for command in ("show", "audit", "check"):
        done = ask(town, command, "nobody", "--json", code=6)
        assert done.error["remedy"] == "see: iacsgraph account list"


def test_the_operator_is_who_the_system_says_whatever_the_environment_does(
    town: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(town.having(USER="mallory", LOGNAME="mallory"), "lock", "ann")
    assert ask(town, "audit", "ann", "--json").document[-1]["actor"] == operator()
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    assert operator().removeprefix("cli:").isdigit()


def test_in_a_process_of_its_own_it_is_the_same(town: Shell) -> None:
    done = town.run("account", "list")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[1].split()[0] == "ann"


def test_keys_of_the_seeds_are_those_of_the_house(town: Shell) -> None:
    """Else the tests above would look for secrets that are not there."""
    assert town.variables["ENCRYPTION_KEY"] == OLD
    assert all("canary" in secret for user in USERS for secret in canaries(user))


@pytest.mark.parametrize("name", ["a/b", "..\\up", "../up", ".hidden", "-option"])
def test_a_user_id_that_no_enrolment_file_can_have_is_refused(town: Shell, name: str) -> None:
    done = town.call("account", "rename", "ann", "--", name)
    assert done.code == 9
    assert "[USER_ID_UNFIT]" in done.err
    assert town.call("account", "show", "ann").code == 0
