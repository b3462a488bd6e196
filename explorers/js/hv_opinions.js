/** Two tables of the H/V explorer: SESAME's criteria, and what networks and rules say of the peak. */

import { make } from "./core/controls.js";
import { digits } from "./hv_text.js";

/** Who has an opinion, and how the page calls him. */
export const NAMES = { perceptron: "Perceptron (lesson 43)", squeezenet: "SqueezeNet (lesson 44)", rules: "Rules, no learning" };

/**
 * SESAME's criteria, one row each.
 * @param {HTMLElement} parent
 * @returns {function(Array<object>|null): void} fills the table; null: there is no peak
 */
export function criteriaTable(parent) {
  const body = make("tbody");
  const head = ["SESAME's criterion", "value", "limit", "verdict"].map((text) => make("th", { scope: "col" }, text));
  const caption = make("caption", {}, "Reliable: all three. Clear: at least five of six.");
  const table = make("table", { class: "gmx-hv-table gmx-hv-criteria" }, caption, make("thead", {}, make("tr", {}, ...head)), body);
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
 * @returns {{fill: function(string, ArrayLike<number>|null): void, decide: function(string, string, string): void, wait: function(string): void}}
 *   fill(who, probabilities): null where there is no peak; decide(who, verdict, why): an opinion without probabilities
 */
export function opinionsTable(parent, classes) {
  const head = ["opinion", ...classes].map((text) => make("th", { scope: "col" }, text));
  const body = make("tbody");
  const caption = make("caption", {}, "Opinions on the peak, with the probability of each class");
  const table = make("table", { class: "gmx-hv-table gmx-hv-opinions" }, caption, make("thead", {}, make("tr", {}, ...head)), body);
  const reason = make("p", { class: "gmx-note" });
  parent.append(make("div", { class: "gmx-table", tabindex: 0, role: "region", "aria-label": "Opinions on the peak" }, table), reason);
  const rows = {};
  for (const [who, name] of Object.entries(NAMES)) {
    const verdict = make("strong");
    const cells = classes.map(() => make("td"));
    rows[who] = { row: make("tr", { "data-who": who }, make("th", { scope: "row" }, name, verdict), ...cells), verdict, cells };
    body.append(rows[who].row);
  }
  const put = (who, text, cells) => {
    rows[who].row.removeAttribute("aria-busy");
    rows[who].verdict.textContent = text;
    rows[who].cells.forEach((cell, i) => cell.replaceChildren(...(cells[i] ?? [])));
  };
  return {
    wait: (who) => {
      put(who, "is looking …", []);
      rows[who].row.setAttribute("aria-busy", "true");
    },
    fill: (who, probabilities) => {
      if (!probabilities) return put(who, "no peak", []);
      const cells = Array.from(probabilities, (share) => {
        const bar = make("span", { class: "gmx-hv-bar", "aria-hidden": "true", style: `--share: ${(100 * share).toFixed(1)}` });
        return [share.toFixed(3), bar];
      });
      return put(who, classes[best(probabilities)], cells);
    },
    decide: (who, verdict, why) => {
      put(who, verdict, classes.map((name) => (name === verdict ? ["verdict"] : [])));
      reason.textContent = why;
    },
  };
}

/** Place of the largest value. */
export function best(values) {
  return values.reduce((found, value, i) => (value > values[found] ? i : found), 0);
}
