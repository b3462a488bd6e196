"""JavaScript that the book needs to be read without a network."""

from pathlib import Path

from explorers import npm

PACKAGES = Path(__file__).with_name("npm")
FILES = {
    "mathjax": ("mathjax", ("LICENSE",)),
    "mathjax/es5": ("mathjax", ("tex-mml-chtml.js", "input/tex/extensions/*.js", "output/chtml/fonts/woff-v2/*.woff")),
    "requirejs": ("requirejs", ("require.js",)),
    "@jupyter-widgets/html-manager/dist": ("jupyter-widgets/html-manager", ("embed-amd.js", "*.woff2")),
}
"""Folder of a package -> folder of the book, and the files that are taken."""
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


def files(folder: Path) -> dict[str, bytes]:
    """The book's scripts and fonts by name, from packages that npm installs below a folder; PackageUnreachable where
    it cannot."""
    packages = npm.install(PACKAGES, folder)
    found = {"widgets-config.js": WIDGETS_CONFIG.encode()}
    for place, (target, patterns) in FILES.items():
        for path in (path for pattern in patterns for path in sorted((packages / place).glob(pattern))):
            found[f"{target}/{path.relative_to(packages / place).as_posix()}"] = path.read_bytes()
    return found
