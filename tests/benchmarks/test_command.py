"""What the command makes of the numbers that came out: its exit code, and tables in the documentation."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.harness.plan import Limit, Size
from benchmarks.harness.rounds import Line, Outcome

NAMES = ("agenda-codes", "start-up")


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let `start-up` cost twice what `agenda-codes` does, which at most may cost 1.5, without measuring anything."""

    def measured(name: str, size: Size, rounds: int) -> Outcome:
        del size, rounds
        value = 1.0 + NAMES.index(name)
        line = Line(label="cost", median=value, low=value, high=value, limit=Limit(at_most=1.5))
        return Outcome(name=name, title="A title", rounds=2, lines=(line,))

    path = tmp_path / "performance.md"
    path.write_text("".join(f"<!-- {name} -->\n<!-- end of {name} -->\n" for name in NAMES))
    monkeypatch.setattr(command, "_in_child", measured)
    monkeypatch.setattr(command, "_DOCUMENT", path)
    return path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["agenda-codes"], 0), (["start-up"], 1), ([*NAMES], 1), ([*reversed(NAMES)], 1), ([*NAMES, "--tiny"], 0)],
)
@pytest.mark.usefixtures("document")
def test_a_number_that_falls_short_is_told_by_the_exit_code(arguments: list[str], code: int) -> None:
    assert CliRunner().invoke(command.main, arguments).exit_code == code


def test_tables_are_written_also_where_a_number_falls_short(document: Path) -> None:
    assert CliRunner().invoke(command.main, [*NAMES, "--update-docs"]).exit_code == 1
    assert "| cost | 1 |  | <= 1.50 |" in document.read_text()
    assert "| cost | 2 |  | <= 1.50 |" in document.read_text()


def test_numbers_that_mean_nothing_are_not_written(document: Path) -> None:
    before = document.read_text()
    assert CliRunner().invoke(command.main, [*NAMES, "--tiny", "--update-docs"]).exit_code == 2
    assert document.read_text() == before
