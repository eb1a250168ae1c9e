"""One node of Apache Kafka on 127.0.0.1: started, killed, paused and started again on the same ports and data.

What tests use (fixtures of `tests/kafka/fixtures.py`, known to every test; nothing starts unless a test asks for it):

    kafka          session; ONE broker for all workers. `.servers` "127.0.0.1:port"; `.requires_real()` skips by name
                   what the fallback cannot do (noida-db, from a wheel: it has idempotent producers and groups, but
                   loses data when killed, and creates every topic that is asked for); `.kind` is "kafka", "noida" or
                   "given" (by IACSGRAPH_TEST_KAFKA). Use unique names for topics and groups.
    own_kafka      a Broker that the test may kill, pause and change: one per module, running again before each test.
    secured_kafka  the shared broker by every security protocol: `.address("SASL_SSL")`, `.ca_file`; the users are
                   `configuration.USERS`, with PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512.
    new_kafka      makes more of them, closed after the module: `new_kafka(properties={"message.max.bytes": "2000"})`

All methods block the caller's thread; a test whose event loop must go on says `await asyncio.to_thread(...)`.
A first start takes 1.5 s on two idle cores, with every protocol 2.2 s, and a start after `kill` 2.2 s.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from modules.simulator.certificate import CA_FILE, SERVER_FILE, issue
from tests.kafka.answering import does_answer, wait_for
from tests.kafka.configuration import CLUSTER, USERS, as_text, scram_arguments, server_properties
from tests.kafka.installation import Installation
from tests.kafka.launching import end, hold, launch, launch_for_all, tail_of
from tests.kafka.ports import free_port

PATIENCE_SECONDS = 60.0
_META = "version=1\ncluster.id={}\nnode.id=1\n"


class Broker:
    """Made stopped and with empty data; it keeps ports and data, whatever happens to its process, until `close`.

    `protocols` are security protocols, one listener each. With SASL, `users` (names and passwords) sign in with PLAIN,
    SCRAM-SHA-256 and SCRAM-SHA-512; other users than USERS cost 1 s. With TLS, `ca_file` is what clients trust.
    `properties` go over everything else.
    """

    def __init__(
        self,
        directory: Path,
        installation: Installation,
        *,
        protocols: Sequence[str] = ("PLAINTEXT",),
        users: Mapping[str, str] = USERS,
        properties: Mapping[str, str] | None = None,
        java_options: tuple[str, ...] = (),
    ) -> None:
        secured = any(protocol.endswith("SSL") for protocol in protocols)
        certificates = directory / "tls"
        self.log = directory / "log"
        self.ca_file = certificates / CA_FILE if secured else None
        self._installation = installation
        self._java_options = java_options
        self._lifeline = directory / "lifeline"
        self.data = directory / "data"
        self._settings = directory / "server.properties"
        self._ports = {name: free_port() for name in (*protocols, "INTERNAL", "CONTROLLER")}
        self._process: subprocess.Popen[bytes] | None = None
        self._held: int | None = None
        if secured:
            issue(certificates)
        settings = server_properties(
            self.data, self._ports, users=users, certificate=certificates / SERVER_FILE if secured else None
        )
        self._settings.write_text(as_text(settings | dict(properties or {})))
        self._format(users)

    @property
    def servers(self) -> str:
        """The address of the first protocol: "127.0.0.1:port"."""
        return f"127.0.0.1:{next(iter(self._ports.values()))}"

    def address(self, protocol: str) -> str:
        return f"127.0.0.1:{self._ports[protocol]}"

    @property
    def is_running(self) -> bool:
        """There is a process, be it paused or still starting."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None, "the broker was not started"
        return self._process.pid

    def start(self) -> None:
        """Start the process if it does not run; `wait_until_answering` tells when it is of use."""
        if self.is_running:
            return
        self._forget()
        self._held = hold(self._lifeline)
        self._process = launch(self._command(), lifeline=self._lifeline, log=self.log)

    def start_for_all(self, lifeline: Path) -> None:
        """Start a process that stays, without this object, while anybody has a share of that lifeline's lock."""
        launch_for_all(self._command(), lifeline=lifeline, log=self.log)

    def wait_until_answering(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Return when each listener answers; AssertionError with the log's end if the process ends or time is up."""
        wait_for(lambda: self._answers() or self._has_ended(), seconds=seconds)
        assert self._answers(), f"Kafka does not answer at {self.servers}; its log ends with:\n{tail_of(self.log)}"

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, no client is told."""
        self._forget()

    def stop(self) -> None:
        """SIGTERM, as an operator does it; returns when the process has ended."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(PATIENCE_SECONDS)
        self._forget()

    def pause(self) -> None:
        """SIGSTOP: connections stay, nothing is answered; returns when every thread has stopped."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)

    def resume(self) -> None:
        """SIGCONT; without effect if it was not paused."""
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """End the process and throw the data away."""
        self._forget()
        shutil.rmtree(self.data, ignore_errors=True)

    def _answers(self) -> bool:
        names = [name for name in self._ports if name not in {"INTERNAL", "CONTROLLER"}]
        return all(does_answer(self.address(name), self.ca_file if "SSL" in name else None) for name in names)

    def _has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _forget(self) -> None:
        if self._process is not None:
            end(self._process)
            self._process = None
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _command(self) -> list[str]:
        return self._installation.command("kafka.Kafka", str(self._settings), options=self._java_options)

    def _format(self, users: Mapping[str, str]) -> None:
        """Do what `kafka-storage format` does; itself it is asked only for other users than ours, for it takes 1 s."""
        self.data.mkdir(parents=True)
        if users != USERS:
            tool = ["format", "--cluster-id", CLUSTER, "--config", str(self._settings), *scram_arguments(users)]
            command = self._installation.command("kafka.tools.StorageTool", *tool)
            subprocess.run(command, check=True, capture_output=True)
        else:
            shutil.copy(self._installation.checkpoint, self.data)
            (self.data / "meta.properties").write_text(_META.format(CLUSTER))
