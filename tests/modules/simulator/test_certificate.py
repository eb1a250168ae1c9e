"""The simulator's certificates: strict clients accept them, and nobody's files are lost."""

import os
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from modules.simulator.certificate import CA_FILE, SERVER_FILE, Certificates, issue
from tests.modules.simulator.credentials import make_credential


def greet(certificates: Certificates, host: str, client: ssl.SSLContext | None = None) -> str | None:
    """Shake hands over a pair of sockets and return the TLS version."""
    trusting = client or ssl.create_default_context(cafile=str(certificates.ca_file))
    ours, theirs = socket.socketpair()
    with ours, theirs, ThreadPoolExecutor(1) as pool:
        serving = pool.submit(certificates.context.wrap_socket, theirs, server_side=True)
        try:
            with trusting.wrap_socket(ours, server_hostname=host) as greeted:
                return greeted.version()
        finally:
            if serving.exception() is None:
                serving.result().close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_strict_client_that_trusts_the_ca_accepts_the_server(tmp_path: Path, host: str) -> None:
    certificates = issue(tmp_path)
    strict = ssl.create_default_context(cafile=str(certificates.ca_file))
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    assert greet(certificates, host, strict) == "TLSv1.3"


def test_a_client_that_does_not_trust_the_ca_refuses_the_server(tmp_path: Path) -> None:
    issue(tmp_path / "another")
    another = ssl.create_default_context(cafile=str(tmp_path / "another" / CA_FILE))
    with pytest.raises(ssl.SSLCertVerificationError):
        greet(issue(tmp_path), "localhost", another)


def test_the_server_is_no_other_host(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        greet(issue(tmp_path), "login.microsoftonline.com")


def test_only_the_servers_key_is_written_readable_for_its_owner(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        issue(tmp_path)
    finally:
        os.umask(before)
    assert {path.name for path in tmp_path.iterdir()} == {CA_FILE, SERVER_FILE}
    assert (tmp_path / SERVER_FILE).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / SERVER_FILE).read_text().count("PRIVATE KEY") == 2, "the beginning and end of one"
    assert "PRIVATE KEY" not in (tmp_path / CA_FILE).read_text()
    key = serialization.load_pem_private_key((tmp_path / SERVER_FILE).read_bytes(), password=None)
    ca = x509.load_pem_x509_certificate((tmp_path / CA_FILE).read_bytes())
    assert key.public_key() != ca.public_key()


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_what_is_good_is_used_again(tmp_path: Path) -> None:
    issue(tmp_path)
    before = contents(tmp_path)
    again = issue(tmp_path)
    assert contents(tmp_path) == before
    assert greet(again, "localhost")


def gone(file: Path) -> None:
    file.unlink()


def of_another(file: Path) -> None:
    another = file.parent.with_name("another")
    issue(another)
    (another / file.name).replace(file)


def readable_for_all(file: Path) -> None:
    file.with_name(SERVER_FILE).chmod(0o644)


def without_key(file: Path) -> None:
    server = file.with_name(SERVER_FILE)
    server.write_text(server.read_text().partition("-----END PRIVATE KEY-----\n")[2])


@pytest.mark.parametrize("name", [CA_FILE, SERVER_FILE])
@pytest.mark.parametrize("damage", [gone, of_another, readable_for_all, without_key])
def test_what_is_not_good_is_made_anew(tmp_path: Path, name: str, damage: Callable[[Path], None]) -> None:
    house = tmp_path / "house"
    issue(house)
    before = contents(house)
    damage(house / name)
    assert greet(issue(house), "localhost")
    assert set(before.values()).isdisjoint(contents(house).values())
    assert (house / SERVER_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("age", "renewed"), [(timedelta(days=363), False), (timedelta(days=365), True)])
def test_it_is_made_anew_when_less_than_a_day_is_left(tmp_path: Path, age: timedelta, *, renewed: bool) -> None:
    issue(tmp_path, now=datetime.now(UTC) - age)
    before = contents(tmp_path)
    assert greet(issue(tmp_path), "localhost")
    assert (contents(tmp_path) != before) is renewed


@pytest.mark.parametrize("name", [CA_FILE, SERVER_FILE])
@pytest.mark.parametrize(
    "content", [b"", b"not a certificate", make_credential(elliptic=True).certificate_pem], ids=["empty", "text", "CA"]
)
def test_a_file_of_somebody_elses_is_left_alone(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileExistsError, match="is not one of the simulator's") as caught:
        issue(tmp_path)
    assert caught.value.filename == str(tmp_path / name)
    assert contents(tmp_path) == {name: content}


def test_many_at_once_agree_on_one_ca(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        issued = list(pool.map(issue, [tmp_path / "new"] * 16))
    assert all(greet(each, "127.0.0.1") for each in issued)
    assert set(contents(tmp_path / "new")) == {CA_FILE, SERVER_FILE}


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        issue(tmp_path / "file" / "below")
