"""What the command prints, as records. All of them hold secrets, of people that exist nowhere else."""

import json
from pathlib import PurePath

import attrs
import cattrs


@attrs.frozen(kw_only=True)
class Person:
    """Somebody who can sign in."""

    upn: str
    email: str
    name: str
    password: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class App:
    """An app registration. `secret` is None for a public client."""

    name: str
    client_id: str
    secret: str | None = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Enrolment:
    """The content of an enrolment file, by the file's name without its suffix."""

    user_id: str
    text: str


@attrs.frozen(kw_only=True)
class Mail:
    """The mail that there is: how much each person has, and how much is sent in a minute from now on.

    `chairs`: whose mails are those of a panel's chair. `truth`: the file of what is true about each mail.
    """

    mails: int
    per_minute: float
    chairs: tuple[str, ...]
    truth: PurePath | None


@attrs.frozen(kw_only=True)
class Opening:
    """What a simulator says when it listens. `settings`: variables for `.env`; `files`: what was written."""

    http_url: str
    https_url: str | None
    ca_file: PurePath | None
    control_url: str | None
    tenant_id: str
    domain: str
    apps: tuple[App, ...]
    people: tuple[Person, ...]
    settings: dict[str, str] = attrs.field(repr=False)
    enrolments: tuple[Enrolment, ...]
    files: tuple[PurePath, ...] = ()
    mail: Mail | None = None


@attrs.frozen(kw_only=True)
class Orders:
    """What a simulator in a process of its own is told to begin with. `mails` is of each person, times are seconds."""

    directory: str
    mails: int
    seed: int
    users: int
    token_lifetime: int


def read_orders(text: str) -> Orders:
    """Read them from JSON. Raises: ValueError, or what cattrs raises."""
    return make_converter().structure(json.loads(text), Orders)


def make_converter() -> cattrs.Converter:
    """Return the converter of these records: paths as text."""
    converter = cattrs.Converter()
    converter.register_unstructure_hook(PurePath, str)
    return converter
