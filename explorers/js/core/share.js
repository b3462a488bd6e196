// Take away what an explorer shows: a table as CSV, the figures as a picture, a link.

import { onGround } from "./tones.js";

/**
 * A table as CSV text.
 * @param {string[]} header
 * @param {Array<Array<number|string|null>>} rows numbers are written with six significant digits
 * @param {string[]} [comments] lines put before the header, each after "# "
 */
export function csv(header, rows, comments = []) {
  const cell = (value) => {
    if (value === null || value === undefined || Number.isNaN(value)) return "";
    if (typeof value === "number") return String(Number(value.toPrecision(6)));
    return /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  };
  const lines = [header, ...rows].map((row) => row.map(cell).join(","));
  return [...comments.map((line) => `# ${line}`), ...lines].join("\n") + "\n";
}

/**
 * Put text on the clipboard, or, where the browser forbids that, into a field that is selected for copying.
 * @param {string} text
 * @param {HTMLElement} parent where the field goes
 * @returns {Promise<boolean>} whether it is on the clipboard
 */
export async function copy(text, parent) {
  parent.querySelector(".gmx-copy")?.remove();
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.className = "gmx-copy";
    field.readOnly = true;
    field.rows = 4;
    field.value = text;
    field.setAttribute("aria-label", "Text to copy");
    parent.append(field);
    field.select();
    return document.execCommand?.("copy") ?? false;
  }
}

/**
 * Save canvases as the page has them, a legend and lines of text below, as a PNG file.
 * @param {HTMLCanvasElement[]} canvases
 * @param {string} file name
 * @param {object} look
 * @param {string} look.background
 * @param {string} look.ink
 * @param {boolean} [look.dark]
 * @param {Array<{label: string, color: string, dash?: number[]}>} [look.legend]
 * @param {string[]} [look.lines]
 */
export function savePng(canvases, file, look) {
  picture(canvases, look).toBlob((blob) => download(blob, file), "image/png");
}

const ROW = 18;

/** The canvas that savePng saves. */
export function picture(canvases, { background, ink, dark = false, legend = [], lines = [] }) {
  const places = canvases.map((canvas) => canvas.getBoundingClientRect());
  const left = Math.min(...places.map((place) => place.left));
  const top = Math.min(...places.map((place) => place.top));
  const width = Math.max(...places.map((place) => place.right)) - left;
  const height = Math.max(...places.map((place) => place.bottom)) - top;
  const ratio = window.devicePixelRatio || 1;
  const sheet = document.createElement("canvas");
  sheet.width = width * ratio;
  sheet.height = (height + ROW * (legend.length + lines.length) + 12) * ratio;
  const context = sheet.getContext("2d");
  context.scale(ratio, ratio);
  context.fillStyle = background;
  context.fillRect(0, 0, width, sheet.height);
  canvases.forEach((canvas, i) => {
    const { left: x, top: y, width: w, height: h } = places[i];
    context.drawImage(canvas, x - left, y - top, w, h);
  });
  context.fillStyle = ink;
  context.font = "12px system-ui, sans-serif";
  context.lineWidth = 2.2;
  legend.forEach(({ label, color, dash = [] }, i) => {
    const y = height + ROW * (i + 0.6);
    context.strokeStyle = onGround(color, dark);
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(8, y);
    context.lineTo(44, y);
    context.stroke();
    context.fillText(label, 52, y + 4, width - 60);
  });
  lines.forEach((line, i) => context.fillText(line, 8, height + ROW * (legend.length + i + 0.6) + 4, width - 16));
  return sheet;
}

/** Let the browser save a blob. */
export function download(blob, file) {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(blob);
  anchor.download = file;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 1000);
}
