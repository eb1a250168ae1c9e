"""`keys`: making, counting and rotating encryption keys."""

import asyncio
from pathlib import Path

import pytest

from adapters.fernet.cipher import FernetCipher, key_id
from modules.admin.compose import compose
from modules.admin.settings import KeyToolSettings
from modules.runtime.settings import DatabaseSettings, EncryptionSettings
from tests.modules.auth.seeds import EACH, LOST, NEW, OLD, fingerprints, rows, seed, vandalise
from tests.modules.iacsgraph.shell import Shell, run_together

SECRETS = 2 * EACH
CIPHERTEXTS = (
    "SELECT access_token, refresh_token, client_secret FROM tokens JOIN accounts USING (account_id) ORDER BY user_id"
)


def status(shell: Shell) -> dict[str, tuple[int, int | None, bool]]:
    """Return, for each key, its secrets, its position and whether it is the one to write with."""
    lines = shell.call("keys", "status", "--json").document
    return {line["key_id"]: (line["secrets"], line["position"], line["primary"]) for line in lines}


def begin_to_rotate(database: Path, *keys: str) -> int:
    """Rotate two batches of two secrets and stop, as a rotation that is killed does; return how many were moved."""
    settings = KeyToolSettings(database=DatabaseSettings(path=database), encryption=EncryptionSettings(keys=keys))

    async def work() -> int:
        async with compose(settings) as opened:
            steps = opened.rotation.rotate(batch=2)
            for _ in range(2):
                await anext(steps)
            return (await anext(steps)).moved

    return asyncio.run(work())


def test_generate_prints_one_new_key_and_needs_no_settings(shell: Shell) -> None:
    wrong = shell.having(ENCRYPTION_KEY="garbage", DATABASE_PATH="/dev/null/x", LOG_LEVEL="loud")
    done = wrong.run("keys", "generate")
    assert (done.code, done.err) == (0, "")
    keys = [done.out, *(wrong.call("keys", "generate").out for _ in range(3))]
    assert len(FernetCipher([key.removesuffix("\n") for key in keys]).key_ids) == 4
    assert list(shell.directory.iterdir()) == []


def test_status_counts_the_secrets_of_each_key_in_their_order(house: Shell) -> None:
    assert status(house.having(ENCRYPTION_KEY=f"{OLD},{NEW}")) == {
        key_id(OLD): (SECRETS, 1, True),
        key_id(NEW): (0, 2, False),
    }


def test_status_shows_a_key_that_is_missing_with_what_is_under_it(house: Shell) -> None:
    assert status(house.having(ENCRYPTION_KEY=NEW)) == {
        key_id(NEW): (0, 1, False),
        key_id(OLD): (SECRETS, None, True),
    }


def test_status_is_a_table_for_people(house: Shell) -> None:
    done = house.run("keys", "status")
    assert (done.code, done.err) == (0, "")
    assert [line.split() for line in done.out.splitlines()] == [
        ["key_id", "secrets", "position", "primary"],
        [key_id(OLD), str(SECRETS), "1", "yes"],
    ]


def test_a_rotation_moves_every_secret_and_proves_that_none_remains(house: Shell, database: Path) -> None:
    rotating = house.having(ENCRYPTION_KEY=f"{NEW},{OLD}")
    done = rotating.run("keys", "rotate")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{SECRETS} secrets moved to key {key_id(NEW)}; 0 remain under old keys.\n"
    assert status(rotating)[key_id(OLD)] == (0, 2, False)
    assert all(text.startswith(f"{key_id(NEW)}:") for row in rows(database, CIPHERTEXTS) for text in row)
    assert house.having(ENCRYPTION_KEY=NEW).call("doctor").code == 0, "the old key can be dropped"


def test_a_second_rotation_finds_nothing_to_do(house: Shell) -> None:
    rotating = house.having(ENCRYPTION_KEY=f"{NEW},{OLD}")
    reports = [rotating.call("keys", "rotate", "--json") for _ in range(2)]
    assert [report.document for report in reports] == [
        {"key_id": key_id(NEW), "moved": moved, "remaining": 0} for moved in (SECRETS, 0)
    ]
    assert [(report.code, report.err) for report in reports] == [(0, "")] * 2


