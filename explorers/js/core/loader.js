// Put on every page of the book. Where a page has explorers, it loads their scripts and numbers from beside itself.
(() => {
  const settings = { /* settings */ };
  const here = document.currentScript.src.replace(/[^/]*$/, "");

  function load(file) {
    const script = document.createElement("script");
    script.src = here + file;
    script.async = false; // in order: the numbers first
    document.head.append(script);
  }

  function notice(place) {
    const box = document.createElement("p");
    box.setAttribute("role", "note");
    box.textContent =
      "The interactive explorer is missing on this page: its JavaScript could not be bundled when the book was " +
      "built. Whoever builds it finds the reason with the command: gmtools explorers";
    place.replaceChildren(box);
  }

  function start() {
    const wanted = new Set();
    for (const place of document.querySelectorAll("div.gmtools-explorer[data-explorer]")) {
      const name = place.dataset.explorer;
      if (settings.bundled.includes(name)) wanted.add(name);
      else notice(place);
    }
    for (const name of wanted) {
      load(`${name}.payload.js`);
      load(`${name}.js`);
    }
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
