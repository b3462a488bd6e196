// What the theme leaves to do for keyboards and screen readers, and what a reader keeps in this browser: answers to
// "Predict before you run", lessons that are done, whether code is shown.
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

  const page = location.pathname.replace(/.*\/(?=[^/]+\/[^/]+$)/, "");

  /** What this browser keeps under a name, or null; some browsers keep nothing for a page from a folder. */
  function recall(name) {
    try {
      return localStorage.getItem(`gmtools ${name}`);
    } catch {
      return null;
    }
  }

  function keep(name, value) {
    try {
      if (value) localStorage.setItem(`gmtools ${name}`, value);
      else localStorage.removeItem(`gmtools ${name}`);
    } catch {
      // the page works without
    }
  }

  function make(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  /** A field in each "Predict before you run"; what was typed stands above the folded answer that follows. */
  function predictions() {
    const boxes = [...document.querySelectorAll("article .admonition")].filter((box) =>
      box.querySelector(":scope > .admonition-title")?.textContent.startsWith("Predict"),
    );
    const answers = [...document.querySelectorAll("article .admonition.dropdown")];
    boxes.forEach((box, number) => {
      const key = `guess ${page} ${number}`;
      const after = (other) => box.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
      const next = boxes[number + 1];
      const answer = answers.find(
        (one) => after(one) && !(next && next.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING),
      );
      const said = make("p", { className: "guess" });
      const field = make("input", { type: "text", value: recall(key) ?? "", ariaLabel: "Your prediction" });
      const show = () => {
        said.textContent = field.value ? `You predicted: ${field.value}` : "";
      };
      field.addEventListener("input", () => {
        keep(key, field.value);
        show();
      });
      const note = answer ? "It stands beside the answer below, and stays in this browser." : "It stays in this browser.";
      box.append(make("div", { className: "kept" }, field, note));
      answer?.querySelector(":scope > .admonition-title")?.after(said);
      show();
    });
  }

  /** One switch for all folded code of a page, and a mark for a lesson that is done, in the sidebar as well. */
  function lessonTools() {
    const folded = document.querySelectorAll(".cell.tag_folded > details.hide");
    const title = document.querySelector("article h1");
    if (/\/notebooks\//.test(location.pathname) && title) {
      const all = make("button", { type: "button", className: "show-code" });
      const done = make("button", { type: "button", className: "mark-done" });
      const draw = () => {
        const shown = recall("code") === "shown";
        for (const one of folded) one.open = shown;
        all.textContent = shown ? "Fold the code" : `Show all code (${folded.length} cells are folded)`;
        const ready = recall(`done ${page}`);
        done.textContent = ready ? "Done ✓ (take back)" : "Mark as done";
        markDone();
      };
      all.addEventListener("click", () => {
        keep("code", recall("code") === "shown" ? "" : "shown");
        draw();
      });
      done.addEventListener("click", () => {
        keep(`done ${page}`, recall(`done ${page}`) ? "" : "yes");
        draw();
      });
      title.after(make("div", { className: "kept" }, ...(folded.length ? [all] : []), done));
      draw();
    } else markDone();
  }

  function markDone() {
    for (const link of document.querySelectorAll(".bd-sidebar-primary a[href]"))
      link.classList.toggle("done", Boolean(recall(`done ${link.pathname.replace(/.*\/(?=[^/]+\/[^/]+$)/, "")}`)));
  }

  /** The scoreboard's filter: study, verdict, kind of row, text. */
  function scoreboard() {
    const place = document.querySelector(".score-filter");
    if (!place) return;
    const folds = [...document.querySelectorAll("details.score-all")];
    const rows = [...document.querySelectorAll("details.score-all tr[data-verdict]")];
    const kinds = (list) => [...new Set(list)].sort();
    const choice = (label, options) =>
      make("select", { ariaLabel: label }, new Option(label, ""), ...options.map((one) => new Option(...[one].flat())));
    const study = choice("every study", folds.map((one) => [one.firstChild.textContent, one.dataset.study]));
    const verdict = choice("every verdict", kinds(rows.map((row) => row.dataset.verdict)));
    const kind = choice("figures, tables and all", kinds(rows.map((row) => row.parentNode.dataset.kind)));
    const text = make("input", { type: "search", ariaLabel: "Words, such as table 8", placeholder: "words, such as table 8" });
    const count = make("output");
    const filter = () => {
      const words = text.value.trim().toLowerCase();
      const wanted = study.value || verdict.value || kind.value || words;
      let found = 0;
      for (const row of rows) {
        const body = row.parentNode;
        const title = `${body.firstChild.firstChild.textContent} ${row.firstChild.textContent}`.toLowerCase();
        row.hidden = !(
          (!verdict.value || row.dataset.verdict === verdict.value) &&
          (!kind.value || body.dataset.kind === kind.value) &&
          title.includes(words)
        );
      }
      for (const one of folds) {
        const mine = !study.value || one.dataset.study === study.value;
        let here = 0;
        for (const body of one.querySelectorAll("tbody")) {
          const left = body.querySelectorAll("tr[data-verdict]:not([hidden])").length;
          body.hidden = !left;
          here += left;
        }
        one.hidden = !mine || !here;
        one.open = Boolean(wanted) && mine;
        if (mine) found += here;
      }
      count.textContent = `${found} numbers`;
    };
    for (const field of [study, verdict, kind, text]) field.addEventListener("input", filter);
    for (const link of document.querySelectorAll("a[data-verdict]"))
      link.addEventListener("click", () => {
        [study.value, verdict.value, kind.value, text.value] = [link.dataset.study, link.dataset.verdict, "", ""];
        filter();
      });
    place.append(make("div", { className: "kept" }, study, verdict, kind, text, count));
    filter();
  }

  /** Below each page that a search found: its sections that have the words, with a link and a line of text. */
  function sections() {
    if (typeof Search === "undefined") return;
    Search.makeSearchSummary = (html, keywords) => {
      const found = new DOMParser().parseFromString(html, "text/html");
      const list = make("ul", { className: "search-sections" });
      for (const section of found.querySelectorAll("article section[id]")) {
        const own = section.cloneNode(true);
        own.querySelectorAll("section, script, .headerlink, .cell, .kept").forEach((one) => one.remove());
        const title = own.querySelector("h1, h2, h3, h4")?.textContent ?? section.id;
        const text = own.textContent.replace(/\s+/g, " ").trim().slice(title.length);
        const at = [...keywords].map((word) => `${title} ${text}`.toLowerCase().indexOf(word.toLowerCase()));
        if (at.some((place) => place < 0) || list.children.length > 3) continue;
        const start = Math.max(0, at[0] - title.length - 60);
        const link = make("a", { textContent: title, href: `#${section.id}` });
        list.append(make("li", {}, link, `: ${start ? "…" : ""}${text.slice(start, start + 160)}…`));
      }
      setTimeout(() => {
        const address = list.parentNode?.querySelector("a").href.replace(/#.*/, "");
        for (const link of list.querySelectorAll("a")) link.href = address + link.getAttribute("href");
      });
      return list;
    };
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
    predictions();
    lessonTools();
    scoreboard();
    sections();
    new MutationObserver(nameSliders).observe(document.body, { childList: true, subtree: true });
  });
})();
