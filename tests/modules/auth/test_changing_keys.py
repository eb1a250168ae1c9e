"""The documented order of changing keys, with real programs: add the new key second, restart, promote, rotate, drop."""

import signal
from pathlib import Path

from adapters.fernet.cipher import key_id
from tests.modules.auth.seeds import EACH, OLD, seed
from tests.modules.iacsgraph.shell import Shell

BEGUN = "keeping tokens fresh"


def counts(shell: Shell) -> dict[str, int]:
    return {line["key_id"]: line["secrets"] for line in shell.run("keys", "status", "--json").document}


def test_keys_are_changed_in_the_documented_order_while_a_keeper_runs(house: Shell, database: Path) -> None:
    new = house.run("keys", "generate").out.strip()
    added, promoted, dropped = (house.having(ENCRYPTION_KEY=keys) for keys in (f"{OLD},{new}", f"{new},{OLD}", new))
    with house.start("auth", "keep") as keeper:
        keeper.wait_for(BEGUN)
        keeper.stop(signal.SIGTERM)
    with added.start("auth", "keep") as restarted:
        restarted.wait_for(BEGUN)
        assert counts(added) == {key_id(OLD): EACH, key_id(new): 0}
        report = promoted.run("keys", "rotate", "--json").document
        assert report == {"key_id": key_id(new), "moved": EACH, "remaining": 0}
        assert restarted.end().code == 13, "it ends by itself as soon as it would have to write"
    forgotten = added.run("auth", "keep")
    assert forgotten.code == 13
    assert "put the new key first in ENCRYPTION_KEY and restart" in forgotten.err
    seed(database, "bob", keys=(new, OLD))
    assert counts(dropped) == {key_id(new): 2 * EACH}
    with dropped.start("auth", "keep") as keeper:
        keeper.wait_for("token refresh failed")
        keeper.stop(signal.SIGTERM)
    doctor = dropped.run("doctor")
    assert (doctor.code, f"{2 * EACH} stored, all open" in doctor.out) == (0, True)
