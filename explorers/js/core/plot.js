// One figure on a canvas: uPlot keeps the axes, the scales and the cursor; lines, bands, dots and shades are drawn here,
// because they fade outside of the range of a model's data.

import uPlot from "uplot";
import uplotSheet from "uplot/dist/uPlot.min.css";
import { make } from "./controls.js";
import { colors, onGround, onTheme, useTheme } from "./theme.js";

const FONT = "12px system-ui, -apple-system, 'Segoe UI', sans-serif";
const FAINT = 0.3;

/* An axis has label (with the unit), log, range, ticks, format (of ticks) and words (a value with its unit). A line has values (NaN is a gap), name,
   color (for a light ground), dash, width, low and high (edges of a band), known (faint where false) or faint. Dots have x, y,
   color, shape (disk, ring, cross) and size. Lengths in CSS pixels. */

/** Make a figure; second: it gives way where there is no room for two; onHover({index, x} or null). draw({x, lines, dots, shades: ranges of x,
    marks: vertical lines, numbers or {at, text}, xRange, yRange, alt}) draws it: everything but x and lines may be left out. */
export function plot(parent, { caption, x, y, height: full = 300, second = false, onHover }) {
  useTheme();
  useTheme(uplotSheet, "gmx-uplot");
  const title = make("figcaption", {}, caption);
  const place = make("div");
  const element = make("figure", { class: "gmx-plot" }, title, place);
  parent.append(element);

  let shown = { x: [1, 2], lines: [], dots: [], shades: [], marks: [] };
  let theme = colors(parent);
  const ranges = { x: x.range, y: y.range };

  const axis = (settings, key, size) => ({
    scale: key,
    label: settings.label,
    labelSize: 20, labelFont: FONT, font: FONT, size, gap: 4,
    stroke: () => theme.ink,
    grid: { stroke: () => theme.grid, width: 1 },
    ticks: { stroke: () => theme.line, width: 1, size: 5 },
    splits: () => settings.ticks?.filter((t) => t >= ranges[key][0] && t <= ranges[key][1]) ?? ticks(ranges[key], settings.log),
    filter: (u, splits) => apart(splits.map((value) => [value, u.valToPos(value, key)]), key, settings.format ?? plain),
    values: (_, values) => values.map((value) => (value === null ? "" : (settings.format ?? plain)(value))),
  });
  const height = () => (place.clientWidth && window.innerWidth < 600 ? Math.min(full, 200) : full);
  const scale = (settings, key) => ({ time: false, auto: false, distr: settings.log ? 3 : 1, range: () => ranges[key] });
  const chart = new uPlot(
    {
      width: Math.max(place.clientWidth, 200),
      height: height(),
      padding: [8, 12, 0, 0],
      pxAlign: 0,
      legend: { show: false },
      cursor: { drag: { x: false, y: false, setScale: false }, points: { show: false }, y: false },
      scales: { x: scale(x, "x"), y: scale(y, "y") },
      axes: [axis(x, "x", 34), axis(y, "y", 54)],
      series: [{}, { scale: "y", show: true, paths: () => null, points: { show: false } }],
      hooks: {
        drawAxes: [() => drawAll(chart, shown, theme)],
        setCursor: [(u) => onHover?.(u.cursor.idx == null ? null : { index: u.cursor.idx, x: shown.x[u.cursor.idx] })],
      },
    },
    [shown.x, [null, null]],
    place,
  );
  const canvas = chart.ctx.canvas;
  canvas.setAttribute("role", "img");

  function draw(what) {
    shown = { dots: [], shades: [], marks: [], ...what };
    if (what.xRange) ranges.x = what.xRange;
    if (what.yRange) ranges.y = what.yRange;
    if (what.alt) canvas.setAttribute("aria-label", what.alt);
    stale = true;
    if (inSight) paint();
  }
  function paint() {
    stale = false;
    // The batch draws at once, so that the time of a move can be measured.
    chart.batch(() => {
      chart.setData([shown.x, new Array(shown.x.length).fill(null)], false);
      chart.setScale("x", { min: ranges.x[0], max: ranges.x[1] });
      chart.setScale("y", { min: ranges.y[0], max: ranges.y[1] });
      chart.redraw(false, true);
    });
  }
  // A figure that is out of sight is drawn when it comes into sight.
  let [inSight, stale] = [true, false];
  const sight = new IntersectionObserver((entries) => {
    inSight = entries[entries.length - 1].isIntersecting;
    if (inSight && stale) paint();
  }, { rootMargin: "50px" });
  sight.observe(element);

  const endTheme = onTheme(() => {
    theme = colors(parent);
    chart.redraw(false, true);
  });
  // Also the first chance to read colors where the figure was made before it stood in the document.
  const watch = new ResizeObserver(() => {
    const width = place.clientWidth;
    theme = colors(parent);
    if (width > 0 && (width !== chart.width || height() !== chart.height)) chart.setSize({ width, height: height() });
    else chart.redraw(false, true);
  });
  watch.observe(place);

  return {
    draw, canvas, element, second,
    describe: () => ({
      caption: title.textContent, x, y, ranges: { x: ranges.x, y: ranges.y }, shown,
      words: { x: (value) => (x.words ?? compact)(value), y: (value) => (y.words ?? compact)(value) },
    }),
    caption: (text) => (title.textContent = text),
    destroy() {
      endTheme();
      watch.disconnect();
      sight.disconnect();
      chart.destroy();
    },
  };
}

