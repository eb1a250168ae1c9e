"""Settings and enrolment files: read back by others as they were meant, and never over a file of somebody else's."""

from pathlib import Path

import attrs
import pytest
import yaml

from modules.runtime.environment import Environment
from modules.simulator.opening import as_text, enrolment, env_text
from modules.simulator.schema import App, Opening, Person, make_converter
from modules.simulator.written_files import write_files

PERSON = Person(upn="kim@x.example", email="k.i.m@x.example", name='김 "Kim": #1', password="canary-password")
WEB = App(name="web", client_id="the-id", secret="canary-secret")
PUBLIC = App(name="public", client_id="other-id", secret=None)
OPENING = Opening(
    http_url="http://127.0.0.1:1",
    https_url=None,
    ca_file=None,
    control_url=None,
    tenant_id="the-tenant",
    domain="x.example",
    apps=(WEB, PUBLIC),
    people=(PERSON,),
    settings={"IDENTITY_PROVIDER": "azure", "AZURE_CLIENT_SECRET": "canary-secret"},
    enrolments=(enrolment(PERSON, WEB, "the-tenant"),),
)


def having(value: str) -> Opening:
    return attrs.evolve(OPENING, settings={"AZURE_CA_FILE": value})


@pytest.mark.parametrize(
    "value",
    ["/plain/ca.pem", "/with space/ca.pem", "/a#b/ #c", "/it's", '/"quoted"', "/back\\slash\\n", "/$HOME", "/한글"],
)
def test_a_value_of_env_is_read_as_it_was_meant(tmp_path: Path, value: str) -> None:
    (tmp_path / ".env").write_text(env_text(having(value)))
    environment = Environment.read({}, tmp_path)
    assert (environment.get("AZURE_CA_FILE"), environment.faults) == (value, ())


def test_an_enrolment_file_is_yaml_whatever_the_name(tmp_path: Path) -> None:
    write_files(OPENING, tmp_path)
    assert yaml.safe_load((tmp_path / "accounts" / "kim.yaml").read_text()) == {
        "account": {"email": "k.i.m@x.example", "name": '김 "Kim": #1'},
        "microsoft_graph": {
            "client_id": "the-id",
            "client_secret": "${AZURE_CLIENT_SECRET}",
            "tenant_id": "the-tenant",
        },
        "oauth": {
            "redirect_uri": "http://localhost:5000/auth/callback",
            "auth_type": "Authorization Code Flow",
            "delegated_permissions": ["openid", "profile", "offline_access", "User.Read", "Mail.Read"],
        },
    }


def test_a_public_client_signs_in_by_device_code_and_has_no_secret() -> None:
    found = yaml.safe_load(enrolment(PERSON, PUBLIC, "t").text)
    assert found["oauth"]["auth_type"] == "Device Code Flow"
    assert set(found["microsoft_graph"]) == {"client_id", "tenant_id"}


def test_files_of_an_earlier_simulator_are_replaced_and_private_again(tmp_path: Path) -> None:
    first = write_files(having("/old"), tmp_path)
    for file in first:
        file.chmod(0o644)
    assert write_files(having("/new"), tmp_path) == first
    assert "/new" in (tmp_path / ".env.simulator").read_text()
    assert {file.stat().st_mode & 0o777 for file in first} == {0o600}
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".env.simulator", "accounts", "kim.yaml"]


@pytest.mark.parametrize("name", [".env.simulator", "accounts/kim.yaml"])
def test_nothing_is_written_if_a_name_is_taken(tmp_path: Path, name: str) -> None:
    (tmp_path / "accounts").mkdir()
    (tmp_path / name).write_text("mine\n")
    with pytest.raises(FileExistsError, match="is not one of the simulator's") as caught:
        write_files(OPENING, tmp_path)
    assert caught.value.filename == str(tmp_path / name)
    assert [path.read_text() for path in tmp_path.rglob("*") if path.is_file()] == ["mine\n"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    write_files(OPENING, tmp_path / "elsewhere")
    (tmp_path / ".env.simulator").symlink_to(tmp_path / "elsewhere" / ".env.simulator")
    with pytest.raises(FileExistsError):
        write_files(OPENING, tmp_path)


def test_no_record_shows_a_secret() -> None:
    assert "canary" not in f"{OPENING!r} {PERSON!r} {WEB!r}"


def test_people_read_passwords_and_settings_and_addresses_that_differ() -> None:
    text = as_text(OPENING)
    assert '  kim@x.example  canary-password  김 "Kim": #1 <k.i.m@x.example>' in text
    assert "\nAZURE_CLIENT_SECRET=canary-secret\n" in text
    assert "Enrolment file kim.yaml\n\n" in text


def test_where_files_were_written_they_are_named_and_not_repeated() -> None:
    text = as_text(attrs.evolve(OPENING, files=(Path("/x/.env.simulator"),)))
    assert "\n  /x/.env.simulator\n" in text
    assert "AZURE_CLIENT_SECRET" not in text


def test_records_become_plain_data() -> None:
    plain = make_converter().unstructure(attrs.evolve(OPENING, ca_file=Path("/ca.pem"), files=(Path("/f"),)))
    assert (plain["ca_file"], plain["files"]) == ("/ca.pem", ["/f"])
    assert plain["people"][0]["password"] == "canary-password"
