"""A headless Chromium, through Playwright: it prints the book as PDF and tests its pages."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
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
    found = next(filter(None, map(shutil.which, [named] if named else [*NAMES, own])), None)
    if found is None:
        raise PackageUnreachable(
            f"There is no Chromium: {named or ', '.join([*NAMES, own])}. Name its program in GMTOOLS_CHROMIUM, or "
            "install one (Debian, as root: apt install chromium; else: python -m playwright install chromium)."
        )
    return found
