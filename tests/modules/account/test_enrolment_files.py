"""Enrolment files: those of the previous system work, and every fault is told with its line and without a value."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.enrolments import Enrolment
from domain.account import AuthFlow, OAuthApplication
from domain.errors import NotFoundError
from modules.account.enrolment_files import EnrolmentFile, find_files, read_file
from modules.runtime.environment import Environment
from tests.domain.strategies import emails, visible
from tests.modules.account.files import CANARY, PEM, PREDECESSOR, simple, with_line, without

NOWHERE = Environment.of({})


def read(directory: Path, text: str | bytes, name: str = "kimghw.yaml", **variables: str) -> EnrolmentFile:
    """Write a file and read it; nothing that is said of it may quote a secret."""
    path = directory / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    file = read_file(path, Environment.of(variables))
    assert CANARY not in f"{file!r} {file.faults}"
    return file


def enrolment(directory: Path, text: str, name: str = "kimghw.yaml", **variables: str) -> Enrolment:
    """Return what a good file says."""
    file = read(directory, text, name, **variables)
    assert file.faults == ()
    assert file.wanted is not None
    return file.wanted


def faults(directory: Path, text: str | bytes, **variables: str) -> list[tuple[int, str]]:
    """Return the faults of a bad file."""
    file = read(directory, text, **variables)
    assert file.wanted is None
    return [(fault.line, fault.problem) for fault in file.faults]


def credentials(directory: Path, line: str, **variables: str) -> tuple[str, ...]:
    """Return the credentials of a file whose line of the client secret is another."""
    application = enrolment(directory, with_line(8, line), **variables).application
    assert application is not None
    return application.client_secrets


def test_a_file_of_the_previous_system_is_read_as_it_is(tmp_path: Path) -> None:
    assert enrolment(tmp_path, PREDECESSOR) == Enrolment(
        source=str(tmp_path / "kimghw.yaml"),
        email="kimghw@office.example",
        name="김기환",
        user_id="kimghw",
        application=OAuthApplication(
            client_id="11111111-2222-3333-4444-555555555555",
            tenant_id="66666666-7777-8888-9999-000000000000",
            flow=AuthFlow.AUTHORIZATION_CODE,
            scopes=("Mail.ReadWrite", "Mail.Send", "offline_access"),
            redirect_uri="http://localhost:5000/auth/callback",
            client_secrets=(CANARY,),
        ),
    )


@pytest.mark.parametrize(
    ("name", "line", "user_id"),
    [
        ("krsdtp.yaml", None, "krsdtp"),
        ("krsdtp.yml", None, "krsdtp"),
        ("krs.dtp.YAML", None, "krs.dtp"),
        ("KimGHW@office.example.yaml", None, None),
        ("krsdtp.yaml", "kim", "kim"),
        ("kimghw@office.example.yaml", "kim", "kim"),
        ("krsdtp.yaml", '""', "krsdtp"),
        ("krsdtp.yaml", "", "krsdtp"),
    ],
)
def test_the_user_id_is_named_or_the_file_s_name_or_left_to_the_address(
    tmp_path: Path, name: str, line: str | None, user_id: str | None
) -> None:
    text = PREDECESSOR if line is None else with_line(4, f"  name: Kim\n  user_id: {line}")
    assert enrolment(tmp_path, text, name).user_id == user_id


@pytest.mark.parametrize(
    ("label", "flow"),
    [
        ("Authorization Code Flow", AuthFlow.AUTHORIZATION_CODE),
        ("Device Code Flow", AuthFlow.DEVICE_CODE),
        ("Client Credentials", AuthFlow.CLIENT_CREDENTIALS),
    ],
)
def test_the_three_flows_are_known_by_their_names(tmp_path: Path, label: str, flow: AuthFlow) -> None:
    application = enrolment(tmp_path, with_line(13, f'  auth_type: "{label}"')).application
    assert application is not None
    assert application.flow is flow


@pytest.mark.parametrize("flow", ["Device Code Flow", "Client Credentials"])
def test_only_the_flow_with_a_browser_needs_a_redirect_uri(tmp_path: Path, flow: str) -> None:
    text = without(12, 12).replace("Authorization Code Flow", flow)
    application = enrolment(tmp_path, text).application
    assert application is not None
    assert application.redirect_uri is None
    assert faults(tmp_path, without(12, 12)) == [(11, "oauth.redirect_uri is missing")]


def test_without_an_application_of_its_own_the_account_uses_the_global_one(tmp_path: Path) -> None:
    assert enrolment(tmp_path, without(5, 17)).application is None
    file = read(tmp_path, without(6, 10))
    assert file.wanted is not None
    assert file.wanted.application is None
    assert "oauth has no effect" in file.notes[0]


@pytest.mark.parametrize("line", ["", "  client_secret:", '  client_secret: ""', "  client_secret: []"])
def test_without_a_client_secret_it_is_a_public_client(tmp_path: Path, line: str) -> None:
    assert credentials(tmp_path, line) == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  client_secret: [first, second, first]", ("first", "second")),
        ("  client_secret:\n    - first\n    - ${ONE}", ("first", "one")),
        ("  client_secret: ${ONE}", ("one",)),
        ("  client_secret: file:secret.txt", ("from a file",)),
        ("  client_secret: file:sub/../secret.txt", ("from a file",)),
        ("  client_secret: a${ONE}", ("a${ONE}",)),
        ("  client_secret: |\n    block", ("block",)),
        ("  client_certificate: file:both.pem\n  client_secret: second", (PEM, "second")),
        ("  client_secret: second\n  client_certificate: ${PEM}", (PEM, "second")),
        ("  client_secret: file:both.pem", (PEM,)),
        ("  client_certificate:\n    - file:windows.pem", (PEM,)),
        ("  client_certificate: |\n" + "\n".join(f"    {line}" for line in PEM.splitlines()), (PEM,)),
    ],
)
def test_credentials_are_texts_or_lists_or_variables_or_files_beside_it(
    tmp_path: Path, line: str, expected: tuple[str, ...]
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "secret.txt").write_text("from a file\n")
    (tmp_path / "both.pem").write_text(f"Bag Attributes\n    localKeyID: 01\n{PEM}\n")
    (tmp_path / "windows.pem").write_bytes(PEM.replace("\n", "\r\n").encode())
    assert credentials(tmp_path, line, ONE="one", PEM=PEM) == expected


MISSING = "is missing"
EMPTY = "must not be empty"
QUOTES = "must be text (put it in quotes)"
FLOWS = "oauth.auth_type must be one of: Authorization Code Flow, Device Code Flow, Client Credentials"
FAULTS: dict[str, tuple[str | bytes, list[tuple[int, str]]]] = {
    "empty": ("", [(1, "is empty")]),
    "only a comment": ("# nothing\n", [(1, "is empty")]),
    "null": ("null\n", [(1, "is empty (fill it in, or leave it out if it may be missing)")]),
    "a text": (CANARY, [(1, "must be a mapping (name and value on each line)")]),
    "not UTF-8": (b"account:\n  email: \xff\n", [(2, "is not UTF-8 text")]),
    "NUL": ("account:\n\x00", [(2, "holds a character that YAML does not allow")]),
    "no YAML": (f"account:\n  email: '{CANARY}\n", [(3, "is not YAML here (found unexpected end of stream)")]),
    "a handle that is a secret": (f"a: !{CANARY}!x y\n", [(1, "is not YAML here (it cannot be read)")]),
    "no tabs": (
        "account:\n\temail: x\n",
        [(2, "is not YAML here (found character '\\t' that cannot start any token)")],
    ),
    "colon in a value": (
        f"account:\n  name: a: {CANARY}\n",
        [(2, "is not YAML here (mapping values are not allowed here)")],
    ),
    "an escape too large": ('account: "\\Uffffffff"\n', [(1, "is not YAML here")]),
    "two documents": (
        f"{simple('a@b', 'X')}---\n{simple('c@d', 'Y')}",
        [(4, "begins a second document: one file is one account")],
    ),
    "an alias": (
        "account: &a\n  email: a@b\n  name: *a\n",
        [(3, "holds an alias (*), which is not accepted")],
    ),
    "deep": ("[" * 9 + "]" * 9, [(1, "is not YAML here (too deeply nested)")]),
    "a tag": (
        f"account: !!python/object/apply:os.system ['{CANARY}']\n",
        [(1, "has a tag (!), which is not accepted")],
    ),
    "a tag of its own": ("account:\n  email: !secret a@b\n  name: x\n", [(2, "has a tag (!), which is not accepted")]),
    "a key twice": (
        with_line(9, "  tenant_id: a.example\n  client_id: again"),
        [(10, "gives client_id a second time")],
    ),
    "a list for a key": ("? [a]\n: b\n", [(1, "has a mapping or a list for a key")]),
    "no account": (without(2, 4), [(1, "account is missing")]),
    "no email": (with_line(3, None), [(2, "account.email is missing")]),
    "no name": (with_line(4, None), [(2, "account.name is missing")]),
    "no client id": (with_line(7, None), [(6, "microsoft_graph.client_id is missing")]),
    "no tenant": (with_line(9, None), [(6, "microsoft_graph.tenant_id is missing")]),
    "no oauth": (without(11, 17), [(1, "oauth is missing")]),
    "no flow": (with_line(13, None), [(11, "oauth.auth_type is missing")]),
    "no permissions": (without(14, 17), [(11, "oauth.delegated_permissions is missing")]),
    "an empty section": (
        "account:\n",
        [(1, "account is empty (fill it in, or leave it out if it may be missing)")],
    ),
    "an empty application": (
        without(7, 9),
        [(6, "microsoft_graph is empty (fill it in, or leave it out if it may be missing)")],
    ),
    "a section that is a list": (
        "account: [a]\n",
        [(1, "account must be a mapping (name and value on each line)")],
    ),
    "an empty text": (with_line(4, '  name: ""'), [(4, "account.name must not be empty")]),
    "a number": (with_line(4, "  name: 12"), [(4, f"account.name {QUOTES}")]),
    "a yes": (with_line(4, "  name: yes"), [(4, f"account.name {QUOTES}")]),
    "a list for a text": (with_line(4, "  name: [Kim]"), [(4, "account.name must be text")]),
    "spaces around": (with_line(4, '  name: " Kim"'), [(4, "account.name must not begin or end with white space")]),
    "a control character": (
        with_line(4, '  name: "a\\x07b"'),
        [(4, "account.name must not hold line breaks, control characters or broken Unicode")],
    ),
    "half a character": (
        with_line(4, '  name: "a\\ud800b"'),
        [(4, "account.name must not hold line breaks, control characters or broken Unicode")],
    ),
    "no address": (with_line(3, "  email: kim"), [(3, "account.email is not an e-mail address")]),
    "a long user id": (
        with_line(4, f"  name: x\n  user_id: {'k' * 321}"),
        [(5, "account.user_id must not be longer than 320 characters")],
    ),
    "a wrong tenant": (
        with_line(9, "  tenant_id: a/b"),
        [(9, "microsoft_graph.tenant_id is not a tenant (a GUID, a domain, common, organizations or consumers)")],
    ),
    "a wrong flow": (with_line(13, f"  auth_type: {CANARY}"), [(13, FLOWS)]),
    "a flow in a list": (with_line(13, "  auth_type: [Device Code Flow]"), [(13, FLOWS)]),
    "one permission": (
        without(15, 17).replace("permissions:", "permissions: Mail.Read"),
        [(14, "oauth.delegated_permissions must be a list")],
    ),
    "permissions": (
        with_line(16, "    - Mail Send\n    - 5"),
        [
            (16, "oauth.delegated_permissions item 2 is empty or holds a space or a control character"),
            (17, f"oauth.delegated_permissions item 3 {QUOTES}"),
        ],
    ),
    "an unknown key": (with_line(4, "  name: Kim\n  telephone: 5"), [(5, "account.telephone is not known here")]),
    "a secret for a key": (with_line(4, f"  name: Kim\n  {CANARY}: 5"), [(5, "account.a key is not known here")]),
    "an unknown section": (PREDECESSOR + "mail: x\n", [(18, "mail is not known here")]),
    "a secret that is a number": (
        with_line(8, "  client_secret: 12"),
        [(8, f"microsoft_graph.client_secret item 1 {QUOTES}")],
    ),
    "a secret in two lines": (
        with_line(8, f"  client_secret: |\n    {CANARY}\n    b"),
        [(8, "microsoft_graph.client_secret item 1 must not hold line breaks, control characters or broken Unicode")],
    ),
    "an empty secret in a list": (
        with_line(8, "  client_secret:\n    - a\n    - ''"),
        [(10, "microsoft_graph.client_secret item 2 must not be empty")],
    ),
    "a variable that is not set": (
        with_line(8, "  client_secret: ${NOT_SET}"),
        [(8, "microsoft_graph.client_secret item 1 names the variable NOT_SET, which is not set")],
    ),
    "half a variable": (
        with_line(8, f'  client_secret: "${{{CANARY}"'),
        [(8, "microsoft_graph.client_secret item 1 is not ${NAME}")],
    ),
    "a file that is missing": (
        with_line(8, f"  client_secret: file:{CANARY}"),
        [(8, "microsoft_graph.client_secret item 1 names a file that cannot be read (No such file or directory)")],
    ),
    "a directory for a file": (
        with_line(8, "  client_secret: file:."),
        [(8, "microsoft_graph.client_secret item 1 names a file that cannot be read (Is a directory)")],
    ),
    "a device for a file": (
        with_line(8, "  client_secret: file:/dev/zero"),
        [(8, "microsoft_graph.client_secret item 1 names a file that cannot be read (it is no regular file)")],
    ),
    "no certificate": (
        with_line(8, f"  client_certificate: {CANARY}"),
        [(8, "microsoft_graph.client_certificate item 1 holds no certificate in PEM form")],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_told_with_its_line_and_without_a_value(tmp_path: Path, name: str) -> None:
    text, expected = FAULTS[name]
    assert faults(tmp_path, text) == expected


def test_a_certificate_needs_a_key_without_a_passphrase(tmp_path: Path) -> None:
    key, certificate = PEM.split("\n-----BEGIN CERTIFICATE")
    pems = {
        "ALONE": f"-----BEGIN CERTIFICATE{certificate}",
        "LOCKED": PEM.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
        "KEY": key,
    }
    told = [faults(tmp_path, with_line(8, f"  client_certificate: ${{{name}}}"), **pems)[0][1] for name in pems]
    assert [each.removeprefix("microsoft_graph.client_certificate item 1 ") for each in told] == [
        "holds no private key in PEM form",
        "holds a private key with a passphrase; store it without one",
        "holds no certificate in PEM form",
    ]


def test_all_faults_of_a_file_are_told_at_once_in_their_order(tmp_path: Path) -> None:
    text = f"""\
