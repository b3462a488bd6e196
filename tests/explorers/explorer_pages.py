"""What the tests of single explorers' pages share."""

# Reading a real clipboard would need a permission that a page opened as a file does not get.
CLIPBOARD = (
    "Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (text) => { window.copied = text; }}})"
)


def copied(page, button):
    """What a button puts on the clipboard."""
    page.get_by_role("button", name=button).click()
    page.get_by_text("copied.").wait_for()
    return page.evaluate("window.copied")
