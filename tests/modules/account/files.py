"""Enrolment files as people write them."""

from pathlib import Path

DATABASE, DIRECTORY = "iacsgraph.db", "enrollment"
CANARY = "canary-client-secret"
PEM = """\
-----BEGIN PRIVATE KEY-----
Y2FuYXJ5LWtleQ==
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
Y2FuYXJ5LWNlcnRpZmljYXRl
-----END CERTIFICATE-----"""
PREDECESSOR = f"""\
# 계정 등록 파일
account:
  email: "kimghw@office.example"
  name: "김기환"

microsoft_graph:
  client_id: "11111111-2222-3333-4444-555555555555"
  client_secret: "{CANARY}"
  tenant_id: "66666666-7777-8888-9999-000000000000"

oauth:
  redirect_uri: "http://localhost:5000/auth/callback"
  auth_type: "Authorization Code Flow"
  delegated_permissions:
    - "Mail.ReadWrite"
    - "Mail.Send"
    - "offline_access"
"""
"""A file of the previous system, line by line; its user id is its name."""


def with_line(number: int, line: str | None) -> str:
    """Return that file with one line (from 1) replaced, or left out."""
    lines = PREDECESSOR.splitlines()
    lines[number - 1 : number] = [] if line is None else line.splitlines()
    return "\n".join(lines) + "\n"


def without(first: int, last: int) -> str:
    """Return that file without some lines (from 1)."""
    lines = PREDECESSOR.splitlines()
    return "\n".join([*lines[: first - 1], *lines[last:]]) + "\n"


def simple(email: str, name: str = "Somebody", *more: str) -> str:
    """Return a file of an account that uses the global application."""
    return "\n".join(["account:", f"  email: {email}", f"  name: {name}", *(f"  {line}" for line in more), ""])


def write(directory: Path, **texts: str) -> None:
    """Write files by their stems."""
    for stem, text in texts.items():
        (directory / f"{stem}.yaml").write_text(text, encoding="utf-8")


OF_ACCOUNTS = (
    ("account", "enroll"),
    ("account", "check"),
    ("account", "list"),
    ("account", "show", "ann"),
    ("account", "audit", "ann"),
    ("account", "lock", "ann"),
    ("account", "unlock", "ann"),
    ("account", "deactivate", "ann"),
    ("account", "activate", "ann"),
    ("account", "rename", "ann", "ANN"),
)
"""Every command of the module, for an account `ann`."""


def write_canaries(directory: Path, one: str, two: str) -> None:
    """Write a good file with two secrets, and files that have them where no secret belongs."""
    enrollment = directory / DIRECTORY
    enrollment.mkdir()
    write(
        enrollment,
        ann=with_line(8, f"  client_secret: [{one}, {two}]"),
        bad=with_line(8, f"  client_secret: 5\n  {one}: '{two}'\nmail: {one}"),
        worse=f"- {one}\n{two}: !{one}!x {two}\n",
    )