account:
  email: kim
  nick: x
  email: kim@office.example
microsoft_graph:
  client_id: 5
  client_secret: [{CANARY}, "${{NOT_SET}}", file:missing]
oauth:
  auth_type: Device
  delegated_permissions: Mail.Read
"""
    found = faults(tmp_path, text)
    assert [line for line, _ in found] == sorted(line for line, _ in found)
    assert [problem.split(" ")[0] for _, problem in found] == [
        "account.name",
        "account.email",
        "account.nick",
        "gives",
        "microsoft_graph.tenant_id",
        "microsoft_graph.client_id",
        "oauth.auth_type",
        "oauth.delegated_permissions",
    ]


def test_a_file_name_that_cannot_be_a_user_id_is_a_fault_unless_one_is_named(tmp_path: Path) -> None:
    name = os.fsdecode(b"k\xffm.yaml")
    (fault,) = read(tmp_path, simple("kim@a.example"), name).faults
    assert (fault.line, "the file's name cannot be one" in fault.problem) == (1, True)
    assert enrolment(tmp_path, simple("kim@a.example", "Kim", "user_id: kim"), name).user_id == "kim"


def test_what_is_no_file_of_a_person_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "dir.yaml").mkdir()
    (tmp_path / "large.yaml").write_text("#" * 70_000)
    for name, reason in (("pipe", "regular"), ("dir", "directory"), ("large", "longer than"), ("none", "No such file")):
        (fault,) = read_file(tmp_path / f"{name}.yaml", NOWHERE).faults
        assert reason in fault.problem


def test_the_files_of_a_directory_are_found_by_name_each_once(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "C.YAML", ".hidden.yaml", "notes.txt", "a.yaml.bak"):
        (tmp_path / name).write_text("")
    found = find_files([tmp_path, tmp_path / "b.yaml"])
    assert [file.name for file in found.files] == ["C.YAML", "a.yml", "b.yaml"]
    assert found.directories
    assert not find_files([tmp_path / "notes.txt"]).directories
    (tmp_path / "empty").mkdir()
    for missing in (tmp_path / "nowhere", tmp_path / "empty"):
        with pytest.raises(NotFoundError):
            find_files([missing])


tokens = st.sampled_from(
    [*PREDECESSOR.splitlines(), "a: &x", "b: *x", "- ", "---", "  :", "\t", "'", '"', "[", "{", "!!t", "|"]
)
shuffled = st.lists(tokens | st.text(max_size=20), max_size=25).map("\n".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=200) | shuffled.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_whatever_a_file_holds_it_is_an_enrolment_or_has_faults(tmp_path: Path, raw: bytes) -> None:
    file = read(tmp_path, raw)
    assert (file.wanted is None) == bool(file.faults)
    assert all(fault.line >= 1 and fault.problem for fault in file.faults)


texts = visible.filter(lambda text: text.isprintable())
words = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20).filter(
    lambda text: not text.startswith(("$", "file:", "-----BEGIN "))
)
graphs = st.fixed_dictionaries(
    {"client_id": words, "tenant_id": st.from_regex(r"[a-z0-9.-]{1,20}", fullmatch=True)},
    optional={"client_secret": words | st.lists(words, max_size=3)},
)
oauths = st.fixed_dictionaries(
    {
        "auth_type": st.sampled_from(["Authorization Code Flow", "Device Code Flow", "Client Credentials"]),
        "redirect_uri": words,
        "delegated_permissions": st.lists(words, max_size=4, unique=True),
    }
)
good_files: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"account": st.fixed_dictionaries({"email": emails, "name": texts, "user_id": texts})}
) | st.fixed_dictionaries(
    {
        "account": st.fixed_dictionaries({"email": emails, "name": texts, "user_id": texts}),
        "microsoft_graph": graphs,
        "oauth": oauths,
    }
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=good_files, flow=st.booleans())
def test_whatever_is_written_as_it_must_be_is_read_back(
    tmp_path: Path,
    data: dict[str, Any],
    flow: bool,  # noqa: FBT001 - drawn
) -> None:
    wanted = enrolment(tmp_path, yaml.safe_dump(data, allow_unicode=True, default_flow_style=flow))
    account, graph, oauth = data["account"], data.get("microsoft_graph"), data.get("oauth")
    assert (wanted.email, wanted.name, wanted.user_id) == (account["email"], account["name"], account["user_id"])
    if graph is None:
        assert wanted.application is None
        return
    assert wanted.application is not None
    assert oauth is not None
    given = graph.get("client_secret", [])
    assert wanted.application.client_secrets == tuple(dict.fromkeys([given] if isinstance(given, str) else given))
    assert wanted.application.client_id == graph["client_id"]
    assert wanted.application.tenant_id == graph["tenant_id"]
    assert wanted.application.scopes == tuple(oauth["delegated_permissions"])
    assert wanted.application.redirect_uri == oauth["redirect_uri"]
