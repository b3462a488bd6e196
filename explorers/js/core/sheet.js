// One picture for a paper or a talk: panels with titles and axes, legend, settings, sources. Drawn as SVG; a PNG is the
// same, rasterized.

import { plain, runs, ticks } from "./plot.js";

const WIDTH = 900;
const PANEL = { width: 435, height: 330, left: 62, right: 12, top: 30, bottom: 46 };
const ROW = 17;
const CHARACTERS = 124; // of a line below the panels

const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);
const round = (value) => Number(value.toFixed(1));
const text = (x, y, words, more = "") => `<text x="${round(x)}" y="${round(y)}" ${more}>${escaped(words)}</text>`;
const stroke = ({ color, width = 1.8, dash = [] }) =>
  `fill="none" stroke="${color}" stroke-width="${width}"${dash.length ? ` stroke-dasharray="${dash.join(" ")}"` : ""}`;

/** An SVG document. Panels: what plot().describe() gives, or {image: an address, width, height}; legend: {name, color, dash}; lines: settings,
    kind of the data, sources. */
export function sheet({ title, panels, legend, lines }) {
  const parts = [text(14, 26, title, 'font-size="17" font-weight="600"')];
  let [y, column] = [40, 0];
  panels.forEach((panel, i) => {
    if (panel.image) {
      const width = Math.min(WIDTH - 28, panel.width);
      const height = (panel.height * width) / panel.width;
      parts.push(`<image x="14" y="${y}" width="${width}" height="${round(height)}" href="${panel.image}"/>`);
      y += height + 10;
      return;
    }
    parts.push(`<g transform="translate(${10 + column * (PANEL.width + 10)} ${y})">${axes(panel, i)}</g>`);
    if (column || i === panels.length - 1) y += PANEL.height + 12;
    column = 1 - column;
  });
  legend.forEach((line, i) => {
    const [x, at] = [14 + (i % 2) * 440, y + 10 + ROW * Math.floor(i / 2)];
    parts.push(`<path d="M${x} ${at}h34" ${stroke(line)}/>`, text(x + 42, at + 4, line.name));
  });
  y += ROW * Math.ceil(legend.length / 2) + 18;
  for (const line of lines.flatMap(wrapped)) parts.push(text(14, (y += ROW), line, 'fill="#444"'));
  const size = `width="${WIDTH}" height="${Math.ceil(y + 16)}"`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="Helvetica, Arial, sans-serif" font-size="12">` +
    `<title>${escaped(title)}</title><rect ${size} fill="#ffffff"/>${parts.join("\n")}</svg>\n`
  );
}

function wrapped(line) {
  return line.match(new RegExp(`(?:.{1,${CHARACTERS}}(?:\\s|$))|.{1,${CHARACTERS}}`, "g")) ?? [];
}

function axes({ caption, x, y, ranges, shown }, number) {
  const { width, height, left, right, top, bottom } = PANEL;
  const way = ({ log }, [low, high], from, to) => {
    const turn = log ? Math.log : (value) => value;
    return (value) => from + ((turn(value) - turn(low)) / (turn(high) - turn(low))) * (to - from);
  };
  const px = way(x, ranges.x, left, width - right);
  const py = way(y, ranges.y, height - bottom, top);
  const out = [text(left, 18, caption, 'font-weight="600"')];
  const marks = ({ ticks: own, log }, range) => (own ?? ticks(range, log)).filter((value) => value >= range[0] && value <= range[1]);
  for (const value of marks(x, ranges.x)) {
    out.push(`<path d="M${round(px(value))} ${top}V${height - bottom}" stroke="#e6e9ed"/>`);
    out.push(text(px(value), height - bottom + 16, (x.format ?? plain)(value), 'text-anchor="middle"'));
  }
  for (const value of marks(y, ranges.y)) {
    out.push(`<path d="M${left} ${round(py(value))}H${width - right}" stroke="#e6e9ed"/>`);
    out.push(text(left - 6, py(value) + 4, (y.format ?? plain)(value), 'text-anchor="end"'));
  }
  const box = `x="${left}" y="${top}" width="${width - left - right}" height="${height - top - bottom}"`;
  out.push(`<clipPath id="c${number}"><rect ${box}/></clipPath><g clip-path="url(#c${number})">`);
  out.push(...drawing(shown, px, py, top, height - bottom), "</g>", `<rect ${box} fill="none" stroke="#666"/>`);
  out.push(text((left + width - right) / 2, height - 12, x.label ?? "", 'text-anchor="middle"'));
  out.push(text(0, 0, y.label, `text-anchor="middle" transform="translate(14 ${(top + height - bottom) / 2}) rotate(-90)"`));
  return out.join("\n");
}

function drawing({ x, lines, dots, shades, marks }, px, py, top, foot) {
  const out = [];
  for (const [from, to] of shades) {
    const start = Math.max(px(from), 0) || 0;
    out.push(`<rect x="${round(start)}" y="${top}" width="${round(Math.max(0, px(to) - start))}" height="${foot - top}" fill="#78500020"/>`);
  }
  const points = (values, { start, end }) => Array.from({ length: end - start + 1 }, (_, k) => `${round(px(x[start + k]))} ${round(py(values[start + k]))}`);
  for (const line of lines.filter(({ low }) => low)) {
    for (const run of runs(x, [line.low, line.high], line)) {
      const edge = [...points(line.high, run), ...points(line.low, run).reverse()];
      out.push(`<path d="M${edge.join("L")}Z" fill="${line.color}" opacity="0.14"/>`);
    }
  }
  for (const { x: xs, y: ys, color = "#6d747c", shape = "disk", size = 5 } of dots) {
    const filled = shape === "disk" ? `fill="${color}" opacity="0.7"` : `fill="none" stroke="${color}"`;
    for (let i = 0; i < xs.length; i++) {
      if (Number.isFinite(ys[i])) out.push(`<circle cx="${round(px(xs[i]))}" cy="${round(py(ys[i]))}" r="${size / 2}" ${filled}/>`);
    }
  }
  for (const mark of marks) {
    const at = round(px(mark.at ?? mark));
    out.push(`<path d="M${at} ${top}V${foot}" stroke="#55606e" stroke-dasharray="4 4"/>`);
    if (mark.text) out.push(text(at + 3, top + 12, mark.text));
  }
  for (const line of lines) {
    for (const run of runs(x, [line.values], line)) {
      out.push(`<path d="M${points(line.values, run).join("L")}" ${stroke(line)}${run.faint ? ' opacity="0.3"' : ""}/>`);
    }
  }
  return out;
}

/** A PNG of an SVG document, twice as large. @returns {Promise<Blob>} */
export async function rasterized(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2 * image.width, 2 * image.height];
  const context = canvas.getContext("2d");
  context.scale(2, 2);
  context.drawImage(image, 0, 0);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
