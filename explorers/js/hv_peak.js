/* What networks and rules see of an H/V peak: ninety numbers, a picture, and quantities with thresholds. The same as gmtools.hvsr.inputs,
   gmtools.hvsr.shrunk and gmtools.studies.peak_rules (spectra only). */

import { along } from "./knots.js";

export const SAMPLES = 30;
export const PICTURE_SIZE = 227;
const AMPLITUDE_RANGE = [0.5, 32];
const LINE_WIDTH = 3;
const LINE_COLORS = [[0, 114, 178], [213, 94, 0], [0, 158, 115]]; // ns, ew, vt: Okabe and Ito
const SHOULDER = 0.35; // octaves from f0

/** Spectra around a peak at log-spaced frequencies from f0/2 to 2 f0, over the vertical one's minimum there: ln of the ratio, three rows. */
export function peakSpectra(logs, frequencies, f0, samples = SAMPLES) {
  const lnFrequencies = Array.from(frequencies, Math.log);
  const grid = (n) => Array.from({ length: n }, (_, i) => Math.log(f0 / 2) + (i / (n - 1)) * Math.log(4));
  const fine = interpolate([...grid(samples), ...grid(PICTURE_SIZE)], lnFrequencies, logs[2]);
  const lowest = Math.min(...fine);
  return logs.map((log) => interpolate(grid(samples), lnFrequencies, log).map((value) => value - lowest));
}

/** Piecewise linear interpolation, as numpy.interp: constant beyond the ends. x ascends. */
function interpolate(where, x, y) {
  return Float64Array.from(where, (at) => {
    const [low, share] = along(x, at);
    return y[low] + share * (y[low + 1] - y[low]);
  });
}

/** The three lines as colors on white, which multiply where lines cross: 227 * 227 * 3, rows from the top. */
export function draw(lines) {
  const size = PICTURE_SIZE;
  const [low, high] = AMPLITUDE_RANGE.map(Math.log);
  const margin = LINE_WIDTH / 2;
  const ink = new Float64Array(size * size * 3).fill(1);
  lines.forEach((line, number) => {
    const height = Array.from(line, (value) => Math.min(Math.max((value - low) / (high - low), 0), 1));
    const center = height.map((value) => margin + (1 - value) * (size - 2 * margin));
    for (let x = 0; x < size; x++) {
      const left = x ? (center[x - 1] + center[x]) / 2 : center[x];
      const right = x < size - 1 ? (center[x] + center[x + 1]) / 2 : center[x];
      const top = Math.min(left, right, center[x]) - margin;
      const bottom = Math.max(left, right, center[x]) + margin;
      for (let y = Math.max(Math.floor(top), 0); y < Math.min(Math.ceil(bottom), size); y++) {
        const covered = Math.min(Math.max(Math.min(bottom, y + 1) - Math.max(top, y), 0), 1);
        for (let c = 0; c < 3; c++) ink[(y * size + x) * 3 + c] *= 1 - covered * (1 - LINE_COLORS[number][c] / 255);
      }
    }
  });
  return Uint8ClampedArray.from(ink, (value) => roundedEven(255 * value));
}

/** Halves to the even neighbor, as NumPy rounds. */
function roundedEven(value) {
  const down = Math.floor(value);
  const rest = value - down;
  if (rest === 0.5) return down + (down % 2);
  return rest < 0.5 ? down : down + 1;
}

/** A square picture (size * size * 3) with fewer pixels, by triangular averaging (bilinear with antialiasing): whole numbers, 0 to 255. */
export function resized(picture, side, size = PICTURE_SIZE) {
  const rows = triangles(size, side);
  const middle = new Float32Array(side * size * 3);
  rows.forEach(({ first, weight }, y) => {
    for (let x = 0; x < size * 3; x++) {
      let sum = 0;
      for (let k = 0; k < weight.length; k++) sum += weight[k] * picture[(first + k) * size * 3 + x];
      middle[y * size * 3 + x] = sum;
    }
  });
  const out = new Float32Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    rows.forEach(({ first, weight }, x) => {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let k = 0; k < weight.length; k++) sum += weight[k] * middle[(y * size + first + k) * 3 + c];
        out[(y * side + x) * 3 + c] = Math.min(Math.max(roundedEven(Math.fround(sum)), 0), 255);
      }
    });
  }
  return out;
}

function triangles(size, side) {
  const scale = size / side;
  return Array.from({ length: side }, (_, i) => {
    const center = (i + 0.5) * scale;
    const first = Math.max(Math.ceil(center - scale - 0.5), 0);
    const last = Math.min(Math.floor(center + scale - 0.5), size - 1);
    const weight = Array.from({ length: last - first + 1 }, (_, k) => Math.max(1 - Math.abs(first + k + 0.5 - center) / scale, 0));
    const sum = weight.reduce((a, b) => a + b);
    return { first, weight: weight.map((value) => value / sum) };
  });
}

/** What the rules look at in the spectra around a peak (three rows, ln): gmtools.studies.peak_rules.quantities. */
export function quantities([ns, ew, vertical]) {
  const n = ns.length;
  const octaves = Array.from({ length: n }, (_, i) => -1 + (2 * i) / (n - 1));
  const horizontal = ns.map((value, i) => (value + ew[i]) / 2);
  const bump = (line) => {
    const [center, left, right] = interpolate([0, -SHOULDER, SHOULDER], octaves, line);
    return center - (left + right) / 2;
  };
  const fifth = (sign) => percentile(ns.map((value, i) => sign * (value - ew[i])), 0.2);
  return {
    relative_width: width(octaves, horizontal.map((value, i) => value - vertical[i])),
    vertical_bump_ln: bump(vertical),
    horizontal_bump_ln: bump(horizontal),
    horizontal_imbalance_ln: Math.max(fifth(1), fifth(-1), 0),
  };
}

function percentile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  return sorted[low] + (place - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
}

/** Width at half the height above the higher foot, over f0. */
function width(octaves, log) {
  const middle = [...octaves.keys()].filter((i) => Math.abs(octaves[i]) <= 0.1);
  const top = middle.reduce((best, i) => (log[i] > log[best] ? i : best));
  const foot = Math.max(Math.min(...log.slice(0, top + 1)), Math.min(...log.slice(top)));
  const above = Array.from(log, (value) => value - (log[top] + foot) / 2);
  const right = crossing(octaves.slice(top), above.slice(top));
  const left = crossing(octaves.slice(0, top + 1).reverse(), above.slice(0, top + 1).reverse());
  return 2 ** right - 2 ** left;
}

function crossing(octaves, above) {
  const i = above.findIndex((value) => value <= 0);
  if (i < 0) return octaves[octaves.length - 1];
  if (i === 0) return octaves[0];
  return octaves[i - 1] + ((octaves[i] - octaves[i - 1]) * above[i - 1]) / (above[i - 1] - above[i]);
}

/** Class of the first rule that applies, "stratigraphic" when none does: {verdict, rule, value}. */
export function classify(values, rules) {
  const rule = rules.find(({ quantity, side, threshold }) =>
    side === "below" ? values[quantity] < threshold : values[quantity] > threshold,
  );
  return { verdict: rule?.verdict ?? "stratigraphic", rule: rule ?? null, value: rule ? values[rule.quantity] : null };
}
