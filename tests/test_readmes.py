"""The README in English and in Korean say the same, and all of it: commands, settings, headings, links."""

import re
from pathlib import Path

import attrs
import click
import pytest

from modules.account.settings import EnrolmentSettings
from modules.iacsgraph.cli import root
from modules.runtime.env_template import env_template
from modules.runtime.variables import Variable

ROOT = Path(__file__).parents[1]
ENGLISH, KOREAN = "README.md", "README.ko.md"
BOTH = (ENGLISH, KOREAN)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#([^)]+))?\)")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def headings(text: str) -> list[int]:
    """Return their levels, in order."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [len(found) for found in re.findall(r"^(#+) ", prose, re.MULTILINE)]


def shell_lines(text: str) -> list[str]:
    """Return what is typed, without the comments."""
    return [re.sub(r"\s+#.*", "", line) for line in re.findall(r"^\$ (.+)$", text, re.MULTILINE)]


def commands(text: str) -> list[str]:
    """Return what the table of commands names, row by row."""
    rows = re.findall(r"^\| (`iacsgraph [^|]*(?:\\\|[^|]*)*) \| ", text, re.MULTILINE)
    return [row.replace("\\|", "|") for row in rows]


def excerpt(text: str) -> list[str]:
    """Return the lines of the report that is shown."""
    blocks: list[str] = re.findall(r"^```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return next(block for block in blocks if "[ok]" in block).splitlines()


def settings(text: str) -> list[list[str]]:
    """Return what the table of settings names, row by row."""
    cells = [row.split(" | ")[0] for row in text.splitlines() if re.match(r"\| `[A-Z_]+`", row)]
    return [re.findall(r"`([A-Z_]+)`", cell) for cell in cells]


def anchors(page: Path) -> set[str]:
    """Return the fragments of a page's headings."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in found}


def leaf_commands(group: click.Group, names: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    context, found = click.Context(group), list[tuple[str, ...]]()
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            found += leaf_commands(command, (*names, name))
        else:
            found.append((*names, name))
    return found


def test_both_have_the_same_headings() -> None:
    assert headings(text_of(ENGLISH)) == headings(text_of(KOREAN))
    assert len(headings(text_of(ENGLISH))) > 8


def test_both_show_the_same_commands_to_type() -> None:
    assert shell_lines(text_of(ENGLISH)) == shell_lines(text_of(KOREAN))
    assert "iacsgraph up" in shell_lines(text_of(ENGLISH))


def test_both_list_the_same_commands() -> None:
    assert commands(text_of(ENGLISH)) == commands(text_of(KOREAN))


def test_every_command_is_listed() -> None:
    listed = [set(re.findall(r"[\w-]+", row)) for row in commands(text_of(ENGLISH))]
    missing = [names for names in leaf_commands(root) if not any({*names} <= words for words in listed)]
    assert missing == []


@pytest.mark.parametrize("name", BOTH)
def test_every_setting_is_in_the_table_and_no_other(name: str) -> None:
    known = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", env_template(encryption_key="key"), re.MULTILINE))
    own = {each.validator.name for each in attrs.fields(EnrolmentSettings) if isinstance(each.validator, Variable)}
    named = [each for row in settings(text_of(name)) for each in row]
    assert sorted(named) == sorted(known | own)
    assert {"IACSGRAPH_ENV_FILE", "DATABASE_URL"} <= set(re.findall(r"[A-Z_]+", text_of(name)))


def test_both_name_the_same_settings_row_by_row() -> None:
    assert settings(text_of(ENGLISH)) == settings(text_of(KOREAN))


def test_both_show_the_same_report() -> None:
    assert excerpt(text_of(ENGLISH)) == excerpt(text_of(KOREAN))


@pytest.mark.parametrize("name", BOTH)
def test_every_link_leads_to_a_page_and_a_heading_that_is_there(name: str) -> None:
    links = [(page, anchor) for page, anchor in _LINK.findall(text_of(name)) if "://" not in page]
    assert len(links) > 10
    for page, anchor in links:
        assert (ROOT / page).is_file(), page
        assert not anchor or anchor in anchors(ROOT / page), f"{page}#{anchor}"


def test_each_links_to_the_other() -> None:
    assert f"]({KOREAN})" in text_of(ENGLISH)
    assert f"]({ENGLISH})" in text_of(KOREAN)
    assert _LINK.findall(text_of(ENGLISH))[1:] == _LINK.findall(text_of(KOREAN))[1:]
