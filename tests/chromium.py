"""A real browser: Debian's Chromium, driven by Playwright."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from tests.requirements import require

EXECUTABLE = Path("/usr/bin/chromium")
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage")
_STATUS_OF_THE_PAGE = "Failed to load resource: the server responded with a status of"


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Start it, or skip the test where there is none; it costs a second, so tests should share one."""
    require("chromium", available=EXECUTABLE.exists(), reason=f"{EXECUTABLE} is not installed")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def open_page(context: BrowserContext) -> AsyncIterator[Page]:
    """Open a page that must not complain, of a blocked style or form, say; that it has an error's status is none."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        of_the_icon = str(message.location["url"]).endswith("/favicon.ico")  # the server may have ended by then
        if message.type in {"error", "warning"} and not (message.text.startswith(_STATUS_OF_THE_PAGE) or of_the_icon):
            complaints.append(message.text)

    page = await context.new_page()
    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    await page.close()
    assert not complaints, complaints
