/** Two tables of the H/V explorer: SESAME's criteria, and what networks and rules say of the peak. */

import { make, table } from "./core/controls.js";
import { compact } from "./core/plot.js";

/** Who has an opinion, and how the page calls him. */
export const NAMES = { perceptron: "Perceptron (lesson 43)", squeezenet: "SqueezeNet (lesson 44)", rules: "Rules, no learning" };

/** SESAME's criteria, one row each; returns what fills the table (null: there is no peak). */
export function criteriaTable(parent) {
  const header = ["SESAME's criterion", "value", "limit", "verdict"];
  const caption = "Reliable: all three. Clear: at least five of six.";
  const made = table({ label: "SESAME's criteria", caption, header, name: "gmx-hv-table gmx-hv-criteria" });
  parent.append(made.element);
  const verdict = (passed) => make("span", { class: passed ? "gmx-hv-pass" : "gmx-hv-fail" }, passed ? "passed" : "failed");
  const cells = (row) => [
    `${row.name}: ${row.criterion}`, Number.isNaN(row.value) ? "unknown" : compact(row.value), `${row.relation} ${compact(row.threshold)}`, verdict(row.passed),
  ];
  return (rows) => made.fill(rows ? rows.map((row) => ({ key: row.name, cells: cells(row) })) : [{ key: "", cells: ["The curve has no peak to judge."] }]);
}

/** A row for each network and the rules: fill(who, probabilities; null without a peak), decide(who, verdict, why), wait(who). */
export function opinionsTable(parent, classes) {
  const caption = "Opinions on the peak, with the probability of each class";
  const made = table({ label: "Opinions on the peak", caption, header: ["opinion", ...classes], name: "gmx-hv-table gmx-hv-opinions" });
  const reason = make("p", { class: "gmx-note" });
  parent.append(made.element, reason);
  const rows = {};
  for (const [who, name] of Object.entries(NAMES)) {
    const verdict = make("strong");
    const cells = classes.map(() => make("td"));
    rows[who] = { row: make("tr", { "data-who": who }, make("th", { scope: "row" }, name, verdict), ...cells), verdict, cells };
    made.body.append(rows[who].row);
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

/** SESAME's verdict in words. */
export function verdictOf(rows, passed) {
  const failed = rows.filter((row) => !row.passed).map((row) => row.name);
  const but = failed.length ? ` (${9 - failed.length} of 9 criteria passed; not ${failed.join(", ")})` : " (all 9 criteria passed)";
  const reliable = failed.every((name) => !name.startsWith("reliability"));
  const words = passed ? "reliable and clear" : reliable ? "reliable, not clear" : "not reliable";
  return `SESAME: ${words}${but}`;
}

/** A share as a percentage. */
export const percent = (share) => `${Math.round(100 * share)} %`;
