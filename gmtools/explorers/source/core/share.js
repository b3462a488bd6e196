// Take away what an explorer shows: a table as CSV, the figures as a picture, a link.

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
 * Save canvases, side by side or one below the other as the page has them, with a line of text below, as a PNG file.
 * @param {HTMLCanvasElement[]} canvases
 * @param {string} file name
 * @param {{background: string, ink: string, lines?: string[]}} look
 */
export function savePng(canvases, file, { background, ink, lines = [] }) {
  const sheet = document.createElement("canvas");
  const ratio = window.devicePixelRatio || 1;
  const places = canvases.map((canvas) => canvas.getBoundingClientRect());
  const left = Math.min(...places.map((place) => place.left));
  const top = Math.min(...places.map((place) => place.top));
  const width = Math.max(...places.map((place) => place.right)) - left;
  const height = Math.max(...places.map((place) => place.bottom)) - top;
  sheet.width = width * ratio;
  sheet.height = (height + 18 * lines.length + 8) * ratio;
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
  lines.forEach((line, i) => context.fillText(line, 8, height + 14 + 18 * i, width - 16));
  sheet.toBlob((blob) => download(blob, file), "image/png");
}

/** Let the browser save a blob. */
export function download(blob, file) {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(blob);
  anchor.download = file;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 1000);
}
