"""The settings groups about events: how long they are kept, on which bus, and how Kafka is reached."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from attrs import Factory, field, frozen

from domain.topics import TopicPlan
from modules.runtime import values
from modules.runtime.variables import ASKED_BY_ANY, ContradictionError, Variable

_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_MOST_PARTITIONS = 1000
_MOST_DAYS = 36_500
_MOST_HOURS = 87_600
_MOST_REPLICAS = 100


@frozen(kw_only=True)
class EventSettings:
    """What events are kept in, for how long, and who reads them; the same on every bus."""

    bus: str | None = field(
        default=None,
        validator=Variable(
            name="EVENT_BUS",
            meaning="What keeps events: embedded (in the database) or kafka; by default kafka if its servers are named",
            example="kafka",
            convert=values.lower,
            check=values.one_of("embedded", "kafka"),
        ),
    )
    partitions: int = field(
        default=6,
        validator=Variable(
            name="EVENT_PARTITIONS",
            meaning="Partitions of new topics: so many members of a consumer group can share the work",
            example="6",
            convert=values.whole_number,
            check=values.between(1, _MOST_PARTITIONS),
        ),
    )
    retention_days: int = field(
        default=7,
        validator=Variable(
            name="EVENT_RETENTION_DAYS",
            meaning="For how many days new topics keep events; 0 is for ever",
            example="7",
            convert=values.whole_number,
            check=values.between(0, _MOST_DAYS),
        ),
    )
    dead_letter_retention_days: int = field(
        default=90,
        validator=Variable(
            name="DEAD_LETTER_RETENTION_DAYS",
            meaning="The same for dead letters",
            example="90",
            convert=values.whole_number,
            check=values.between(0, _MOST_DAYS),
        ),
    )
    outbox_retention_hours: int = field(
        default=24,
        validator=Variable(
            name="OUTBOX_RETENTION_HOURS",
            meaning="For how many hours an event stays in the database's outbox after it was published",
            example="24",
            convert=values.whole_number,
            check=values.between(0, _MOST_HOURS),
        ),
    )
    topic_email_events: str = field(
        default="email.received",
        validator=Variable(
            name="KAFKA_TOPIC_EMAIL_EVENTS",
            meaning="Topic of the events about received mail",
            example="email.received",
            convert=str,
            check=values.topic,
        ),
    )
    consumer_group_id: str = field(
        default="iacsgraph",
        validator=Variable(
            name="KAFKA_CONSUMER_GROUP_ID",
            meaning="Consumer group: processes of the same group share the work",
            example="iacsgraph",
            convert=str,
            check=values.word,
        ),
    )

    @property
    def plan(self) -> TopicPlan:
        """How topics are made."""
        return TopicPlan(
            partitions=self.partitions,
            retention=_days(self.retention_days),
            dead_letter_retention=_days(self.dead_letter_retention_days),
        )


@frozen(kw_only=True)
class KafkaSettings:
    """How Kafka is reached, and how it is told who asks."""

    bootstrap_servers: tuple[str, ...] = field(
        validator=Variable(
            name="KAFKA_BOOTSTRAP_SERVERS",
            meaning="Kafka brokers: host:port, comma separated",
            example="localhost:9092",
            convert=values.items,
            check=values.servers,
        ),
    )
    security_protocol: str | None = field(
        default=None,
        validator=Variable(
            name="KAFKA_SECURITY_PROTOCOL",
            meaning=f"How the brokers are spoken to: {', '.join(_PROTOCOLS)}; by default PLAINTEXT",
            example="SASL_SSL",
            convert=values.upper,
            check=values.one_of(*_PROTOCOLS),
        ),
    )
    sasl_mechanism: str | None = field(
        default=None,
        validator=Variable(
            name="KAFKA_SASL_MECHANISM",
            meaning=f"How they are told who asks: {', '.join(_MECHANISMS)}",
            example="SCRAM-SHA-512",
            convert=values.upper,
            check=values.one_of(*_MECHANISMS),
        ),
    )
    sasl_username: str | None = field(
        default=None,
        validator=Variable(
            name="KAFKA_SASL_USERNAME",
            meaning="Name of the Kafka user",
            example="iacsgraph",
            convert=str,
            check=values.printable,
        ),
    )
    sasl_password: str | None = field(
        default=None,
        repr=False,
        validator=Variable(
            name="KAFKA_SASL_PASSWORD",
            meaning="The Kafka user's password",
            example="your-password",
            convert=str,
            check=values.printable,
        ),
    )
    ssl_ca_file: Path | None = field(
        default=None,
        validator=Variable(
            name="KAFKA_SSL_CA_FILE",
            meaning="PEM file of the certificate authorities to trust instead of the system's",
            example="/etc/ssl/certs/kafka-ca.pem",
            convert=values.path,
            check=values.file_path,
        ),
    )
    ssl_certificate: Path | None = field(
        default=None,
        validator=Variable(
            name="KAFKA_SSL_CERTIFICATE",
            meaning="PEM file of the certificate to show to the brokers, if they ask for one",
            example="./kafka-certificate.pem",
            convert=values.path,
            check=values.file_path,
        ),
    )
    ssl_key: Path | None = field(
        default=None,
        validator=Variable(
            name="KAFKA_SSL_KEY",
            meaning="PEM file of its private key, if that is a file of its own; without a passphrase",
            example="./kafka-key.pem",
            convert=values.path,
            check=values.file_path,
        ),
    )
    replication_factor: int | None = field(
        default=None,
        validator=Variable(
            name="KAFKA_REPLICATION_FACTOR",
            meaning="On how many brokers new topics are kept; by default as the brokers are set up",
            example="3",
            convert=values.whole_number,
            check=values.between(1, _MOST_REPLICAS),
        ),
    )

    def __attrs_post_init__(self) -> None:
        problems = dict(self._problems())
        if problems:
            raise ContradictionError(problems)

    @property
    def protocol(self) -> str:
        """How the brokers are spoken to."""
        return self.security_protocol or "PLAINTEXT"

    def _problems(self) -> Iterator[tuple[str, str]]:
        """What is left without effect is told: it is mostly somebody's belief that the connection is protected."""
        of_sasl = {
            "KAFKA_SASL_MECHANISM": self.sasl_mechanism,
            "KAFKA_SASL_USERNAME": self.sasl_username,
            "KAFKA_SASL_PASSWORD": self.sasl_password,
        }
        of_ssl = {
            "KAFKA_SSL_CA_FILE": self.ssl_ca_file,
            "KAFKA_SSL_CERTIFICATE": self.ssl_certificate,
            "KAFKA_SSL_KEY": self.ssl_key,
        }
        for name, value in of_sasl.items():
            if self.protocol.startswith("SASL_") and value is None:
                yield name, f"is not set, but KAFKA_SECURITY_PROTOCOL is {self.protocol}"
            if not self.protocol.startswith("SASL_") and value is not None:
                yield name, f"is set, but KAFKA_SECURITY_PROTOCOL is {self.protocol}"
        for name, path in of_ssl.items():
            if not self.protocol.endswith("SSL") and path is not None:
                yield name, f"is set, but KAFKA_SECURITY_PROTOCOL is {self.protocol}"
        if self.ssl_key is not None and self.ssl_certificate is None:
            yield "KAFKA_SSL_CERTIFICATE", "is not set, but KAFKA_SSL_KEY is"


@frozen(kw_only=True)
class BusSettings:
    """Which bus there is."""

    events: EventSettings = Factory(EventSettings)
    kafka: KafkaSettings | None = field(default=None, metadata={ASKED_BY_ANY: True})

    def __attrs_post_init__(self) -> None:
        if self.kind == "kafka" and self.kafka is None:
            raise ContradictionError({"KAFKA_BOOTSTRAP_SERVERS": "is not set, but EVENT_BUS is kafka"})

    @property
    def kind(self) -> str:
        """`embedded` or `kafka`."""
        return self.events.bus or ("embedded" if self.kafka is None else "kafka")


def _days(count: int) -> timedelta | None:
    return timedelta(days=count) if count else None
