/** Two tables of the H/V explorer: SESAME's criteria, and what networks and rules say of the peak. */

import { make } from "./core/controls.js";
import { digits } from "./hv_text.js";

const NAMES = { perceptron: "perceptron (lesson 42)", squeezenet: "SqueezeNet (lesson 43)", rules: "rules, no learning" };

/**
 * SESAME's criteria, one row each.
 * @param {HTMLElement} parent
 * @returns {function(Array<object>|null): void} fills the table; null: there is no peak
 */
export function criteriaTable(parent) {
  const body = make("tbody");
  const head = ["SESAME's criterion", "value", "limit", "verdict"].map((text) => make("th", { scope: "col" }, text));
  const caption = make("caption", {}, "Reliable: all three. Clear: at least five of six.");
  const table = make("table", { class: "gmx-hv-criteria" }, caption, make("thead", {}, make("tr", {}, ...head)), body);
  parent.append(make("div", { class: "gmx-table", tabindex: 0, role: "region", "aria-label": "SESAME's criteria" }, table));
  return (rows) => {
    if (!rows) return body.replaceChildren(make("tr", {}, make("th", { scope: "row", colspan: 4 }, "The curve has no peak to judge.")));
    const lines = rows.map((row) =>
      make(
        "tr",
        {},
        make("th", { scope: "row" }, `${row.name}: ${row.criterion}`),
        make("td", {}, Number.isNaN(row.value) ? "unknown" : digits(row.value)),
        make("td", {}, `${row.relation} ${digits(row.threshold)}`),
        make("td", {}, make("span", { class: row.passed ? "gmx-hv-pass" : "gmx-hv-fail" }, row.passed ? "passed" : "failed")),
      ),
    );
    return body.replaceChildren(...lines);
  };
}

/**
 * Opinions: a row for each network and for the rules.
 * @param {HTMLElement} parent
 * @param {string[]} classes in the order of the probabilities
 * @returns {{fill: function(string, ArrayLike<number>|null, string=): void, wait: function(string): void}}
 *   fill(who, probabilities, why): null probabilities leave the cells empty; why stands beside the opinion
 */
export function opinionsTable(parent, classes) {
  const head = ["says the peak is", ...classes].map((text) => make("th", { scope: "col" }, text));
  const body = make("tbody");
  const caption = make("caption", {}, "Opinions on the peak: probability of each class");
  const table = make("table", {}, caption, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "who"), ...head)), body);
  parent.append(make("div", { class: "gmx-table", tabindex: 0, role: "region", "aria-label": "Opinions on the peak" }, table));
  const rows = {};
  for (const [who, name] of Object.entries(NAMES)) {
    const cells = head.map(() => make("td"));
    rows[who] = { row: make("tr", {}, make("th", { scope: "row" }, name), ...cells), cells };
    body.append(rows[who].row);
  }
  return {
    wait: (who) => {
      rows[who].row.setAttribute("aria-busy", "true");
      rows[who].cells[0].textContent = "is looking …";
      rows[who].cells.slice(1).forEach((cell) => cell.replaceChildren());
    },
    fill: (who, probabilities, why = "") => {
      const [verdict, ...cells] = rows[who].cells;
      rows[who].row.removeAttribute("aria-busy");
      verdict.replaceChildren(make("strong", {}, probabilities ? classes[best(probabilities)] : "nothing"), why ? ` ${why}` : "");
      cells.forEach((cell, i) => {
        const share = probabilities?.[i];
        const bar = make("span", { class: "gmx-hv-bar", "aria-hidden": "true", style: `--share: ${(100 * share).toFixed(1)}` });
        cell.replaceChildren(...(share === undefined ? [] : [share.toFixed(3), bar]));
      });
    },
  };
}

/** Place of the largest value. */
export function best(values) {
  return values.reduce((found, value, i) => (value > values[found] ? i : found), 0);
}