function drawAll(chart, shown, theme) {
  if (!chart) return; // uPlot draws once while it is made
  const { ctx: context, bbox } = chart;
  const ratio = uPlot.pxRatio;
  const px = Array.from(shown.x, (value) => chart.valToPos(value, "x", true));
  const py = (values) => Array.from(values, (value) => (Number.isFinite(value) ? chart.valToPos(value, "y", true) : NaN));
  context.save();
  context.beginPath();
  context.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  context.clip();
  for (const [from, to] of shown.shades) shade(context, chart, bbox, from, to, theme);
  for (const line of shown.lines) if (line.low) band(context, px, py(line.low), py(line.high), line, theme);
  for (const dots of shown.dots) scatter(context, chart, dots, theme, ratio);
  for (const mark of shown.marks) vertical(context, chart.valToPos(mark.at ?? mark, "x", true), mark.text, bbox, theme, ratio);
  for (const line of shown.lines) stroke(context, px, py(line.values), line, theme, ratio);
  context.restore();
}

function shade(context, chart, bbox, from, to, theme) {
  const start = Math.max(bbox.left, chart.valToPos(from, "x", true) || bbox.left);
  const end = Math.min(bbox.left + bbox.width, chart.valToPos(to, "x", true));
  if (end <= start) return;
  context.fillStyle = theme.out;
  context.fillRect(start, bbox.top, end - start, bbox.height);
}

/** Runs {start, end} of indices that can be drawn, each known or faint. */
export function runs(px, arrays, line) {
  const found = [];
  for (let i = 0; i + 1 < px.length; i++) {
    if (!arrays.every((array) => Number.isFinite(array[i]) && Number.isFinite(array[i + 1]))) continue;
    const faint = line.faint || Boolean(line.known && !(line.known[i] && line.known[i + 1]));
    const last = found[found.length - 1];
    if (last && last.end === i && last.faint === faint) last.end = i + 1;
    else found.push({ start: i, end: i + 1, faint });
  }
  return found;
}

function band(context, px, low, high, line, theme) {
  context.fillStyle = onGround(line.color, theme.dark);
  for (const { start, end, faint } of runs(px, [low, high], line)) {
    context.globalAlpha = faint ? 0.05 : 0.14;
    context.beginPath();
    for (let i = start; i <= end; i++) context.lineTo(px[i], high[i]);
    for (let i = end; i >= start; i--) context.lineTo(px[i], low[i]);
    context.fill();
  }
  context.globalAlpha = 1;
}

function stroke(context, px, py, line, theme, ratio) {
  context.strokeStyle = onGround(line.color, theme.dark);
  context.lineWidth = (line.width ?? 2) * ratio;
  context.setLineDash((line.dash ?? []).map((length) => length * ratio));
  context.lineJoin = "round";
  for (const { start, end, faint } of runs(px, [py], line)) {
    context.globalAlpha = faint ? FAINT : 1;
    context.beginPath();
    for (let i = start; i <= end; i++) {
      context.lineTo(px[i], py[i]);
    }
    context.stroke();
  }
  context.globalAlpha = 1;
  context.setLineDash([]);
}

