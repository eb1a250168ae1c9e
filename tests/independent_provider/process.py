"""One process of the independent provider."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.requirements import require

HERE = Path(__file__).parent
STOPPING_SECONDS = 10


def require_independent_provider() -> None:
    """Skip the test, or fail, where Node.js or its packages are missing."""
    available = shutil.which("node") is not None and (HERE / "node_modules" / "oidc-provider").is_dir()
    require("oidc", available=available, reason="run `npm ci` in tests/independent_provider (Node.js 20 or later)")


@contextmanager
def independent_provider(config: Mapping[str, object]) -> Iterator[str]:
    """Run one, and return its address. It ends with its standard input, so it cannot outlive the tests."""
    command = [str(shutil.which("node")), "--no-warnings", str(HERE / "server.mjs")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(config) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, "the independent provider did not start"
        yield str(json.loads(line)["url"])
        process.stdin.close()
        try:
            process.wait(STOPPING_SECONDS)
        finally:
            process.kill()
