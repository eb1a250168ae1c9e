"""A simulator in a process of its own does what it is told, and ends when its leader does."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

PATIENCE = 60


@attrs.frozen
class Led:
    process: "subprocess.Popen[str]"

    def hear(self) -> Any:  # noqa: ANN401 - JSON
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def wish(self, **wish: object) -> Any:  # noqa: ANN401 - JSON
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(wish) + "\n")
        self.process.stdin.flush()
        return self.hear()


@contextmanager
def led(directory: Path, mails: int = 20) -> Iterator[Led]:
    orders = {"directory": str(directory), "mails": mails, "seed": 3, "users": 2, "token_lifetime": 5}
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "modules.simulator.led", json.dumps(orders)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Led(process)
        finally:
            process.kill()


def test_it_tells_where_it_is_and_what_is_in_its_mailboxes_and_obeys(tmp_path: Path) -> None:
    with led(tmp_path) as simulator:
        opening = simulator.hear()
        known = json.loads((tmp_path / "known.json").read_text(encoding="utf-8"))
        assert opening["http_url"].startswith("http://127.0.0.1:")
        assert len(opening["people"]) == len(list((tmp_path / "accounts").iterdir())) == 2
        assert str(tmp_path / "known.json") in opening["files"]
        assert opening["chairs"]
        assert {each["mailbox"] for each in known} == {each["upn"] for each in opening["people"]}
        assert len({each["id"] for each in known}) == len(known) == 40
        assert all(each["within"][-1] == "msgfolderroot" and each["truth"]["kind"] for each in known)
        assert (tmp_path / "known.json").stat().st_mode & 0o077 == 0
        assert simulator.wish(token_lifetime=60) == simulator.wish(live=60_000) == {}
        assert simulator.wish(issued=True) == {"refreshes": 0, "requests": 0, "tokens": []}


def test_it_ends_when_nobody_leads_it_any_more_whatever_it_is_doing(tmp_path: Path) -> None:
    with led(tmp_path, mails=20_000) as simulator:
        assert simulator.process.stdin is not None
        simulator.process.stdin.close()
        assert simulator.process.wait(PATIENCE) == 0


def test_it_ends_with_an_error_if_a_wish_is_none(tmp_path: Path) -> None:
    with led(tmp_path) as simulator:
        simulator.hear()
        assert simulator.process.stdin is not None
        simulator.process.stdin.write('{"nonsense": 1}\n')
        simulator.process.stdin.flush()
        assert simulator.process.wait(PATIENCE) == 1
