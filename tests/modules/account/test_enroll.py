"""`account enroll`: what the files say is stored, a bad file stops no other, and the same again changes nothing."""

from pathlib import Path

import pytest

from tests.modules.account.files import CANARY, PREDECESSOR, simple, with_line, without, write
from tests.modules.auth.seeds import NEW, OLD, fingerprints, rows
from tests.modules.iacsgraph.shell import Done, Shell


def enroll(shell: Shell, *arguments: str, code: int = 0) -> Done:
    """Enrol, and make sure of the exit code and that nothing that was said holds a secret."""
    done = shell.call("account", "enroll", *arguments)
    assert done.code == code, done.said
    assert "canary" not in done.said
    return done


def results(shell: Shell, *arguments: str, code: int = 0) -> dict[str, str]:
    """Return what became of each file, or of each account that none names."""
    report = enroll(shell, *arguments, "--json", code=code).document
    return {Path(each["file"]).name if each["file"] else each["user_id"]: each["result"] for each in report["files"]}


def count(database: Path) -> list[tuple[int, int, int]]:
    """Return how much was ever written of accounts, audit entries and events."""
    sql = "SELECT (SELECT sum(version) FROM accounts), (SELECT count(*) FROM audit), (SELECT count(*) FROM outbox)"
    return rows(database, sql)


def statuses(shell: Shell) -> dict[str, str]:
    return {each["user_id"]: each["status"] for each in shell.call("account", "list", "--json").document}


def test_a_file_of_the_previous_system_becomes_an_account_and_the_same_again_writes_nothing(
    house: Shell, files: Path, database: Path
) -> None:
    write(files, kimghw=PREDECESSOR, lee=simple("lee@a.example"), **{"park@a.example": simple("park@a.example")})
    assert set(results(house).values()) == {"enrolled"}
    assert statuses(house) == dict.fromkeys(["kimghw", "lee", "park"], "REAUTH_REQUIRED")
    before = count(database)
    assert set(results(house).values()) == {"unchanged"}
    assert count(database) == before
    assert CANARY.encode() not in b"".join(path.read_bytes() for path in house.directory.glob("*.db*"))


def test_a_person_reads_a_row_per_file_and_every_fault_with_its_file_and_line(house: Shell, files: Path) -> None:
    write(
        files,
        bad=simple("kim", "5") + f"extra: {CANARY}\n",
        good=PREDECESSOR,
        idle=simple("idle@a.example") + without(1, 10),
    )
    done = enroll(house.having(AZURE_CLIENT_ID=""), code=9)
    table, remarks, findings = (block.splitlines() for block in done.out.split("\n\n"))
    assert table == [
        "file                  user_id  result    status",
        "enrollment/bad.yaml   -        faulty    -",
        "enrollment/good.yaml  good     enrolled  REAUTH_REQUIRED",
        "enrollment/idle.yaml  idle     enrolled  REAUTH_REQUIRED",
    ]
    assert remarks[:-1] == [
        "enrollment/bad.yaml:2: account.email is not an e-mail address",
        "enrollment/bad.yaml:3: account.name must be text (put it in quotes)",
        "enrollment/bad.yaml:4: extra is not known here",
    ]
    assert remarks[-1].startswith("enrollment/idle.yaml: oauth has no effect here")
    assert findings[0].split() == ["application", "tenant", "accounts", "level", "finding", "remedy"]
    assert findings[1].split()[:4] == ["none", "-", "idle", "fault"]
    assert len(findings) == 2


def test_a_change_names_the_fields_and_the_audit_trail_who_did_it_without_secrets(house: Shell, files: Path) -> None:
    write(files, kim=PREDECESSOR)
    enroll(house)
    write(files, kim=with_line(8, "  client_secret: [canary-new, canary-old]").replace("김기환", "Kim"))
    report = enroll(house, "--json").document
    assert report["files"][0]["fields"] == ["name", "application.client_secrets"]
    assert "updated: name, application.client_secrets" not in enroll(house).out, "it is up to date now"
    done = house.call("account", "audit", "kim", "--json")
    entry = done.document[-1]
    assert (entry["action"], entry["actor"].split(":")[0]) == ("updated", "cli")
    assert entry["changes"] == [
        {"field": "name", "old": "김기환", "new": "Kim"},
        {"field": "application.client_secrets", "old": "***", "new": "***"},
    ]
    assert "canary" not in done.said


