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


SCREENS = {"laptop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 800}}
MOVES = """async (way) => {
  const start = Number(way.value);
  const step = (way.max - way.min) / 100;
  for (let k = 1; k <= 20; k++) {
    way.value = start + (k % 2 ? k : -k) * step;
    way.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((done) => setTimeout(done)); // or several moves would be drawn at once
  }
}"""


def move_s(page, slider):
    """Script time (s) of one move of a slider, in the processor's ticks, so that other processes do not count."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def script_s():
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(entry["value"] for entry in metrics if entry["name"] == "ScriptDuration")

    before = script_s()
    slider.evaluate(MOVES)
    return (script_s() - before) / 20
