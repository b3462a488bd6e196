"""JavaScript that the book needs to be read without a network, as ``vendor.json`` names it."""

from pathlib import Path

from explorers import npm

LOCK = Path(__file__).with_name("vendor.json")
# embed-amd.js looks for its icon fonts beside the place where requirejs believes its modules to be, and typesets labels
# through the queue of MathJax 2, which the book's MathJax 3 lacks.
WIDGETS_CONFIG = """\
(function () {
  var here = document.currentScript.src.replace(/[^/]*$/, "jupyter-widgets/html-manager/");
  var modules = ["base", "base7", "controls", "controls7", "output", "html-manager", "html-manager/dist/libembed-amd"];
  var paths = {};
  modules.forEach(function (name) {
    paths["@jupyter-widgets/" + name] = here + name.replace(/.*\\//, "");
  });
  window.requirejs.config({ paths: paths });

  var mathjax;
  function keep(value) {
    mathjax = value;
    if (mathjax && !mathjax.Hub) {
      mathjax.Hub = { Queue: function (call) { if (mathjax.typesetPromise) mathjax.typesetPromise([call[2]]); } };
    }
  }
  keep(window.MathJax);
  Object.defineProperty(window, "MathJax", { get: function () { return mathjax; }, set: keep });
})();
"""


def fetch(folder: Path, lock: Path = LOCK) -> Path:
    """As :func:`explorers.npm.fetch`, and ``widgets-config.js`` beside the packages."""
    npm.fetch(folder, lock)
    (folder / "widgets-config.js").write_text(WIDGETS_CONFIG, encoding="utf-8")
    return folder