def test_a_check_says_what_would_be_done_and_writes_nothing(house: Shell, files: Path, database: Path) -> None:
    write(files, kim=PREDECESSOR)
    assert results(house, "--check") == {"kim.yaml": "to be enrolled"}
    assert not database.exists()
    enroll(house)
    write(files, kim=with_line(4, "  name: Kim"), lee=simple("lee@a.example"), bad="x")
    before = fingerprints(house.directory)
    assert results(house, "--check", code=9) == {
        "kim.yaml": "to be updated",
        "lee.yaml": "to be enrolled",
        "bad.yaml": "faulty",
    }
    assert "Nothing was written." in enroll(house, "--check", code=9).out
    assert fingerprints(house.directory) == before


def test_files_and_directories_may_be_named_and_the_setting_names_the_default(house: Shell, files: Path) -> None:
    write(files, kim=PREDECESSOR)
    other = house.directory / "other"
    other.mkdir()
    write(other, lee=simple("lee@a.example"), park=simple("park@a.example"))
    assert results(house, "other/lee.yaml", str(files)) == {"lee.yaml": "enrolled", "kim.yaml": "enrolled"}
    shell = house.having(ENROLLMENT_DIRECTORY="other")
    assert results(shell) == {"lee.yaml": "unchanged", "park.yaml": "enrolled", "kim": "not named"}


@pytest.mark.parametrize("path", ["nowhere", "nowhere.yaml", "empty"])
def test_what_is_not_there_is_an_error_before_anything_is_done(house: Shell, files: Path, path: str) -> None:
    write(files, kim=PREDECESSOR)
    (house.directory / "empty").mkdir()
    assert enroll(house, str(files), path, code=6).out == ""
    assert house.call("account", "list", "--json").document == []


def test_who_is_named_twice_is_a_fault_of_the_second_file_that_names_the_first(house: Shell, files: Path) -> None:
    write(
        files,
        a=simple("kim@a.example", "Kim", "user_id: kim"),
        b=simple("kim@b.example", "Kim", "user_id: KIM"),
        c=simple("KIM@a.example", "Kim", "user_id: other"),
    )
    out = enroll(house, code=9).out
    assert "enrollment/b.yaml:4: User id 'KIM' is that of enrollment/a.yaml already." in out
    assert "enrollment/c.yaml:2: Address KIM@a.example is that of enrollment/a.yaml already." in out
    assert [*statuses(house)] == ["kim"]


def test_a_renamed_file_is_refused_with_what_to_do_and_pruning_spares_its_account(house: Shell, files: Path) -> None:
    write(files, kim=PREDECESSOR)
    enroll(house)
    (files / "kim.yaml").rename(files / "kimghw.yaml")
    out = enroll(house, "--prune", code=9).out
    assert "enrollment/kimghw.yaml:3: Address kimghw@office.example is enrolled under user id 'kim'" in out
    assert "iacsgraph account rename kim kimghw" in out
    assert statuses(house) == {"kim": "REAUTH_REQUIRED"}
    assert house.call("account", "rename", "kim", "kimghw").code == 0
    assert results(house, "--prune") == {"kimghw.yaml": "unchanged"}
    assert [*statuses(house)] == ["kimghw"]


def test_whom_no_file_names_is_reported_and_deactivated_only_with_prune(
    house: Shell, files: Path, database: Path
) -> None:
    write(files, **{name: simple(f"{name}@a.example") for name in ("kim", "lee", "park", "choi")})
    enroll(house)
    for verb, user in (("lock", "lee"), ("deactivate", "park")):
        assert house.call("account", verb, user).code == 0
    for name in ("kim", "lee", "park"):
        (files / f"{name}.yaml").unlink()
    expected = {"choi.yaml": "unchanged", "kim": "not named", "lee": "not named"}
    assert results(house) == expected
    assert results(house, "--prune", "--check") == expected
    assert results(house, str(files / "choi.yaml")) == {"choi.yaml": "unchanged"}, "a file does not tell of the others"
    before = count(database)
    assert results(house, "--prune") == expected | {"kim": "deactivated"}
    assert statuses(house) == {"choi": "REAUTH_REQUIRED", "kim": "INACTIVE", "lee": "LOCKED", "park": "INACTIVE"}
    assert count(database) != before
    assert results(house, "--prune") == {"choi.yaml": "unchanged", "lee": "not named"}


