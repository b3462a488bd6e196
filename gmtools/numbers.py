"""Numbers that a lesson glues into its text, printed in a notebook whose text does not have them yet."""

import ast

from IPython import get_ipython

_kept: dict[str, str] = {}


def keep_numbers() -> None:
    """From now on keep what the cells of this notebook glue, for :func:`print_numbers`."""
    publisher = getattr(get_ipython(), "display_pub", None)
    if hasattr(publisher, "register_hook"):
        publisher.unregister_hook(_keep)
        publisher.register_hook(_keep)


def _keep(message: dict) -> dict:
    """Note a glued number on its way to the page; every message goes on as it came."""
    content = message.get("content", {})
    name = content.get("metadata", {}).get("scrapbook", {}).get("name")
    if name:
        data = content["data"]
        _kept[name] = data.get("application/papermill.record/text/plain", data.get("text/plain", ""))
    return message


def print_numbers(*wanted: str) -> None:
    """Print numbers by name, such as ``"factor:.1f"``, each in the format of its place in the text."""
    for entry in wanted:
        name, _, form = entry.partition(":")
        print(f"{name}: {glued_text(_kept[name], form) if name in _kept else 'not computed yet, run the cells above'}")


def glued_text(printed: str, form: str) -> str:
    """A glued value, given as Python prints it, as text in a format; a word stays as it is."""
    try:
        value = ast.literal_eval(printed)
    except (SyntaxError, ValueError):
        value = printed
    try:
        return format(float(value), form) if form else str(value)
    except (TypeError, ValueError):
        return str(value)