def test_a_rotation_that_was_cut_short_is_finished_by_a_second_run(house: Shell, database: Path) -> None:
    assert begin_to_rotate(database, NEW, OLD) == 4
    rotating = house.having(ENCRYPTION_KEY=f"{NEW},{OLD}")
    assert status(rotating) == {key_id(NEW): (4, 1, True), key_id(OLD): (SECRETS - 4, 2, False)}
    assert rotating.call("doctor").code == 0, "everything opens in between"
    report = rotating.run("keys", "rotate", "--json").document
    assert report == {"key_id": key_id(NEW), "moved": SECRETS - 4, "remaining": 0}


def test_two_rotations_at_once_do_no_harm(house: Shell, database: Path) -> None:
    seed(database, *(f"user{number}" for number in range(20)))
    rotating = house.having(ENCRYPTION_KEY=f"{NEW},{OLD}")
    first, second = rotating.run_each(*[["keys", "rotate", "--json"]] * 2)
    assert (first.code, second.code) == (0, 0), first.said + second.said
    assert first.document["remaining"] == second.document["remaining"] == 0
    assert house.having(ENCRYPTION_KEY=NEW).call("doctor").code == 0


def test_secrets_under_an_unknown_key_are_refused_by_its_name_left_as_they_are_and_all_others_moved(
    house: Shell, database: Path
) -> None:
    vandalise(database, "DELETE FROM encryption")
    seed(database, "eve", keys=(LOST,))
    vandalise(database, f"UPDATE encryption SET primary_key = '{key_id(OLD)}'")
    before = rows(database, CIPHERTEXTS)
    done = house.having(ENCRYPTION_KEY=f"{NEW},{OLD}").run("keys", "rotate")
    after = rows(database, CIPHERTEXTS)
    assert (done.code, done.out) == (13, "")
    assert f"error: {EACH} secrets remain under old keys. A secret was encrypted with key {key_id(LOST)}" in done.err
    assert "[ROTATION_INCOMPLETE]" in done.err
    assert after[-1] == before[-1]
    assert all(text.startswith(f"{key_id(NEW)}:") for row in after[:-1] for text in row)
    rescued = house.having(ENCRYPTION_KEY=f"{NEW},{LOST}").call("keys", "rotate", "--json")
    assert rescued.document == {"key_id": key_id(NEW), "moved": EACH, "remaining": 0}


def test_without_any_key_that_opens_a_secret_nothing_is_lost(house: Shell, database: Path) -> None:
    before = rows(database, CIPHERTEXTS)
    done = house.having(ENCRYPTION_KEY=LOST).call("keys", "rotate", "--json")
    assert (done.code, done.out) == (13, "")
    assert key_id(OLD) in done.error["message"]
    assert rows(database, CIPHERTEXTS) == before
    assert rows(database, "SELECT primary_key FROM encryption") == [(key_id(OLD),)]
    assert house.call("doctor").code == 0


@pytest.mark.parametrize("command", ["status", "rotate"])
def test_missing_settings_are_all_named_in_one_message(shell: Shell, command: str) -> None:
    text, document = run_together((shell, ["keys", command]), (shell, ["keys", command, "--json"]))
    assert (text.code, text.out, document.code, document.out) == (3, "", 3, "")
    for variable in ("DATABASE_PATH", "ENCRYPTION_KEY"):
        assert f"  {variable} is not set (" in text.err
    assert [fault["variable"] for fault in document.error["details"]["faults"]] == ["DATABASE_PATH", "ENCRYPTION_KEY"]
    assert document.error["error_code"] == "CONFIGURATION_ERROR"


@pytest.mark.parametrize("command", ["status", "rotate"])
def test_a_wrong_key_stops_the_command_before_anything_is_touched(house: Shell, command: str) -> None:
    before = fingerprints(house.directory)
    done = house.having(ENCRYPTION_KEY=f"{OLD},garbage").call("keys", command)
    assert (done.code, done.out) == (3, "")
    assert "ENCRYPTION_KEY (environment) key 2 is not a Fernet key" in done.err
    assert OLD not in done.err
    assert fingerprints(house.directory) == before
