"""A broker for as long as a benchmark runs: Apache Kafka, or what takes its place as in the tests."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kafka.broker import Broker
from tests.kafka.choosing import VARIABLE, Choice, choose, noida, without_kafka
from tests.kafka.installation import Installation, Unavailable
from tests.kafka.preparing import prepare
from tests.kafka.shared import noida_for_all, shared_broker

_AS_IN_OPERATION = ("-XX:TieredStopAtLevel=4", "-Xmx1g")
"""The tests' broker is made to start fast; this one shall not hold up the producers that are compared."""


@contextmanager
def broker(directory: Path, *, lasting: bool) -> Iterator[str]:
    """Yield the address of a broker; `lasting`: it is worth the time that a fast one takes to warm up.

    Raises:
        RuntimeError: there is none on this machine.
    """
    choice, installation = _chosen()
    if choice.kind == "given":
        yield os.environ[VARIABLE].strip()
    elif installation is not None:
        options = _AS_IN_OPERATION if lasting else ()
        place = directory / "kafka"
        place.mkdir()
        running = Broker(place, installation, java_options=options)
        try:
            running.start()
            running.wait_until_answering()
            yield running.servers
        finally:
            running.close()
    elif (program := noida()) is not None:
        with shared_broker(directory / "noida", noida_for_all(program)) as shared:
            yield shared.servers
    else:
        msg = f"there is no broker to measure with: {choice.reason}"
        raise RuntimeError(msg)


def _chosen() -> tuple[Choice, Installation | None]:
    choice = choose(os.environ, fallback=noida())
    if choice.kind != "kafka":
        return choice, None
    try:
        return choice, prepare()
    except Unavailable as error:
        return without_kafka(str(error), fallback=noida()), None
