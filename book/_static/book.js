// For keyboards, screen readers and reading from a folder: what the theme and the widget manager leave to do.
(function () {
  "use strict";

  // The search page fetches each hit to quote it, which browsers refuse on file://. There it lists titles only.
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

  /** Relative luminance (WCAG 2) of a computed color such as "rgb(198, 65, 62)". */
  function luminance(color) {
    const [red, green, blue] = color.match(/[\d.]+/g).map((text) => {
      const part = Number(text) / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  /** pandas writes pale letters on middle shades; black or white, whichever stands out more, always reaches 4.5 : 1. */
  function letters(cell) {
    const background = getComputedStyle(cell).backgroundColor;
    if (background.startsWith("rgb(")) cell.style.color = luminance(background) > 0.179 ? "#000" : "#fff";
  }

  /** Handles of ipywidgets' sliders have no name: take the text that stands beside them. */
  function nameSliders() {
    for (const handle of document.querySelectorAll(".noUi-handle:not([aria-label])")) {
      const label = handle.closest(".jupyter-widgets, .widget-hbox")?.querySelector("label");
      if (label?.textContent) handle.setAttribute("aria-label", label.textContent);
    }
  }

  // Before the deferred scripts, the first of which, Font Awesome, would make texts of the icons' titles.
  document.addEventListener(
    "readystatechange",
    () => {
      for (const icon of document.querySelectorAll(".theme-switch")) icon.removeAttribute("title");
    },
    { once: true },
  );

  document.addEventListener("DOMContentLoaded", () => {
    // A label that differs from the text hides that text from those who listen or who speak commands.
    for (const named of document.querySelectorAll("summary[aria-label], .search-button-field[aria-label]"))
      named.removeAttribute("aria-label");
    for (const entry of document.querySelectorAll("[role=list] > [role=doc-biblioentry]")) entry.role = "listitem";
    // From a folder browsers show a file whatever the link asks for: leave that to a tab of its own.
    if (location.protocol !== "file:")
      for (const link of document.querySelectorAll("a.btn-download-source-button")) {
        link.download = "";
        link.removeAttribute("target");
      }
    document.querySelectorAll(".cell_output table[id^=T_] :is(td, th)").forEach(letters);
    new MutationObserver(nameSliders).observe(document.body, { childList: true, subtree: true });
  });
})();
