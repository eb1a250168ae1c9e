"""`demo`: everything shown in seconds, whatever is configured."""

from pathlib import Path

from tests.modules.auth.seeds import canaries
from tests.modules.iacsgraph.shell import Shell, run_together


def test_the_demonstration_passes_whatever_the_settings_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Once as text and once as JSON, side by side: it mostly waits for tokens to expire."""
    cwd, temporary = tmp_path / "cwd", tmp_path / "tmp"
    cwd.mkdir()
    temporary.mkdir()
    (cwd / ".env").write_text("LOG_LEVEL=loud\nmalformed\n")
    secret = canaries("nobody")[2]
    shell = Shell(cwd).having(
        TMPDIR=str(temporary),
        ENCRYPTION_KEY="garbage",
        DATABASE_PATH="/dev/null/nonexistent/x.db",
        AUTH_LOG_FILE="auth.log",
        AZURE_CLIENT_SECRET=secret,
    )
    text, document = run_together((shell, ["demo"]), (shell, ["demo", "--json"]))
    steps = document.document["steps"]
    assert (text.code, document.code) == (0, 0), text.said + document.said
    assert [set(step) for step in steps] == [{"title", "result", "passed"}] * len(steps)
    assert len(steps) >= 8
    assert all(step["passed"] is True for step in steps)
    *lines, last = text.out.splitlines()
    assert last == "All as it must be."
    assert [line.partition(": ")[0] for line in lines] == [f"[ok] {step['title']}" for step in steps]
    assert "[ok] 1000 callers, one expired token: 1 refresh, 1 token" in lines
    assert secret not in text.said + document.said
    assert [path.name for path in cwd.iterdir()] == [".env"]
    assert list(temporary.iterdir()) == []
