/** Numbers and sentences of the H/V explorer. */

import { plain } from "./core/plot.js";

/** Three significant digits without exponent. */
export function digits(value) {
  return plain(Number(value.toPrecision(3)));
}

/**
 * SESAME's verdict in words.
 * @param {Array<{name: string, passed: boolean}>} rows
 * @param {boolean} passed
 */
export function verdictOf(rows, passed) {
  const failed = rows.filter((row) => !row.passed).map((row) => row.name);
  const but = failed.length ? ` (${9 - failed.length} of 9 criteria passed; not ${failed.join(", ")})` : " (all 9 criteria passed)";
  const reliable = failed.every((name) => !name.startsWith("reliability"));
  const words = passed ? "reliable and clear" : reliable ? "reliable, not clear" : "not reliable";
  return `SESAME: ${words}${but}`;
}

/** A share as a percentage. */
export const percent = (share) => `${Math.round(100 * share)} %`;
