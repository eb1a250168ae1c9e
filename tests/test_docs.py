"""The Python examples in the README and in docs/ work; each page is one session, read from top to bottom."""

from pathlib import Path

import pytest
from sybil import Document
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def run_examples(page: Path) -> int:
    document = Document.parse(str(page), SkipParser(), PythonCodeBlockParser())
    examples = list(document.examples())
    for example in examples:
        example.evaluate()
    return len(examples)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_examples_of_a_page_work(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_examples(page)


@pytest.mark.parametrize(
    "wrong", ["raise ValueError", ">>> 1 + 1\n3", "x = 1\n```\nText.\n```python\n>>> x\n2", "syntax error"]
)
def test_a_wrong_example_is_noticed(wrong: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n```python\n{wrong}\n```\n")
    with pytest.raises((AssertionError, ValueError, SyntaxError)):
        run_examples(page)


def test_right_examples_are_run(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n\n```python\nx = 1\n```\n\n```python\n>>> x + 1\n2\n```\n\n```bash\nls\n```\n")
    assert run_examples(page) == 2
