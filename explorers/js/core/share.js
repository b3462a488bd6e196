// Take away what an explorer shows: a table as CSV, a text on the clipboard, a file.

import { make } from "./controls.js";

/** What a table program would take for a formula: text with such a beginning gets an apostrophe before it. */
const guarded = (text) => text.replace(/^(?=\s*[=+\-@])/, "'");

/** A table as CSV text, numbers with six significant digits; comments stand before the header, each after "# ". */
export function csv(header, rows, comments = []) {
  const cell = (value) => {
    if (value === null || value === undefined || Number.isNaN(value)) return "";
    if (typeof value === "number") return String(Number(value.toPrecision(6)));
    return /[",\r\n]/.test(value) ? `"${guarded(value).replaceAll('"', '""')}"` : guarded(value);
  };
  // A comma ends a cell of a comment too.
  const comment = (line) => `# ${line.replace(/[\r\n]+/g, " ").replace(/([,;\t])(?=["'\s]*[=+\-@])/g, "$1'")}`;
  return [...comments.map(comment), ...[header, ...rows].map((row) => row.map(cell).join(","))].join("\n") + "\n";
}

/** Put text on the clipboard, or, where the browser forbids that, into a field below parent that is selected; whether it was copied. */
export async function copy(text, parent) {
  parent.querySelector(".gmx-copy")?.remove();
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = make("textarea", { class: "gmx-copy", readonly: true, rows: 4, "aria-label": "Text to copy" }, text);
    parent.append(field);
    field.select();
    return document.execCommand?.("copy") ?? false;
  }
}

/** Let the browser save a blob. */
export function download(blob, file) {
  const anchor = make("a", { href: URL.createObjectURL(blob), download: file });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 1000);
}