function scatter(context, chart, { x, y, color, shape = "disk", size = 5 }, theme, ratio) {
  const radius = (size * ratio) / 2;
  context.fillStyle = context.strokeStyle = color ? onGround(color, theme.dark) : theme.data;
  context.lineWidth = 1.2 * ratio;
  context.beginPath();
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(y[i])) continue;
    const cx = chart.valToPos(x[i], "x", true);
    const cy = chart.valToPos(y[i], "y", true);
    SHAPES[shape](context, cx, cy, radius);
  }
  if (shape === "disk") context.fill();
  else context.stroke();
}

const circle = (context, x, y, r) => {
  context.moveTo(x + r, y);
  context.arc(x, y, r, 0, 2 * Math.PI);
};
const SHAPES = {
  disk: circle,
  ring: circle,
  cross: (context, x, y, r) => {
    context.moveTo(x - r, y - r);
    context.lineTo(x + r, y + r);
    context.moveTo(x - r, y + r);
    context.lineTo(x + r, y - r);
  },
};

function vertical(context, x, text, bbox, theme, ratio) {
  context.strokeStyle = theme.soft;
  context.lineWidth = ratio;
  context.setLineDash([4 * ratio, 4 * ratio]);
  context.beginPath();
  context.moveTo(x, bbox.top);
  context.lineTo(x, bbox.top + bbox.height);
  context.stroke();
  context.setLineDash([]);
  if (!text) return;
  context.font = FONT.replace("12px", `${12 * ratio}px`);
  context.fillStyle = theme.ink;
  context.textAlign = "left";
  context.textBaseline = "top";
  context.fillText(text, x + 3 * ratio, bbox.top);
}

/** Values of ticks whose labels have room, null for the others; uPlot's own choice would drop most of a log axis. */
function apart(ticks, key, format) {
  let end = -Infinity;
  return ticks.map(([value, at]) => {
    const half = key === "x" ? 3.7 * format(value).length + 2 : 7;
    const place = key === "x" ? at : -at;
    if (place - half < end) return null;
    end = place + half;
    return value;
  });
}

/** Where ticks go on an axis; with log decades, and 2 and 5 between them where there are few. */
export function ticks([low, high], log) {
  if (!log) {
    const rough = (high - low) / 6;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((s) => s * power).find((s) => s >= rough);
    const found = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-9) + 1e-12; i++) found.push(Number((i * step).toPrecision(12)));
    return found;
  }
  const decades = Math.log10(high / low);
  const parts = decades < 2.6 ? [1, 2, 5] : [1];
  const found = [];
  for (let d = Math.floor(Math.log10(low)); d <= Math.ceil(Math.log10(high)); d++)
    for (const part of parts) {
      const value = Number((part * 10 ** d).toPrecision(6));
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) found.push(value);
    }
  return found;
}

/** A number as a tick says it: without exponent, with as few digits as it needs. */
export function plain(value) {
  const usual = value === 0 || (Math.abs(value) >= 1e-5 && Math.abs(value) < 1e6);
  return usual ? String(Number(Number(value.toPrecision(6)).toFixed(6))) : value.toExponential(0);
}

/** A number as a reader wants it: three significant digits, never in exponents; a dash for none. */
export function digits(value, count = 3) {
  if (!Number.isFinite(value)) return "–";
  const rounded = Number(value.toPrecision(count));
  const places = Math.max(0, count - 1 - Math.floor(Math.log10(Math.abs(rounded) || 1)));
  return rounded.toFixed(Math.min(places, 12));
}
/** Three significant digits, without zeros at the end. */
export const compact = (value) => (Number.isFinite(value) ? plain(Number(value.toPrecision(3))) : "–");

/** Smallest range of whole decades that holds the values, for an axis that does not jump at every move. */
export function decades(low, high) {
  return [10 ** Math.floor(Math.log10(low) + 1e-9), 10 ** Math.ceil(Math.log10(high) - 1e-9)];
}

/** A short line as a drawing, for a legend: color and dashes as in the figure, on a light and on a dark ground. */
export function swatch({ color, dash = [], width = 2.5 }) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [name, value] of [["width", 34], ["height", 10], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  for (const [ground, tone] of [["light", color], ["dark", onGround(color, true)]]) {
    const line = document.createElementNS(space, "line");
    const look = { x1: 1, y1: 5, x2: 33, y2: 5, stroke: tone, "stroke-width": width, "stroke-dasharray": dash.join(" ") };
    for (const [name, value] of Object.entries(look)) line.setAttribute(name, value);
    line.setAttribute("class", `gmx-on-${ground}`);
    svg.append(line);
  }
  return svg;
}
