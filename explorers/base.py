"""What all explorers share: settings as traits, the bundled JavaScript, and a twin for pages without a kernel."""

import html
import json
import math

import anywidget
import traitlets

from explorers import bundle
from gmtools.errors import PackageUnreachable, SettingRefused

NOTICE = """\
export default {{
  render({{ el }}) {{
    const box = document.createElement("p");
    box.setAttribute("role", "note");
    box.textContent = {text};
    el.append(box);
  }},
}};
"""
MISSING = (
    "This explorer could not be bundled on this machine, so only its Python part works. "
    "The reason stands in the terminal after: gmtools explorers"
)
TWIN = """\
<div class="gmtools-explorer" data-explorer="{name}" data-state="{state}"{payload}>
<p>An explorer stands here in JupyterLab, VS Code and Colab while a kernel runs, and on the pages of the book.</p>
</div>"""


class Number(traitlets.TraitType):
    """A number within limits, which belong to the range; ``unit`` is appended to the values in messages."""

    def __init__(self, default, low, high, unit=""):
        super().__init__(default_value=float(default))
        self.low, self.high, self.unit = low, high, f" {unit}" if unit else ""
        self.tag(sync=True, state=True)

    def validate(self, obj, value):
        """Return the value as a float (SettingRefused outside the limits)."""
        number = value if isinstance(value, (int, float)) or hasattr(value, "__float__") else math.nan
        number = float(number)
        if not self.low <= number <= self.high:
            limits = f"{self.low:g} to {self.high:g}{self.unit}"
            raise SettingRefused(f"{type(obj).__name__}.{self.name} cannot be {value!r}; it takes {limits}.")
        return number


class Choice(traitlets.TraitType):
    """One of several words."""

    def __init__(self, default, options):
        super().__init__(default_value=default)
        self.options = tuple(options)
        self.tag(sync=True, state=True)

    def validate(self, obj, value):
        """Return the word (SettingRefused when it is none of the options)."""
        if value not in self.options:
            options = ", ".join(map(repr, self.options))
            raise SettingRefused(f"{type(obj).__name__}.{self.name} cannot be {value!r}; choose among {options}.")
        return value


class Switch(traitlets.Bool):
    """Yes or no."""

    def __init__(self, default):
        super().__init__(default)
        self.tag(sync=True, state=True)


class Explorer(anywidget.AnyWidget):
    """Base of the explorers. A subclass has ``explorer`` (the name of its JavaScript module), ``make_payload`` (its
    module's function ``payload``, as a static method), and traits tagged ``sync=True, state=True``, such as
    :class:`Number`, :class:`Choice` and :class:`Switch`: moving a slider sets them, setting them moves the slider."""

    explorer = ""
    make_payload = None
    _esm = traitlets.Unicode().tag(sync=True)
    payload = traitlets.Bytes().tag(sync=True)

    def __init__(self, data="auto", **settings):
        own = {} if "payload" in settings else {"payload": type(self).make_payload(data)}
        self._carries_payload = "payload" in settings
        super().__init__(**own, **settings)

    @traitlets.default("_esm")
    def _bundled(self):
        try:
            return bundle.bundle(self.explorer).module.read_text(encoding="utf-8")
        except PackageUnreachable:  # what npm says can name hosts and folders, and a notebook keeps it
            return NOTICE.format(text=json.dumps(MISSING))

    def state(self):
        """Name -> value of every setting, as JSON values."""
        return {name: getattr(self, name) for name in self.trait_names(state=True)}

    def _repr_mimebundle_(self, **kwargs):
        shown = super()._repr_mimebundle_(**kwargs)
        if shown is None:
            return None
        data, metadata = shown if isinstance(shown, tuple) else (shown, {})
        return {**data, "text/html": self.twin()}, metadata

    def twin(self):
        """The HTML that shows this explorer, with these settings, on a page without a kernel."""
        state = html.escape(json.dumps(self.state()), quote=True)
        payload = f' data-payload="{bundle.encode(self.payload)}"' if self._carries_payload else ""
        return TWIN.format(name=self.explorer, state=state, payload=payload)
