"""A demonstration in seconds: what the token service promises, shown on a practice identity provider."""

import asyncio
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs

from domain.account import AccountStatus, OAuthApplication
from domain.errors import ReauthenticationRequiredError
from modules.iacsgraph.compose import Demo, Practice, compose, make_practice, new_key
from modules.iacsgraph.schema import DemoReport, Step
from modules.iacsgraph.settings import CLIENT_ID, CLIENT_SECRET, DemoSettings

LIFETIME = timedelta(seconds=3)
PAUSE = timedelta(milliseconds=200)
CALLERS = 1000
PEOPLE = {"kim": "Kim Ghw", "lee": "Lee Jun", "park": "Park Min"}
APPLICATION = OAuthApplication(
    client_id=CLIENT_ID, tenant_id="practice", scopes=("Mail.Read", "offline_access"), client_secrets=(CLIENT_SECRET,)
)


def address(user_id: str) -> str:
    """Return the user's address."""
    return f"{user_id}@office.example"


@attrs.frozen(kw_only=True)
class Stage:
    """Where the demonstration plays; `report` prints each step as it is done."""

    demo: Demo
    practice: Practice
    directory: Path
    report: Callable[[str, str, bool], None]

    async def enrol(self) -> None:
        """Enrol everybody."""
        for user_id, name in PEOPLE.items():
            await self.demo.accounts.enrol(email=address(user_id), name=name, actor="demo", application=APPLICATION)
        accounts = [account async for account in self.demo.accounts.every()]
        waiting = sum(account.status is AccountStatus.REAUTH_REQUIRED for account in accounts)
        self.report(
            "Accounts enrolled", f"{len(accounts)}, {waiting} wait for their first sign-in", waiting == len(PEOPLE)
        )

    async def sign_in(self, *user_ids: str) -> None:
        """Sign people in at the practice provider."""
        for user_id in user_ids:
            token, identity = self.practice.sign_in(address(user_id))
            await self.demo.service.store_tokens(user_id, token, identity=identity)
        self.report("Signed in", ", ".join(user_ids), True)  # noqa: FBT003 - it raises if it fails

    async def crowd(self) -> None:
        """Let many callers ask for one token that has expired."""
        await asyncio.sleep(LIFETIME.total_seconds())
        before = self.practice.refreshes
        got = await asyncio.gather(*(self.demo.service.get_valid_token("kim") for _ in range(CALLERS)))
        asked, values = self.practice.refreshes - before, len({token.value for token in got})
        self.report(
            f"{CALLERS} callers, one expired token", f"{asked} refresh, {values} token", (asked, values) == (1, 1)
        )

    async def keep(self) -> None:
        """Let the keeper refresh ahead for as long as two tokens live, and ask for every token all the while."""
        before, calls, valid = self.practice.refreshes, 0, 0
        keeper = asyncio.create_task(self.demo.keeper.run())
        for _ in range(2 * LIFETIME // PAUSE):
            await asyncio.sleep(PAUSE.total_seconds())
            for user_id in PEOPLE:
                token = await self.demo.service.get_valid_token(user_id)
                calls, valid = calls + 1, valid + (token.expires_at > datetime.now(UTC))
        alive = keeper.cancel()
        await asyncio.wait([keeper])
        done = self.practice.refreshes - before
        enough = alive and valid == calls and done >= len(PEOPLE)
        self.report("Kept fresh in the background", f"{calls} calls, {valid} valid tokens, {done} refreshes", enough)

    async def revoke(self) -> None:
        """Revoke a grant at the provider and see who must act; then sign in again."""
        self.practice.revoke(address("lee"))
        said = ""
        try:
            await self.demo.service.refresh_token("lee")
        except ReauthenticationRequiredError as error:
            said = error.message
        account = await self.demo.accounts.find("lee")
        self.report("Grant revoked at the provider", said, account.status is AccountStatus.REAUTH_REQUIRED)
        await self.sign_in("lee")
        account = await self.demo.accounts.find("lee")
        trail = await self.demo.accounts.audit_trail("lee")
        actions = " > ".join(entry.action for entry in trail)
        self.report("Audit trail of lee", actions, account.status is AccountStatus.ACTIVE)

    def secrecy(self) -> None:
        """Look for everything that was ever given out in the database's files, now that it is closed."""
        secrets = [secret.encode() for secret in (CLIENT_SECRET, *self.practice.issued())]
        stored = b"".join(file.read_bytes() for file in sorted(self.directory.iterdir()))
        found = sum(secret in stored for secret in secrets)
        self.report(
            "Clear-text secrets in the database's file",
            f"{found} of {len(secrets)} found in {len(stored)} bytes",
            not found,
        )


async def demonstrate(say: Callable[[str], None]) -> DemoReport:
    """Play everything in a temporary directory and return what came out; `say` prints a line."""
    steps: list[Step] = []

    def report(title: str, result: str, passed: bool) -> None:  # noqa: FBT001 - a verdict
        steps.append(Step(title=title, result=result, passed=passed))
        say(f"[{'ok' if passed else 'FAIL'}] {title}: {result}")

    practice = make_practice(APPLICATION, [address(user_id) for user_id in PEOPLE], LIFETIME)
    old_key = new_key()
    with tempfile.TemporaryDirectory(prefix="iacsgraph-demo-") as name:
        directory = Path(name)
        async with compose(DemoSettings(directory=directory, keys=(old_key,)), practice) as demo:
            stage = Stage(demo=demo, practice=practice, directory=directory, report=report)
            await stage.enrol()
            await stage.sign_in(*PEOPLE)
            await stage.crowd()
            await stage.keep()
            await stage.revoke()
        stage.secrecy()
        async with compose(DemoSettings(directory=directory, keys=(new_key(), old_key)), practice) as demo:
            moved = [progress async for progress in demo.rotation.rotate()][-1]
            report(
                "Key rotated", f"{moved.moved} secrets moved, {moved.left} remain under the old key", moved.left == 0
            )
    say(
        "All as it must be." if all(step.passed for step in steps) else "Something is wrong: see the lines marked FAIL."
    )
    return DemoReport(steps=steps)