def test_a_faulty_file_keeps_everybody_from_being_pruned_and_its_own_account_is_not_reported(
    house: Shell, files: Path
) -> None:
    write(files, kim=simple("kim@a.example"), lee=simple("lee@a.example"), park=simple("park@a.example"))
    enroll(house)
    write(files, kim="oops")
    (files / "lee.yaml").rename(files / "other.yaml")
    write(files, other=simple("lee@a.example", "5"))
    (files / "park.yaml").unlink()
    report = enroll(house, "--prune", "--json", code=9).document["files"]
    assert {each["user_id"]: each["notes"] for each in report if each["file"] is None} == {
        "park": ["not deactivated while a file is faulty"]
    }
    assert set(statuses(house).values()) == {"REAUTH_REQUIRED"}


def test_a_file_does_not_take_an_inactive_or_locked_account_into_use(house: Shell, files: Path) -> None:
    write(files, kim=simple("kim@a.example"), lee=simple("lee@a.example"))
    enroll(house)
    assert house.call("account", "deactivate", "kim").code == house.call("account", "lock", "lee").code == 0
    write(files, kim=simple("kim@a.example", "New"), lee=simple("lee@a.example", "New"))
    assert set(results(house).values()) == {"updated"}
    out = enroll(house).out
    assert "enrollment/kim.yaml: the account stays INACTIVE" in out
    assert "enrollment/lee.yaml: the account stays LOCKED" in out
    assert statuses(house) == {"kim": "INACTIVE", "lee": "LOCKED"}


def test_wrong_usage_is_told_as_such(house: Shell, files: Path) -> None:
    write(files, kim=PREDECESSOR)
    assert "--prune needs a directory" in enroll(house, "--prune", "enrollment/kim.yaml", code=2).err
    assert "--preflight does not go" in enroll(house, "--check", "--preflight", code=2).err


def test_a_process_with_an_old_key_stops_at_the_first_file_with_a_secret(house: Shell, files: Path) -> None:
    write(files, kim=PREDECESSOR)
    enroll(house)
    write(files, lee=PREDECESSOR.replace("kimghw@", "lee@"))
    done = enroll(house.having(ENCRYPTION_KEY=f"{NEW},{OLD}"), code=13)
    assert "[STALE_KEY]" in done.err
    assert [*statuses(house)] == ["kim"]


def test_secrets_that_do_not_open_are_a_fault_of_their_file_alone(house: Shell, files: Path) -> None:
    write(files, kim=PREDECESSOR)
    enroll(house)
    write(files, lee=simple("lee@a.example"))
    assert results(house.having(ENCRYPTION_KEY=NEW), code=9) == {"kim.yaml": "faulty", "lee.yaml": "enrolled"}


@pytest.mark.parametrize(("option", "asked"), [("", 1), ("--preflight", 3), ("--no-preflight", 0)])
def test_the_applications_of_new_and_changed_files_are_looked_at_unless_all_or_none_are_asked_for(
    house: Shell, files: Path, option: str, asked: int
) -> None:
    """Each has a fault: no offline_access. Whoever is named in vain was enrolled before."""
    text = with_line(17, None)
    write(files, **{name: text.replace("kimghw@", f"{name}@").replace("1111-", f"{name}-") for name in ("a", "b")})
    enroll(house, "--no-preflight")
    write(files, c=text)
    report = enroll(house, *filter(None, [option]), "--json", code=int(asked > 0)).document
    assert [(each["level"], each["finding"]) for each in report["findings"]] == [
        ("fault", "OFFLINE_ACCESS_MISSING")
    ] * asked
