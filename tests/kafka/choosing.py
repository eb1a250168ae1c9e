"""Which broker the tests use: the one that the environment names, Apache Kafka, a fallback from a wheel, or none."""

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import attrs

from tests.kafka.installation import Unavailable, find_installation, kafka_version

VARIABLE = "IACSGRAPH_TEST_KAFKA"
Kind = Literal["given", "kafka", "noida", "none"]


@attrs.frozen
class Choice:
    """`reason` says why it is not Apache Kafka, started here."""

    kind: Kind
    name: str
    reason: str = ""

    @property
    def header(self) -> str:
        return f"kafka: {self.name}" + (f" ({self.reason})" if self.reason and self.kind != "given" else "")


def choose(environment: Mapping[str, str], *, fallback: Path | None) -> Choice:
    """Say what would be used; nothing is fetched or started."""
    if given := environment.get(VARIABLE, "").strip():
        return Choice("given", f"{given} from {VARIABLE}", f"{VARIABLE} names a broker that is not the tests' own")
    try:
        installation = find_installation()
    except Unavailable as error:
        return without_kafka(str(error), fallback=fallback)
    when = "Maven" if installation.is_complete else "Maven, to be fetched by the first test that needs it"
    return Choice("kafka", f"Apache Kafka {kafka_version()} ({when})")


def without_kafka(reason: str, *, fallback: Path | None) -> Choice:
    """Return the next best."""
    if fallback is None:
        return Choice("none", "none", f"{reason}, nor noida-db")
    return Choice("noida", "noida-db", reason)


def noida() -> Path | None:
    """Return the program inside the wheel, if there is one for this machine."""
    found = importlib.util.find_spec("noida_db")
    for folder in (found.submodule_search_locations or ()) if found else ():
        program = Path(folder) / "noida-db"
        if os.access(program, os.X_OK):
            return program
    return None
