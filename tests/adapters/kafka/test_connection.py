"""Settings of a connection: what is wrong is told by the name of the variable that the operator set."""

import logging
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.kafka.connection import KafkaConnection
from domain.errors import ConfigurationError
from modules.simulator.certificate import CA_FILE, SERVER_FILE, issue

SERVERS = ("127.0.0.1:9092",)
CANARY = "canary-password"
SASL: dict[str, Any] = {"username": "kim", "password": CANARY}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"servers": ()}, "KAFKA_BOOTSTRAP_SERVERS"),
        ({"security_protocol": "TLS"}, "KAFKA_SECURITY_PROTOCOL"),
        ({"security_protocol": "SASL_SSL", "sasl_mechanism": "GSSAPI", **SASL}, "KAFKA_SASL_MECHANISM"),
        ({"security_protocol": "SASL_PLAINTEXT", **SASL}, "KAFKA_SASL_MECHANISM"),
        ({"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN", "password": CANARY}, "KAFKA_SASL_USERNAME"),
        ({"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN", "username": "kim"}, "KAFKA_SASL_PASSWORD"),
    ],
)
def test_a_setting_that_cannot_be_is_told_by_its_variable(settings: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named) as caught:
        KafkaConnection(**{"servers": SERVERS, **settings})  # type: ignore[arg-type]
    assert CANARY not in str(caught.value)


async def test_a_plain_connection_says_nothing_of_users_or_certificates() -> None:
    assert set(await KafkaConnection(servers=SERVERS).arguments()) == {
        "client_id",
        "request_timeout_ms",
        "security_protocol",
    }


def test_the_password_is_not_shown() -> None:
    assert CANARY not in repr(KafkaConnection(servers=SERVERS, **SASL))


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_certificates_that_cannot_be_read_are_told(tmp_path: Path, content: str | None) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content)
    with pytest.raises(ConfigurationError, match="KAFKA_SSL_CA_FILE"):
        await KafkaConnection(servers=SERVERS, security_protocol="SSL", ca_file=ca_file).arguments()


async def test_a_client_certificate_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    issue(tmp_path)
    connection = KafkaConnection(
        servers=SERVERS, security_protocol="SSL", ca_file=tmp_path / CA_FILE, certificate_file=tmp_path / CA_FILE
    )
    with pytest.raises(ConfigurationError, match="KAFKA_SSL_CERTIFICATE and KAFKA_SSL_KEY"):
        await connection.arguments()


async def test_the_client_certificate_is_shown_to_a_server_that_asks_for_it(tmp_path: Path) -> None:
    certificates = issue(tmp_path)
    own = tmp_path / SERVER_FILE
    connection = KafkaConnection(
        servers=SERVERS, security_protocol="SSL", ca_file=certificates.ca_file, certificate_file=own, key_file=own
    )
    context = (await connection.arguments())["ssl_context"]
    assert isinstance(context, ssl.SSLContext)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates.ca_file)
    server.load_cert_chain(own)
    server.verify_mode = ssl.CERT_OPTIONAL
    assert _shown_to(server, context)


def _shown_to(server: ssl.SSLContext, client: ssl.SSLContext) -> bool:
    """Let both shake hands in memory; tell whether the server saw a certificate. Its use is not checked here."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    caller = client.wrap_bio(down, up, server_hostname="localhost")
    callee = server.wrap_bio(up, down, server_side=True)
    for _ in range(3):
        for side in (caller, callee):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return "purpose" in str(error)  # the server's own certificate, shown as a client's
    return callee.getpeercert() is not None


async def test_a_key_with_a_passphrase_is_refused_without_asking_at_the_terminal(tmp_path: Path) -> None:
    certificates = issue(tmp_path)
    key = tmp_path / "key.pem"
    key.write_bytes(_locked_key())
    connection = KafkaConnection(
        servers=SERVERS,
        security_protocol="SSL",
        ca_file=certificates.ca_file,
        certificate_file=tmp_path / SERVER_FILE,
        key_file=key,
    )
    with pytest.raises(ConfigurationError, match="without a passphrase"):
        await connection.arguments()


def _locked_key() -> bytes:
    from_library = ec.generate_private_key(ec.SECP256R1())
    return from_library.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"passphrase"),
    )


async def test_the_filter_that_keeps_passwords_out_of_the_log_is_set_once() -> None:
    logger = logging.getLogger("aiokafka.conn")
    await KafkaConnection(servers=SERVERS).arguments()
    known = list(logger.filters)
    await KafkaConnection(servers=SERVERS).arguments()
    assert logger.filters == known
    assert known
