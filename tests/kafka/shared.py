"""One broker for all workers of a test run: started by the first that asks, ended when the last one ends."""

import fcntl
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import attrs

from tests.kafka.answering import does_answer, wait_for
from tests.kafka.broker import PATIENCE_SECONDS, Broker
from tests.kafka.configuration import PROTOCOLS
from tests.kafka.installation import Installation
from tests.kafka.launching import hold, launch_for_all, tail_of
from tests.kafka.ports import free_port


@attrs.frozen(kw_only=True)
class Place:
    """Where a broker listens, by security protocol, and the CA to trust where it does so with TLS."""

    addresses: Mapping[str, str]
    ca_file: Path | None = None

    @property
    def servers(self) -> str:
        return self.addresses["PLAINTEXT"]


# Given an empty directory and a lifeline that is held: start a broker, and return its place when it answers.
Start = Callable[[Path, Path], Place]
# Nobody kills it, and it should not be taken for dead on a busy machine.
_NEVER_IN_A_HURRY = {"broker.session.timeout.ms": "18000", "broker.heartbeat.interval.ms": "2000"}


@contextmanager
def shared_broker(root: Path, start: Start) -> Iterator[Place]:
    """Yield the place of the broker of that root, which answers; several processes may ask at once."""
    root.mkdir(exist_ok=True)
    lifeline, current = root / "lifeline", root / "current"
    with _turn(root):
        held = hold(lifeline)  # from now on no watchdog can end the broker; one that was about to has done so
        place = _read(current)
        if place is None or not does_answer(place.servers):
            place = start(Path(tempfile.mkdtemp(dir=root)), lifeline)
            _write(current, place)
    try:
        yield place
    finally:
        os.close(held)


def _read(file: Path) -> Place | None:
    if not file.exists():
        return None
    text = json.loads(file.read_text())
    return Place(addresses=text["addresses"], ca_file=Path(text["ca_file"]) if text["ca_file"] else None)


def _write(file: Path, place: Place) -> None:
    file.write_text(json.dumps(attrs.asdict(place), default=str))


def kafka_for_all(installation: Installation) -> Start:
    return partial(_start_kafka, installation)


def _start_kafka(installation: Installation, directory: Path, lifeline: Path) -> Place:
    broker = Broker(directory, installation, protocols=PROTOCOLS, properties=_NEVER_IN_A_HURRY)
    broker.start_for_all(lifeline)
    broker.wait_until_answering()
    return Place(addresses={name: broker.address(name) for name in PROTOCOLS}, ca_file=broker.ca_file)


def noida_for_all(program: Path) -> Start:
    return partial(_start_noida, program)


def _start_noida(program: Path, directory: Path, lifeline: Path) -> Place:
    address = f"127.0.0.1:{free_port()}"
    host, _, port = address.partition(":")
    command = [str(program), "start", "--only", "kafka", "--host", host, "--kafka-port", port]
    log = directory / "log"
    launch_for_all([*command, "--data-dir", str(directory / "data")], lifeline=lifeline, log=log)
    answers = wait_for(partial(does_answer, address), seconds=PATIENCE_SECONDS)
    assert answers, f"noida-db does not answer; its log ends with:\n{tail_of(log)}"
    return Place(addresses={"PLAINTEXT": address})


@contextmanager
def _turn(root: Path) -> Iterator[None]:
    descriptor = os.open(root / "turn", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
