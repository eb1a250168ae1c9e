"""What a simulator says when it listens: where, who lives there, and ready-made settings and enrolment files."""

import json
import re
from collections.abc import Sequence

from modules.simulator.schema import App, Enrolment, Mail, Opening, Person
from modules.simulator.simulator import Simulator

WRITTEN_BY = "# Written by: iacsgraph simulator"
REDIRECT_URI = "http://localhost:5000/auth/callback"
PERMISSIONS = ("openid", "profile", "offline_access", "User.Read", "Mail.Read")
_PLAIN = re.compile(r"[\w./:@~+-]*", re.ASCII)


def describe(simulator: Simulator, *, control: bool) -> Opening:
    """Look at a running simulator. The last of several people signs in by device code, the others by browser."""
    directory = simulator.directory
    tenant = directory.tenant
    apps = tuple(_app(simulator, name) for name in ("web", "public", "daemon", "spa"))
    people = tuple(
        Person(upn=user.upn, email=user.mail, name=user.name, password=user.password) for user in directory.users
    )
    web, public, *_ = apps
    by_device = people[1:][-1:]
    return Opening(
        http_url=simulator.http_url,
        https_url=simulator.https_url,
        ca_file=simulator.ca_file,
        control_url=f"{simulator.http_url}/_control" if control else None,
        tenant_id=tenant.tenant_id,
        domain=tenant.domain,
        apps=apps,
        people=people,
        settings=_settings(simulator, web),
        enrolments=tuple(
            enrolment(person, public if person in by_device else web, tenant.tenant_id) for person in people
        ),
    )


def _app(simulator: Simulator, name: str) -> App:
    application = simulator.directory.application(name)
    secret = application.secrets[0].value if application.secrets else None
    return App(name=name, client_id=application.client_id, secret=secret)


def _settings(simulator: Simulator, web: App) -> dict[str, str]:
    url, tenant_id = simulator.https_url or simulator.http_url, simulator.directory.tenant.tenant_id
    settings = {
        "IDENTITY_PROVIDER": "azure",
        "AZURE_CLIENT_ID": web.client_id,
        "AZURE_CLIENT_SECRET": web.secret or "",
        "AZURE_TENANT_ID": tenant_id,
        "AZURE_AUTHORITY": f"{url}/{tenant_id}",
        "AZURE_GRAPH_URL": url,
        "AZURE_REDIRECT_URI": REDIRECT_URI,
    }
    return settings | ({"AZURE_CA_FILE": str(simulator.ca_file)} if simulator.ca_file else {})


def enrolment(person: Person, app: App, tenant_id: str) -> Enrolment:
    """Return the enrolment file of a person. YAML takes JSON's texts as they are; the secret is that of `.env`."""
    sections: dict[str, dict[str, str | Sequence[str]]] = {
        "account": {"email": person.email, "name": person.name},
        "microsoft_graph": {
            "client_id": app.client_id,
            **({"client_secret": "${AZURE_CLIENT_SECRET}"} if app.secret else {}),
            "tenant_id": tenant_id,
        },
        "oauth": {
            "redirect_uri": REDIRECT_URI,
            "auth_type": "Authorization Code Flow" if app.secret else "Device Code Flow",
            "delegated_permissions": PERMISSIONS,
        },
    }
    lines = [WRITTEN_BY]
    for section, values in sections.items():
        lines += [
            f"{section}:",
            *(f"  {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()),
        ]
    return Enrolment(user_id=person.upn.partition("@")[0], text="\n".join(lines) + "\n")


def env_text(opening: Opening) -> str:
    """Return the settings as a `.env` file, whose values are literal: quoted where they hold more than plain signs."""
    lines = [f"{name}={_quoted(value)}" for name, value in opening.settings.items()]
    return "\n".join([WRITTEN_BY, *lines]) + "\n"


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def as_text(opening: Opening) -> str:
    """Return what people read; lines that are for a file stand alone, so that they can be copied."""
    parts = [_places(opening), _people(opening), *([_mail(opening.mail)] if opening.mail else [])]
    if opening.files:
        parts += ["\n".join(["Written (the first is for your .env)", *(f"  {file}" for file in opening.files), ""])]
    else:
        parts += [f"Settings, for your .env\n\n{env_text(opening)}"]
        parts += [f"Enrolment file {each.user_id}.yaml\n\n{each.text}" for each in opening.enrolments]
    return "\n".join([*parts, "Ctrl-C ends it."])


def _places(opening: Opening) -> str:
    places = {
        "listens on": opening.http_url,
        "with TLS": opening.https_url,
        "CA": opening.ca_file,
        "control": f"{opening.control_url}/state" if opening.control_url else None,
        "tenant": f"{opening.tenant_id} ({opening.domain})",
    }
    lines = [f"  {name:<12}{place}" for name, place in places.items() if place]
    return "\n".join(["A simulated Entra ID", *lines, ""])


def _people(opening: Opening) -> str:
    width = max(len(person.upn) for person in opening.people)
    lines = [f"  {person.upn:<{width}}  {person.password}  {_called(person)}" for person in opening.people]
    return "\n".join(["People, with their passwords", *lines, ""])


def _mail(mail: Mail) -> str:
    lines = [f"  each person has {mail.mails}"]
    if mail.per_minute:
        lines.append(f"  {mail.per_minute:g} more are sent in a minute")
    lines += [f"  chair       {chair}" for chair in mail.chairs]
    lines.append(f"  the truth   {mail.truth or 'is written to truth.json with --write'}")
    return "\n".join(["Mail", *lines, ""])


def _called(person: Person) -> str:
    return person.name if person.email == person.upn else f"{person.name} <{person.email}>"
