"""`iacsgraph simulator`: started by hand, it says all that is needed to use it, and ends when told to."""

import io
import json
import shutil
import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml
from dotenv import dotenv_values

from modules.account.enrolment_files import read_file
from modules.runtime.environment import Environment
from modules.runtime.settings import AzureSettings, ProviderSettings
from modules.runtime.settings_loading import load
from modules.simulator.opening import PERMISSIONS
from modules.simulator.schema import make_converter
from modules.simulator.serving import serve
from modules.simulator.settings import SimulatorSettings
from tests.modules.iacsgraph.shell import Done, Running, Shell, said, wait_until

FREE = ("--port", "0", "--tls-port", "0")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "house").within(tmp_path / "house")


def wait_for_end_of(running: Running, text: str) -> str:
    """Wait until standard output ends so, and return all of it."""
    wait_until(lambda: said(running.out).endswith(text) or running.process.poll() is not None)
    assert said(running.out).endswith(text), said(running.err)
    return said(running.out)


@contextmanager
def simulator(shell: Shell, *options: str) -> Iterator[tuple[Running, Any]]:
    """Start it and read its JSON."""
    with shell.start("simulator", "--json", *FREE, *options) as running:
        yield running, json.loads(wait_for_end_of(running, "\n}\n"))


def read(url: str, *, ca_file: str | None = None, form: dict[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON
    context = ssl.create_default_context(cafile=ca_file) if ca_file else None
    with urlopen(url, urlencode(form).encode() if form else None, context=context) as answer:  # noqa: S310 - our own
        return json.load(answer)


def service(opening: Any) -> dict[str, str]:  # noqa: ANN401 - JSON
    """Return a token request of the application that needs nobody."""
    (daemon,) = (app for app in opening["apps"] if app["name"] == "daemon")
    return {
        "grant_type": "client_credentials",
        "client_id": daemon["client_id"],
        "client_secret": daemon["secret"],
        "scope": "https://graph.microsoft.com/.default",
    }


def contents(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_says_what_is_needed_as_json_and_ends_when_told_to(shell: Shell, number: signal.Signals, code: int) -> None:
    with simulator(shell, "--token-lifetime", "7") as (running, opening):
        settings = opening["settings"]
        published = read(f"{settings['AZURE_AUTHORITY']}/v2.0/.well-known/openid-configuration")
        assert published["issuer"].startswith(f"{opening['http_url']}/{opening['tenant_id']}")
        assert read(published["token_endpoint"], form=service(opening))["expires_in"] == 7
        assert read(f"{opening['control_url']}/state")
        done = running.stop(number)
    assert done.code == code
    assert "Traceback" not in done.err
    assert (opening["https_url"], opening["ca_file"], opening["files"]) == (None, None, [])
    assert settings["IDENTITY_PROVIDER"] == "azure"
    assert settings["AZURE_GRAPH_URL"] == opening["http_url"]
    assert {"AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"} < set(settings)
    assert "AZURE_CA_FILE" not in settings
    assert [person["upn"].partition("@")[2] for person in opening["people"]] == [opening["domain"]] * 3
    assert all(person["password"] for person in opening["people"])
    assert [app["name"] for app in opening["apps"]] == ["web", "public", "daemon", "spa"]
    assert list(shell.directory.iterdir()) == [], "it writes no file unless told to"


def test_what_it_prints_for_people_can_be_copied(shell: Shell) -> None:
    with shell.start("simulator", *FREE, "--users", "2") as running:
        text = wait_for_end_of(running, "Ctrl-C ends it.\n")
        done = running.stop(signal.SIGINT)
    assert (done.code, done.err) == (130, "")
    env = dotenv_values(stream=io.StringIO(text.partition(", for your .env\n\n")[2].partition("\n\n")[0]))
    first, second = (part.partition("\n\n")[2].partition("\n\n")[0] for part in text.split("Enrolment file ")[1:])
    assert env["IDENTITY_PROVIDER"] == "azure"
    assert yaml.safe_load(first)["microsoft_graph"]["client_id"] == env["AZURE_CLIENT_ID"]
    assert yaml.safe_load(second)["account"]["email"] in text
    assert "김지원" in text
    assert f"listens on  {str(env['AZURE_AUTHORITY']).rpartition('/')[0]}\n" in text


def test_with_tls_the_settings_name_a_ca_that_is_trusted(shell: Shell) -> None:
    with simulator(shell, "--tls") as (running, opening):
        settings = opening["settings"]
        assert settings["AZURE_AUTHORITY"].startswith("https://127.0.0.1:")
        read(f"{settings['AZURE_AUTHORITY']}/v2.0/.well-known/openid-configuration", ca_file=settings["AZURE_CA_FILE"])
        running.stop(signal.SIGINT)
    assert not Path(settings["AZURE_CA_FILE"]).exists(), "nothing is left behind"


def test_it_writes_settings_enrolments_and_ca_and_the_same_again_the_next_time(shell: Shell) -> None:
    house = shell.directory / "sim"
    with simulator(shell, "--tls", "--write", "sim") as (running, opening):
        port, tls_port = (opening[name].rpartition(":")[2] for name in ("http_url", "https_url"))
        running.stop(signal.SIGINT)
    before = contents(house)
    again = ("simulator", "--json", "--tls", "--write", "sim", "--port", port, "--tls-port", tls_port)
    with shell.start(*again) as running:
        wait_for_end_of(running, "\n}\n")
        assert running.stop(signal.SIGINT).code == 130
    assert contents(house) == before
    env = dotenv_values(house / ".env.simulator")
    assert env == opening["settings"]
    assert env["AZURE_CA_FILE"] == str(house / "ca.pem")
    names = {f"accounts/{person['upn'].partition('@')[0]}.yaml" for person in opening["people"]}
    assert set(before) == {".env.simulator", "ca.pem", "server.pem", *names}
    assert set(opening["files"]) == {str(house / name) for name in {".env.simulator", *names}}
    secret = {".env.simulator", "server.pem", *names}
    assert {name for name in before if (house / name).stat().st_mode & 0o077 == 0} == secret


async def served(directory: Path, **settings: Any) -> Any:  # noqa: ANN401 - JSON
    """Start one in this process, with its files, and return what it would print."""
    async with serve(SimulatorSettings(**settings), directory) as opening:
        return make_converter().unstructure(opening)


async def test_an_enrolment_file_holds_what_an_account_needs_and_no_secret(tmp_path: Path) -> None:
    opening = await served(tmp_path)
    found = [yaml.safe_load(Path(file).read_text()) for file in opening["files"] if file.endswith(".yaml")]
    assert [each["account"] for each in found] == [
        {"email": person["email"], "name": person["name"]} for person in opening["people"]
    ]
    assert [each["oauth"]["auth_type"] for each in found] == [
        "Authorization Code Flow",
        "Authorization Code Flow",
        "Device Code Flow",
    ]
    assert all(each["oauth"]["redirect_uri"] == "http://localhost:5000/auth/callback" for each in found)
    assert all(each["oauth"]["delegated_permissions"] == list(PERMISSIONS) for each in found)
    assert [each["microsoft_graph"].get("client_secret") for each in found] == [
        "${AZURE_CLIENT_SECRET}",
        "${AZURE_CLIENT_SECRET}",
        None,
    ]
    web, public, *_ = (app["client_id"] for app in opening["apps"])
    assert [each["microsoft_graph"]["client_id"] for each in found] == [web, web, public]
    assert {each["microsoft_graph"]["tenant_id"] for each in found} == {opening["tenant_id"]}


async def test_one_seed_is_one_world_and_another_seed_another() -> None:
    worlds = []
    for seed in (1, 1, 2):
        async with serve(SimulatorSettings(seed=seed), None) as opening:
            worlds.append((opening.tenant_id, opening.apps, opening.people))
    assert worlds[0] == worlds[1]
    assert all(one != other for one, other in zip(worlds[0], worlds[2], strict=True))


def test_a_terminal_without_hangul_shows_it_escaped(shell: Shell) -> None:
    with shell.having(PYTHONIOENCODING="ascii").start("simulator", *FREE) as running:
        assert "\\uae40\\uc9c0\\uc6d0" in wait_for_end_of(running, "Ctrl-C ends it.\n")
        assert running.stop(signal.SIGINT).code == 130


async def test_the_product_reads_what_was_written_as_its_own_settings(tmp_path: Path) -> None:
    opening = await served(tmp_path, tls=True, users=4)
    environment = Environment.read({"IACSGRAPH_ENV_FILE": str(tmp_path / ".env.simulator")})
    provider, azure = load(ProviderSettings, environment), load(AzureSettings, environment)
    assert (provider.provider, provider.graph_url) == ("azure", opening["https_url"])
    assert provider.authority == f"{opening['https_url']}/{opening['tenant_id']}"
    assert provider.ca_file == tmp_path / "ca.pem"
    assert (azure.tenant_id, azure.redirect_uri) == (opening["tenant_id"], "http://localhost:5000/auth/callback")
    files = [read_file(Path(file), environment) for file in opening["files"] if file.endswith(".yaml")]
    assert [file.faults for file in files] == [()] * 4
    assert [file.wanted and file.wanted.email for file in files] == [each["email"] for each in opening["people"]]
    secrets = [file.wanted.application.client_secrets for file in files if file.wanted and file.wanted.application]
    assert secrets == [azure.client_secrets] * 3 + [()]


def test_what_somebody_else_wrote_is_left_alone(shell: Shell) -> None:
    (shell.directory / ".env.simulator").write_text("MINE=1\n")
    done = shell.call("simulator", *FREE, "--write", ".")
    assert (done.code, done.out) == (3, "")
    assert "--write" in done.err
    assert ".env.simulator" in done.err
    assert "is not one of the simulator's" in done.err
    assert contents(shell.directory) == {".env.simulator": b"MINE=1\n"}


def test_a_directory_that_cannot_be_written_is_told(shell: Shell) -> None:
    (shell.directory / "file").touch()
    done = shell.call("simulator", *FREE, "--tls", "--write", "file/below", "--json")
    assert (done.code, done.out) == (3, "")
    (fault,) = done.error["details"]["faults"]
    assert (fault["variable"], fault["origin"]) == ("--write", str(shell.directory / "file" / "below"))


@contextmanager
def occupied() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as held:
        yield str(held.getsockname()[1])


def refused(shell: Shell, *options: str) -> Done:
    done = shell.call("simulator", *options)
    assert (done.code, done.out) == (3, "")
    return done


def test_an_occupied_port_is_told(shell: Shell) -> None:
    with occupied() as port:
        done = refused(shell, "--port", port)
        secure = refused(shell, "--port", "0", "--tls", "--tls-port", port, "--json")
    assert "--port" in done.err
    assert f"('127.0.0.1', {port}): address already in use" in done.err
    assert "Traceback" not in done.err
    (fault,) = secure.error["details"]["faults"]
    assert port in fault["problem"]


@pytest.mark.parametrize(
    "options", [["--port", "65536"], ["--users", "0"], ["--token-lifetime", "0"], ["--seed", "x"], ["surplus"]]
)
def test_wrong_usage_is_refused(shell: Shell, options: list[str]) -> None:
    assert shell.call("simulator", *options).code == 2


def test_no_variable_of_the_environment_changes_it(shell: Shell) -> None:
    """Not even wrong ones: it has no settings but its options."""
    (shell.directory / ".env").write_text("AZURE_TENANT_ID=not a tenant\n")
    with simulator(shell.having(LOG_LEVEL="loud", DATABASE_PATH="/nowhere")) as (running, _):
        assert running.stop(signal.SIGINT).code == 130
    shutil.rmtree(shell.directory)
