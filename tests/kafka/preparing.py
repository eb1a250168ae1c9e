"""Fetch Apache Kafka with Maven, once for each content of the pom and of the configuration.

python3 run.py python -m tests.kafka.preparing

It costs 45 s and 45 MB where Maven has nothing yet. Then follows what makes each start faster: the first metadata of a
cluster, so that no broker must be formatted, and an archive of the loaded classes, which halves the time to start.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from tests.kafka.broker import Broker
from tests.kafka.configuration import CLUSTER, PROTOCOLS, USERS, as_text, scram_arguments, server_properties
from tests.kafka.installation import LIBRARY, POM, Installation, Unavailable, find_installation

_FETCHING_SECONDS = 240  # less than a test may take


def prepare() -> Installation:
    """Return the installation when all of it is there; processes that come at once take turns.

    Raises: Unavailable if this machine has no Java or Maven, or if Maven does not get the jars.
    """
    found = find_installation()
    if found.is_complete and found.archive.exists():
        return found
    with _turn():
        if not found.is_complete:
            _fetch(found)
        if not found.archive.exists():
            _archive(found)
    return found


@contextmanager
def _turn() -> Iterator[None]:
    LIBRARY.mkdir(exist_ok=True)
    descriptor = os.open(LIBRARY / ".turn", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _fetch(found: Installation) -> None:
    with tempfile.TemporaryDirectory(dir=LIBRARY) as scratch:
        new = attrs.evolve(found, directory=Path(scratch) / "jars")
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={new.directory}"]
        _run(["mvn", "--quiet", "--batch-mode", "--file", str(POM), *goal], "Maven cannot fetch Apache Kafka")
        _format(new, Path(scratch))
        for old in LIBRARY.glob("[0-9a-f]" * 16):
            shutil.rmtree(old)
        new.directory.rename(found.directory)


def _format(new: Installation, scratch: Path) -> None:
    settings, data = scratch / "server.properties", scratch / "data"
    ports = {"INTERNAL": 1, "CONTROLLER": 2}  # never listened at
    settings.write_text(as_text(server_properties(data, ports, users={}, certificate=None)))
    tool = ["format", "--cluster-id", CLUSTER, "--config", str(settings), *scram_arguments(USERS)]
    _run(new.command("kafka.tools.StorageTool", *tool), "Kafka's storage tool fails")
    shutil.copy(data / new.checkpoint.name, new.checkpoint)


def _archive(found: Installation) -> None:
    with tempfile.TemporaryDirectory(dir=LIBRARY) as scratch:
        made = Path(scratch) / "classes.jsa"
        broker = Broker(Path(scratch), found, protocols=PROTOCOLS, java_options=(f"-XX:ArchiveClassesAtExit={made}",))
        broker.start()
        broker.wait_until_answering()
        broker.stop()
        broker.close()
        if not made.exists():  # a Java without such archives: an empty one is as good as none
            made.touch()
        made.rename(found.archive)


def _run(command: list[str], failure: str) -> None:
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_FETCHING_SECONDS)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{failure}: not done after {_FETCHING_SECONDS} s") from None
    if result.returncode != 0:
        raise Unavailable(f"{failure}:\n{(result.stdout + result.stderr)[-2000:]}")


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{prepare().directory}\n")
    except Unavailable as error:
        sys.exit(str(error))
