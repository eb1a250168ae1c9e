"""The text of a new `.env`, from the same descriptions that read it. environs is not needed to write it."""

from collections.abc import Iterator
from typing import Any

from attrs import NOTHING, Attribute, fields

from modules.runtime.environment import ENV_FILE
from modules.runtime.event_settings import EventSettings, KafkaSettings
from modules.runtime.settings import (
    AzureSettings,
    DatabaseSettings,
    EncryptionSettings,
    GraphSettings,
    LogSettings,
    MailProcessingSettings,
    OpenAISettings,
    ProviderSettings,
    SignInServerSettings,
    TimeSettings,
)
from modules.runtime.sync_settings import SyncSettings
from modules.runtime.up_settings import UpSettings
from modules.runtime.variables import Variable

GROUPS: tuple[tuple[str, type], ...] = (
    ("Database", DatabaseSettings),
    ("Security", EncryptionSettings),
    ("Identity provider", ProviderSettings),
    ("Azure OAuth", AzureSettings),
    ("Microsoft Graph", GraphSettings),
    ("Mail sync", SyncSettings),
    ("Mail processing", MailProcessingSettings),
    ("Mail read by a model", OpenAISettings),
    ("Sign-in server", SignInServerSettings),
    ("Events", EventSettings),
    ("Kafka", KafkaSettings),
    ("All at once", UpSettings),
    ("Logging", LogSettings),
    ("Time", TimeSettings),
)
_HEAD = f"""\
# Settings of IACSGraph. The process's environment wins over this file; {ENV_FILE} names another file.
# Values are taken literally. A line that begins with # sets nothing: it shows the default or an example.
# This file holds secrets: keep it readable for its owner only, and out of version control.
"""


def env_template(*, encryption_key: str) -> str:
    """Explain every variable with an example; the database's path and the key are set, the rest is commented out."""
    live = {"ENCRYPTION_KEY": encryption_key, "DATABASE_PATH": None}
    sections = ["\n".join([f"# --- {title} ---", "", *_section(group, live)]) for title, group in GROUPS]
    return "\n".join([_HEAD, *sections])


def _section(group: type, live: dict[str, str | None]) -> Iterator[str]:
    attribute: Attribute[Any]
    for attribute in fields(group):
        variable = attribute.validator
        if isinstance(variable, Variable):
            yield f"# {variable.meaning}."
            yield f"# {_need(attribute)}"
            yield _assignment(variable, live)
            yield ""


def _need(attribute: "Attribute[Any]") -> str:
    if attribute.default is NOTHING:
        return "Required where it is used."
    return "Optional." if attribute.default in {None, ()} else "Optional; the default is shown."


def _assignment(variable: Variable[Any], live: dict[str, str | None]) -> str:
    if variable.name not in live:
        return f"# {variable.assignment}"
    return f"{variable.name}={live[variable.name] or variable.example}"
