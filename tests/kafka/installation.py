"""Where Java and Apache Kafka's jars are, and how a program of theirs is called."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import attrs

HERE = Path(__file__).parent
POM = HERE / "pom.xml"
CONFIGURATION = HERE / "configuration.py"
LIBRARY = HERE / "lib"
OLDEST_JAVA = 17
# Start-up counts, not speed: one compiler, the simplest collector, a small heap.
_OPTIONS = (
    "-Xmx256m",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Djava.net.preferIPv4Stack=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)


class Unavailable(Exception):  # noqa: N818 - it is an answer, not a mishap
    """This machine cannot run Apache Kafka; the message says what is missing."""


def kafka_version() -> str:
    """Return the version that the pom names."""
    found = ET.parse(POM).findtext(".//{*}kafka.version")  # noqa: S314 - our own file
    assert found is not None
    return found


@attrs.frozen(kw_only=True)
class Installation:
    """What one content of the pom and of the configuration asks for, whether it is there yet or not."""

    java: str
    java_version: str
    directory: Path

    @property
    def is_complete(self) -> bool:
        """The folder is renamed into place, so it holds all or is not there."""
        return self.directory.is_dir()

    @property
    def checkpoint(self) -> Path:
        """What `format` of Kafka's storage tool writes: the features and users that a new cluster starts with."""
        return self.directory / "bootstrap.checkpoint"

    @property
    def archive(self) -> Path:
        """The classes as this Java loads them fastest; a Java that finds it unfit goes without."""
        return self.directory / f"classes-{self.java_version}.jsa"

    def command(self, program: str, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
        """Return the command line of a class; the class path is in one order, as the archive demands."""
        jars = ":".join(str(jar) for jar in sorted(self.directory.glob("*.jar")))
        if self.archive.exists():
            options = (*options, f"-XX:SharedArchiveFile={self.archive}")
        return [self.java, *_OPTIONS, *options, "-cp", jars, program, *arguments]


def find_installation() -> Installation:
    """Return where the jars are or will be.

    Raises: Unavailable if there is no Java, if it is too old, or if neither the jars nor Maven are there.
    """
    java = shutil.which("java")
    if java is None:
        raise Unavailable("there is no Java")
    version = _version_of(java)
    if int(version.split(".")[0]) < OLDEST_JAVA:
        raise Unavailable(f"Java {version} is older than {OLDEST_JAVA}")
    digest = hashlib.sha256(POM.read_bytes() + CONFIGURATION.read_bytes()).hexdigest()[:16]
    found = Installation(java=java, java_version=version, directory=LIBRARY / digest)
    if not found.is_complete and shutil.which("mvn") is None:
        raise Unavailable("there is no Maven (mvn) to fetch Apache Kafka")
    return found


def _version_of(java: str) -> str:
    """Return "17.0.15", say; from the file that Java comes with where there is one, for asking costs 0.1 s."""
    release = Path(java).resolve().parents[1] / "release"
    text = release.read_text() if release.is_file() else _said_by(java)
    found = re.search(r'version "|JAVA_VERSION="', text, re.IGNORECASE)
    numbers = re.match(r"[\d.]+", text[found.end() :]) if found else None
    if numbers is None:
        raise Unavailable(f"{java} does not say its version")
    return numbers[0].rstrip(".")


def _said_by(java: str) -> str:
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    return answer.stderr
