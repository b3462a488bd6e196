"""A headless Chromium, through Playwright: it prints the book as PDF and tests its pages."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gmtools.errors import PackageUnreachable

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Without these Chromium looks for updates and services of its maker as soon as it starts.
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]


@contextmanager
def chromium(*options: str) -> "Iterator[Browser]":
    """A headless Chromium of Playwright, started with these options: ``GMTOOLS_CHROMIUM``, or the one on the search
    path, or Playwright's own; PackageUnreachable where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise PackageUnreachable("Playwright is not installed: pip install -e .[test]") from error
    with sync_playwright() as playwright:
        program = _program(playwright.chromium.executable_path)
        browser = playwright.chromium.launch(executable_path=program, args=[*QUIET, *options])
        try:
            yield browser
        finally:
            browser.close()


def _program(own: str) -> str:
    named = os.environ.get("GMTOOLS_CHROMIUM")
    if named and not shutil.which(named):
        raise PackageUnreachable(
            f"GMTOOLS_CHROMIUM is {named!r}, and no program is there. Name Chromium's, or unset it."
        )
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and not Path(own).is_file():
        raise PackageUnreachable(
            f"There is no Chromium: none of {', '.join(NAMES)} is on the search path, and {own} is not there. "
            "Install one (Debian, as root: apt install chromium) or: python -m playwright install chromium"
        )
    return found or own
