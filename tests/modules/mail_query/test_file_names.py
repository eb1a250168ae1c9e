"""Names for files that strangers have named."""

import unicodedata
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.mail_query.file_names import numbered, safe_name


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("report.pdf", "report.pdf"),
        ("보고서 최종.pdf", "보고서 최종.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("/etc/passwd", "_etc_passwd"),
        ("..\\..\\boot.ini", "_.._boot.ini"),
        ("C:\\x.txt", "C__x.txt"),
        (".bashrc", "bashrc"),
        ("..", "attachment"),
        ("", "attachment"),
        (None, "attachment"),
        ("///", "attachment"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("COM1.tar.gz", "_COM1.tar.gz"),
        ("console.txt", "console.txt"),
        ("a\x00b\nc.txt", "a b c.txt"),
        ("invoice\u202efdp.exe", "invoice fdp.exe"),
        ("dots... ", "dots"),
        ("e\u0301.txt", "\u00e9.txt"),
    ],
)
def test_a_name_stays_in_its_directory_and_as_like_itself_as_can_be(name: str | None, wanted: str) -> None:
    assert safe_name(name) == wanted


@given(st.text(max_size=300))
def test_every_name_is_one_part_of_a_path_for_any_system(name: str) -> None:
    found = safe_name(name)
    assert found
    assert Path(found).name == found
    assert len(found.encode()) <= 210
    assert not set(found) & set('/\\<>:"|?*')
    assert all(unicodedata.category(each)[0] != "C" for each in found)
    assert found[0] not in ". "
    assert found[-1] not in ". "


def test_a_long_name_keeps_its_extension() -> None:
    found = safe_name("가" * 200 + ".pdf")
    assert found.endswith("가.pdf")
    assert len(found.encode()) <= 200


def test_other_names_are_numbered_before_the_extension() -> None:
    assert list(islice(numbered("a.tar.gz"), 3)) == ["a.tar.gz", "a.tar (2).gz", "a.tar (3).gz"]
    assert list(islice(numbered("README"), 2)) == ["README", "README (2)"]
