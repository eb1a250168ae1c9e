"""The `.env` that `init` writes."""

from pathlib import Path
from typing import Any

from attrs import NOTHING, Attribute, fields, frozen

from modules.runtime.env_template import GROUPS, env_template
from modules.runtime.environment import Environment
from modules.runtime.settings import DatabaseSettings, EncryptionSettings, LogSettings, TimeSettings
from modules.runtime.settings_loading import load
from modules.runtime.variables import Variable
from tests.modules.runtime.samples import KEY

VARIABLES = [a.validator for _, group in GROUPS for a in fields(group) if isinstance(a.validator, Variable)]


@frozen(kw_only=True)
class AtFirst:
    """What must work right after `init`."""

    database: DatabaseSettings
    encryption: EncryptionSettings
    log: LogSettings
    time: TimeSettings


def environment(folder: Path, text: str) -> Environment:
    (folder / ".env").write_text(text, encoding="utf-8")
    return Environment.read({}, folder)


def default_of(group: type[Any], attribute: "Attribute[Any]") -> object:
    """Return a field's default, also one that follows from other defaults."""
    follows = not isinstance(attribute.default, str | int | tuple)
    return getattr(group(), attribute.name) if follows else attribute.default


def test_a_new_file_loads_with_its_key_and_the_defaults(tmp_path: Path) -> None:
    settings = load(AtFirst, environment(tmp_path, env_template(encryption_key=KEY)))
    assert settings == AtFirst(
        database=DatabaseSettings(path=Path("data/iacsgraph.db")),
        encryption=EncryptionSettings(keys=(KEY,)),
        log=LogSettings(),
        time=TimeSettings(),
    )


def test_every_variable_is_explained_with_an_example() -> None:
    text = env_template(encryption_key=KEY)
    for variable in VARIABLES:
        assert f"# {variable.meaning}." in text
        assert f"\n{variable.name}=" in text or f"\n# {variable.assignment}\n" in text


def test_every_example_is_a_good_value_and_every_shown_default_is_the_default(tmp_path: Path) -> None:
    """Uncommenting any line must work, and must change nothing where the file says that it shows the default."""
    text = env_template(encryption_key=KEY)
    for variable in VARIABLES:
        text = text.replace(f"# {variable.name}=", f"{variable.name}=")
    source = environment(tmp_path, text)
    for _, group in GROUPS:
        settings: object = load(group, source)
        shown = [a for a in fields(group) if a.default not in {NOTHING, None, ()}]
        assert [getattr(settings, a.name) for a in shown] == [default_of(group, a) for a in shown]
