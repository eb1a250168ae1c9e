"""What a single node of Apache Kafka must be told: server.properties."""

from collections.abc import Iterable, Mapping
from pathlib import Path

CLUSTER = "iacsgraph-tests-kafka1"  # 22 characters, as a cluster id must have
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
USERS: Mapping[str, str] = {"kim": "word-of-kim", "lee": "word-of-lee"}
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required {};"

# One node needs one copy of everything; nothing is created that was not asked for; nobody waits for more to come.
_SINGLE_NODE = {
    "node.id": "1",
    "process.roles": "broker,controller",
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "100",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    # A node that was killed may register again only when its old session is over: by default after 9 s.
    "broker.session.timeout.ms": "1000",
    "broker.heartbeat.interval.ms": "200",
    # Small buffers and few threads start faster.
    "log.cleaner.dedupe.buffer.size": "4194304",
    "log.index.size.max.bytes": "1048576",
    "num.io.threads": "4",
    "num.network.threads": "2",
}


def server_properties(
    data: Path, ports: Mapping[str, int], *, users: Mapping[str, str], certificate: Path | None
) -> dict[str, str]:
    """Return the properties of a node whose listeners are named after their protocols.

    `ports` also has INTERNAL, by which the node talks to itself, and CONTROLLER.
    """
    protocols = {name: "PLAINTEXT" if name in {"INTERNAL", "CONTROLLER"} else name for name in ports}
    properties = _SINGLE_NODE | {
        "log.dirs": str(data),
        "listeners": _joined(f"{name}://127.0.0.1:{port}" for name, port in ports.items()),
        "listener.security.protocol.map": _joined(f"{name}:{protocol}" for name, protocol in protocols.items()),
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": f"1@127.0.0.1:{ports['CONTROLLER']}",
        "inter.broker.listener.name": "INTERNAL",
    }
    if certificate is not None:
        properties |= {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(certificate)}
    for name in ports:
        if name.startswith("SASL_"):
            properties |= _signing_in(f"listener.name.{name.lower()}", users)
    return properties


def _signing_in(listener: str, users: Mapping[str, str]) -> dict[str, str]:
    passwords = " ".join(f'user_{name}="{password}"' for name, password in users.items())
    return {
        f"{listener}.sasl.enabled.mechanisms": _joined(MECHANISMS),
        f"{listener}.plain.sasl.jaas.config": _PLAIN.format(passwords),
        f"{listener}.scram-sha-256.sasl.jaas.config": _SCRAM,
        f"{listener}.scram-sha-512.sasl.jaas.config": _SCRAM,
    }


def scram_arguments(users: Mapping[str, str]) -> list[str]:
    """Return what the storage tool is told, for whom SCRAM knows is part of a cluster's first metadata."""
    return [
        argument
        for name, password in users.items()
        for mechanism in MECHANISMS[1:]
        for argument in ("--add-scram", f"{mechanism}=[name={name},password={password}]")
    ]


def as_text(properties: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in properties.items())


def _joined(parts: Iterable[str]) -> str:
    return ",".join(parts)
