"""The connections of a process: whom they trust, and how they leave the machine."""

from pathlib import Path

import attrs
import pytest
from yarl import URL

from adapters.http_client.session import is_loopback, open_session, proxy_for, timeout
from adapters.http_client.transport import Request, Sent, Server, Transport
from adapters.memory.clock import MemoryClock
from adapters.memory.identifiers import MemoryIdentifiers
from domain.errors import APIConnectionError, ConfigurationError
from tests.fakes.hostile_server import answer, open_hostile_server
from tests.simulator.running import running_simulator

SERVER = Server(unreachable="UNREACHABLE", setting="A_SETTING")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_without_a_proxy_in_the_environment_there_is_none() -> None:
    assert proxy_for(URL("https://login.microsoftonline.com/x")) is None


def test_the_proxy_of_the_environment_is_used_but_never_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "graph.microsoft.com")
    assert proxy_for(URL("https://login.microsoftonline.com/x")) == URL("http://proxy.example:3128")
    for direct in ("https://graph.microsoft.com", "http://127.0.0.1:8400", "http://localhost:1", "http://[::1]:1"):
        assert proxy_for(URL(direct)) is None


def test_a_proxy_may_be_named_without_a_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    assert proxy_for(URL("https://login.microsoftonline.com/x")) == URL("http://proxy.example:3128")


async def test_the_environment_is_asked_once_for_each_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """And each host has its own way: the proxy here leads to a port at which nobody listens."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with open_hostile_server() as server, open_session() as session:
        server.otherwise = answer(200, "{}")
        transport = Transport(session=session, clock=MemoryClock(), identifiers=MemoryIdentifiers(), server=SERVER)
        far = Request(method="GET", url=URL("http://far.example/"))
        for _ in range(2):
            with pytest.raises(APIConnectionError) as caught:
                await transport.send(far, 10)
            assert caught.value.details["sent"] == Sent.NEVER
            monkeypatch.setenv("HTTP_PROXY", server.url)
        assert server.received == []
        assert (await transport.send(Request(method="GET", url=URL(server.url)), 10)).status == 200
        assert (await attrs.evolve(transport).send(far, 10)).status == 200
    assert [each.path for each in server.received] == ["/", "http://far.example/"]


@pytest.mark.parametrize(("host", "local"), [("127.0.0.2", True), ("::1", True), ("10.0.0.1", False), ("a.b", False)])
def test_this_machine_is_known_by_its_addresses(host: str, *, local: bool) -> None:
    assert is_loopback(host) is local


def test_a_request_is_bounded_in_every_phase() -> None:
    bounds = timeout(2)
    assert (bounds.total, bounds.sock_connect) == (2, 2)
    assert bounds.sock_read is not None


async def _reach(url: str | None, ca_file: Path | None) -> int:
    assert url is not None
    async with open_session(ca_file=ca_file) as session:
        transport = Transport(session=session, clock=MemoryClock(), identifiers=MemoryIdentifiers(), server=SERVER)
        request = Request(method="GET", url=URL(f"{url}/common/v2.0/.well-known/openid-configuration"))
        return (await transport.send(request, 10)).status


async def test_a_certificate_is_trusted_through_the_ca_file_and_else_not() -> None:
    async with running_simulator(tls=True) as simulator:
        assert await _reach(simulator.https_url, simulator.ca_file) == 200
        with pytest.raises(ConfigurationError) as caught:
            await _reach(simulator.https_url, None)
    assert caught.value.error_code == "CERTIFICATE_NOT_TRUSTED"
    assert "AZURE_CA_FILE" in str(caught.value)


@pytest.mark.parametrize("content", [None, "", "no certificate"])
async def test_a_ca_file_that_holds_nothing_is_told(tmp_path: Path, content: str | None) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        async with open_session(ca_file=ca_file):
            pass
    assert caught.value.error_code == "CA_FILE_UNREADABLE"
