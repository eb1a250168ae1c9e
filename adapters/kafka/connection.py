"""Where the Kafka cluster is, and who we are to it."""

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path

import attrs

from adapters.kafka.discretion import keep_secrets_out_of_the_log
from adapters.kafka.pacing import keep_repetitions_out_of_the_log
from domain.errors import ConfigurationError

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@attrs.frozen(kw_only=True)
class KafkaConnection:
    """Settings of every client of the cluster. `servers` are "host:port"; files are PEM, None is the system's.

    `answer_within` bounds each connecting and each request; what is done with several of them has its own bound, which
    should leave time for some: a server that says nothing uses it up, then another is asked. Who writes asks anew where
    a topic's partitions are after `known_for`: until then, added ones get no messages.
    """

    servers: tuple[str, ...]
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    username: str | None = None
    password: str | None = attrs.field(default=None, repr=False)
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    client_id: str = "iacsgraph"
    answer_within: timedelta = timedelta(seconds=3)
    known_for: timedelta = timedelta(minutes=3)

    def __attrs_post_init__(self) -> None:
        if not self.servers:
            raise ConfigurationError("No Kafka server is named: set KAFKA_BOOTSTRAP_SERVERS.")
        if self.security_protocol not in PROTOCOLS:
            raise ConfigurationError(f"KAFKA_SECURITY_PROTOCOL must be one of {', '.join(PROTOCOLS)}.")
        if not self.uses_sasl:
            return
        if self.sasl_mechanism not in MECHANISMS:
            raise ConfigurationError(f"KAFKA_SASL_MECHANISM must be one of {', '.join(MECHANISMS)}.")
        if not self.username or not self.password:
            raise ConfigurationError("KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD must both be set.")

    @property
    def place(self) -> str:
        """The servers, for people."""
        return ", ".join(self.servers)

    @property
    def uses_sasl(self) -> bool:
        """Whether a user name and a password are sent."""
        return self.security_protocol.startswith("SASL_")

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.security_protocol.endswith("SSL")

    async def arguments(self) -> dict[str, object]:
        """Return the keyword arguments that every aiokafka client and connection takes alike.

        Raises:
            ConfigurationError: a file cannot be read, or holds no certificate or key.
        """
        keep_secrets_out_of_the_log()
        keep_repetitions_out_of_the_log()
        known: dict[str, object] = {
            "client_id": self.client_id,
            "request_timeout_ms": milliseconds(self.answer_within),
            "security_protocol": self.security_protocol,
        }
        if self.uses_sasl:
            known["sasl_mechanism"] = self.sasl_mechanism
            known["sasl_plain_username"] = self.username
            known["sasl_plain_password"] = self.password
        if self.uses_tls:
            known["ssl_context"] = await asyncio.to_thread(self._tls)
        return known

    def _tls(self) -> ssl.SSLContext:
        """Return what trusts `ca_file` and shows `certificate_file`; it reads files."""
        context = self._trusting()
        if self.certificate_file is not None:
            try:
                context.load_cert_chain(self.certificate_file, self.key_file, password=_refuse_passphrase)
            except (OSError, ValueError) as error:
                raise ConfigurationError(
                    "The client certificate for Kafka cannot be used: check KAFKA_SSL_CERTIFICATE and KAFKA_SSL_KEY "
                    "(PEM, the key without a passphrase).",
                    details={"certificate_file": str(self.certificate_file), "cause": type(error).__name__},
                ) from error
        return context

    def _trusting(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                "The certificates that Kafka is checked with cannot be read: check KAFKA_SSL_CA_FILE (PEM).",
                details={"ca_file": str(self.ca_file), "cause": type(error).__name__},
            ) from error


def milliseconds(duration: timedelta) -> int:
    """Return whole milliseconds, at least one."""
    return max(1, round(duration / timedelta(milliseconds=1)))


def _refuse_passphrase() -> str:
    """Answer in OpenSSL's stead, which would ask at the terminal."""
    raise ValueError("the key has a passphrase")
