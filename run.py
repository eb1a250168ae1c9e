#!/usr/bin/env python3
"""Install exactly the locked versions into .venv, then run a command there.

python3 run.py iacsgraph demo    a command of the product: needs requirements.lock only
python3 run.py pytest            any other tool: everything in requirements-dev.lock

Standard library only, and plain enough for an old Python 3 to read and look for a newer one.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

try:
    import fcntl
except ImportError:
    sys.exit("run.py: needs Linux or macOS")

OLDEST = (3, 11)
PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PRODUCT = ("iacsgraph",)  # [project.scripts]
PRODUCT_LOCK = "requirements.lock"
TOOLS_LOCK = "requirements-dev.lock"  # holds all of requirements.lock, in the same versions
IS_NEW_ENOUGH = "import sys; sys.exit(sys.version_info[:2] < {!r})".format(OLDEST)  # noqa: UP032 - read by old Pythons


def main(arguments: "list[str]") -> None:
    """Replace this process by the command, run in the project's environment."""
    if not arguments:
        sys.stderr.write(f"{__doc__}\n")
        sys.exit(2)
    if sys.version_info[:2] < OLDEST:
        restart_with_newer_python()
    lock = PRODUCT_LOCK if arguments[0] in PRODUCT else TOOLS_LOCK
    if not is_installed(lock):
        prepare(lock)
    execute(arguments)


def restart_with_newer_python() -> None:
    for name in PYTHONS:
        found = shutil.which(name)
        if found and succeeds(found, "-c", IS_NEW_ENOUGH):
            os.execv(found, [found, *sys.argv])  # noqa: S606 - no shell is what is wanted
    sys.exit("run.py: needs Python 3.11 or newer; this is {}.{}".format(*sys.version_info))


def execute(arguments: "list[str]") -> None:
    program = VENV / "bin" / arguments[0]
    if not program.exists():
        sys.stderr.write(f"run.py: there is no command {arguments[0]!r} in {program.parent}\n")
        sys.exit(127)
    os.environ["VIRTUAL_ENV"] = str(VENV)
    os.environ["PATH"] = os.pathsep.join([str(program.parent), os.environ.get("PATH", os.defpath)])
    os.execv(program, [str(program), *arguments[1:]])  # noqa: S606 - no shell is what is wanted


def stamp(lock: str) -> Path:
    return VENV / f"installed-{lock}.stamp"


def fingerprint(lock: str) -> str:
    """What an installation depends on; the first line tells a copied .venv from one made here."""
    digest = hashlib.sha256()
    for file in (ROOT / lock, ROOT / "pyproject.toml", VENV / "pyvenv.cfg"):
        digest.update(file.read_bytes() if file.exists() else b"")
    return f"{ROOT}\n{digest.hexdigest()}\n"


def is_installed(lock: str) -> bool:
    if not os.access(python_of(VENV), os.X_OK):
        return False
    locks = {lock, TOOLS_LOCK}
    return any(stamp(each).exists() and stamp(each).read_text() == fingerprint(each) for each in locks)


def prepare(lock: str) -> None:
    """Make .venv and install into it, while any other run.py that was started meanwhile waits."""
    with open(__file__, "r+b") as held:  # noqa: PTH123 - the file itself is the lock: nothing is left behind
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another run.py to finish installing")
            fcntl.flock(held, fcntl.LOCK_EX)
        os.set_inheritable(held.fileno(), True)  # noqa: FBT003 - a pip that outlives a killed run.py keeps the lock
        if is_installed(lock):
            return
        say(f"installing {lock} into {VENV.name} (once, under a minute)")
        make(VENV)
        for each in (PRODUCT_LOCK, TOOLS_LOCK):
            stamp(each).unlink(missing_ok=True)
        stamp(lock).write_text("unfinished\n")
        try:
            # Of the tools a run needs few: compiling all of them would take as long as installing them.
            install(VENV, *(["--no-compile"] if lock == TOOLS_LOCK else []), "--require-hashes", "-r", str(ROOT / lock))
            install(VENV, "--no-index", "--no-deps", "--no-build-isolation", "-e", str(ROOT))
        except SystemExit:
            stamp(lock).unlink()  # it failed, but in good order
            raise
        stamp(lock).write_text(fingerprint(lock))


def make(venv: Path) -> None:
    """Make the environment, unless a usable one is there already, whoever made it."""
    python = python_of(venv)
    if succeeds(python, "-c", ""):
        if not succeeds(python, "-c", IS_NEW_ENOUGH):
            sys.exit(f"run.py: {venv} is older than Python 3.11: remove it")
        if not is_unsound(venv):
            return
    if succeeds(sys.executable, "-c", "import venv"):
        check(sys.executable, "-m", "venv", "--clear", "--without-pip", str(venv))
    elif shutil.which("uv"):
        check("uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(venv))
    else:
        sys.exit("run.py: this Python has no venv: install it (Debian: apt install python3-venv) or uv")


def is_unsound(venv: Path) -> bool:
    """Copied from another checkout, whose Python its programs start, or left when an installation was killed."""
    stamps = venv.glob("installed-*.stamp")
    return any(each.read_text().splitlines()[:1] != [str(ROOT)] for each in stamps)


def install(venv: Path, *arguments: str) -> None:
    check(*installer(venv), "--quiet", *arguments)


def installer(venv: Path) -> "list[str]":
    """Pip as this Python brings it, else uv: both check hashes and use the index they are configured with."""
    python = str(python_of(venv))
    if succeeds(python, "-m", "pip", "--version") or succeeds(python, "-m", "ensurepip"):
        return [python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    if shutil.which("uv"):
        return ["uv", "pip", "install", "--python", python]
    return sys.exit("run.py: this Python has no pip: install it (Debian: apt install python3-venv) or uv")


def python_of(venv: Path) -> Path:
    return venv / "bin" / "python"


def succeeds(*command: "str | Path") -> bool:
    """Whether the command starts and exits with 0."""
    try:
        return run(*command).returncode == 0
    except OSError:
        return False


def check(*command: str) -> None:
    """Run, showing what it printed only if it fails."""
    done = run(*command)
    if done.returncode != 0:
        sys.stderr.buffer.write(done.stdout)
        sys.exit("run.py: failed: {}".format(" ".join(command)))


def run(*command: "str | Path") -> "subprocess.CompletedProcess[bytes]":
    environment = dict(os.environ, PIP_USER="0")
    return subprocess.run(  # noqa: S603 - commands of this file only
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        close_fds=False,
        check=False,
    )


def say(text: str) -> None:
    sys.stderr.write(f"run.py: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
