/* Noise to H/V, peaks and SESAME's criteria as gmtools.hvsr computes them: Konno and Ohmachi's smoothing, windows padded to one
   transform length, geometric means. Arrays of spectra are flat: window by window, frequency by frequency. */

import { rfft } from "./fft.js";

const TAPER = 0.05; // share of a window at each end
const PROMINENCE = 0.5;
const PROMINENCE_RATIO = 0.7;
const AT_MOST = 3;
/** SESAME (2004), table of thresholds: upper end of the frequency range (Hz), epsilon over f0, theta. */
const LIMITS = [[0.2, 0.25, 3.0], [0.5, 0.2, 2.5], [1.0, 0.15, 2.0], [2.0, 0.1, 1.78], [Infinity, 0.05, 1.58]];

/* A record has components (samples of ns, ew, vt), scales (what each is multiplied with) and rate (samples a second). Settings: windowLength (s),
   b (smoothing), rejection (standard deviations; null keeps all). A curve: frequencies (Hz), mean, sigma (of ln), windows (each kept one's H/V). */

/** Weights of Konno and Ohmachi (1998, Eq. 4), (sin x / x)^4, x = b log10(f / center), to its first zeros, adding up to 1: row i has
    weight[start[i]] ... weight[start[i + 1]] for the transform's coefficients from first[i] on. */
export function smoothingMatrix(frequencies, b, length, rate) {
  const step = rate / length;
  const reach = 10 ** (Math.PI / b);
  const n = frequencies.length;
  const first = new Int32Array(n);
  const start = new Int32Array(n + 1);
  for (let i = 0; i < n; i++) {
    first[i] = Math.ceil(frequencies[i] / reach / step);
    const last = Math.min(Math.floor((frequencies[i] * reach) / step), length / 2);
    if (last < first[i]) throw new RangeError(`No frequency of the transform lies near ${frequencies[i]} Hz for b = ${b}.`);
    start[i + 1] = start[i] + last - first[i] + 1;
  }
  const weight = new Float64Array(start[n]);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let k = start[i]; k < start[i + 1]; k++) {
      const x = b * Math.log10(((first[i] + k - start[i]) * step) / frequencies[i]);
      weight[k] = x === 0 ? 1 : (Math.sin(x) / x) ** 4;
      sum += weight[k];
    }
    for (let k = start[i]; k < start[i + 1]; k++) weight[k] /= sum;
  }
  return { first, start, weight };
}

/** Tapered cosine window, as scipy.signal.windows.tukey(length, 2 * TAPER). */
function tukey(length) {
  const width = Math.floor(TAPER * (length - 1));
  const taper = new Float64Array(length).fill(1);
  for (let i = 0; i <= width; i++) {
    taper[i] = taper[length - 1 - i] = 0.5 * (1 + Math.cos(Math.PI * (i / TAPER / (length - 1) - 1)));
  }
  return taper;
}

/** A window without its mean and linear trend, tapered. */
function prepared(samples, from, taper) {
  const length = taper.length;
  const out = new Float64Array(length);
  let [mean, slope, square] = [0, 0, 0];
  for (let i = 0; i < length; i++) {
    const x = (2 * i) / (length - 1) - 1;
    mean += samples[from + i];
    slope += samples[from + i] * x;
    square += x * x;
  }
  mean /= length;
  slope /= square;
  for (let i = 0; i < length; i++) out[i] = (samples[from + i] - mean - slope * ((2 * i) / (length - 1) - 1)) * taper[i];
  return out;
}

/** Smoothed amplitude spectra of every window: logs (ln amplitude of ns, ew, vt, each count * n_frequencies), count, and kept: whether a
    window's level is within the limit on all three components. */
export function spectra(record, settings, { frequencies, transformLength }) {
  const { components, scales, rate } = record;
  const length = Math.round(settings.windowLength * rate);
  const count = Math.floor(components[0].length / length);
  const { first, start, weight } = smoothingMatrix(frequencies, settings.b, transformLength, rate);
  const n = frequencies.length;
  if (record.amplitudes?.length !== length) record.amplitudes = amplitudes(record, length, count, transformLength);
  const logs = components.map((_, component) => {
    const out = new Float64Array(count * n);
    const scale = Math.log(scales[component] / rate);
    for (let w = 0; w < count; w++) {
      const amplitude = record.amplitudes.values[component][w];
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let k = start[i], at = first[i]; k < start[i + 1]; k++, at++) sum += weight[k] * amplitude[at];
        out[w * n + i] = Math.log(sum) + scale;
      }
    }
    return out;
  });
  return { logs, count, kept: levelKept(logs, count, n, settings.rejection) };
}

/** Amplitude spectra of each component and window, which only the length of the windows changes. */
function amplitudes({ components }, length, count, transformLength) {
  const taper = tukey(length);
  const spectrum = (samples, w) => {
    const { re, im } = rfft(prepared(samples, w * length, taper), transformLength);
    return re.map((value, k) => Math.sqrt(value * value + im[k] * im[k]));
  };
  const values = components.map((samples) => Array.from({ length: count }, (_, w) => spectrum(samples, w)));
  return { length, values };
}

/** Windows whose mean ln amplitude is within so many standard deviations of the windows' mean, on all components. */
function levelKept(logs, count, n, limit) {
  const kept = new Array(count).fill(true);
  if (limit === null) return kept;
  for (const log of logs) {
    const level = Array.from({ length: count }, (_, w) => mean(log.subarray(w * n, (w + 1) * n)));
    const middle = mean(level);
    const far = limit * deviation(level, middle);
    level.forEach((value, w) => (kept[w] &&= Math.abs(value - middle) <= far));
  }
  return kept;
}

function mean(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function deviation(values, middle = mean(values)) {
  let sum = 0;
  for (const value of values) sum += (value - middle) ** 2;
  return Math.sqrt(sum / (values.length - 1));
}

/** Geometric mean of the kept windows' spectra: ln amplitude of ns, ew, vt, each (n_frequencies). */
export function meanSpectra({ logs, count, kept }, n) {
  const used = kept.filter(Boolean).length;
  return logs.map((log) => {
    const out = new Float64Array(n);
    for (let w = 0; w < count; w++) if (kept[w]) for (let i = 0; i < n; i++) out[i] += log[w * n + i] / used;
    return out;
  });
}

/** H/V of the kept windows, a curve; the two horizontals are joined by their geometric mean. */
export function curve({ logs, count, kept }, frequencies, windowLength) {
  const n = frequencies.length;
  const [ns, ew, vt] = logs;
  const windows = [];
  for (let w = 0; w < count; w++) {
    if (!kept[w]) continue;
    const ratio = new Float64Array(n);
    for (let i = 0, at = w * n; i < n; i++, at++) ratio[i] = (ns[at] + ew[at]) / 2 - vt[at];
    windows.push(ratio);
  }
  const middle = new Float64Array(n);
  const sigma = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const column = windows.map((window) => window[i]);
    middle[i] = mean(column);
    sigma[i] = deviation(column, middle[i]);
  }
  return { frequencies, mean: middle.map(Math.exp), sigma, windows: windows.map((w) => w.map(Math.exp)), windowLength };
}

/** Prominent peaks, the most prominent first: gmtools.hvsr.peaks without SESAME's verdict. [{index, f0, amplitude, prominence}] */
export function peaks({ frequencies, mean: values }) {
  const lowest = 2 * frequencies[0];
  const highest = frequencies[frequencies.length - 1] / 2;
  const found = [];
  for (let i = 1; i < values.length - 1; i++) {
    if (!(values[i] > values[i - 1] && values[i] > values[i + 1])) continue;
    const prominence = prominenceOf(values, i);
    if (prominence >= PROMINENCE && frequencies[i] >= lowest && frequencies[i] <= highest) {
      found.push({ index: i, f0: frequencies[i], amplitude: values[i], prominence });
    }
  }
  found.sort((a, b) => b.prominence - a.prominence);
  return found.filter((peak) => peak.prominence >= PROMINENCE_RATIO * found[0].prominence).slice(0, AT_MOST);
}

/** Height above the higher of the two lowest points between the peak and the next higher place, on either side. */
function prominenceOf(values, top) {
  const lowest = (step) => {
    let low = values[top];
    for (let i = top; i >= 0 && i < values.length && values[i] <= values[top]; i += step) low = Math.min(low, values[i]);
    return low;
  };
  return values[top] - Math.max(lowest(-1), lowest(1));
}

/** SESAME's nine criteria (2004, section 2.2) for the peak at an index of the curve: gmtools.hvsr.sesame.
    [{name, criterion, value, relation, threshold, passed}] */
export function sesame(curve, at) {
  const { frequencies, mean: values, windowLength } = curve;
  const f0 = frequencies[at];
  const a0 = values[at];
  const [, epsilon, theta] = LIMITS.find(([upper]) => f0 < upper);
  const sigma = curve.sigma.map(Math.exp);
  const near = where(frequencies, f0 / 2, 2 * f0);
  const lowest = (low, high) => Math.min(...where(frequencies, low, high).map((i) => values[i]));
  const rows = [
    ["f0 exceeds 10 / window length (Hz)", f0, ">", 10 / windowLength],
    ["significant cycles lw nw f0", windowLength * curve.windows.length * f0, ">", 200],
    ["largest sigma_A in (f0/2, 2 f0)", Math.max(...near.map((i) => sigma[i])), "<", f0 > 0.5 ? 2 : 3],
    ["lowest H/V in [f0/4, f0]", lowest(f0 / 4, f0), "<", a0 / 2],
    ["lowest H/V in [f0, 4 f0]", lowest(f0, 4 * f0), "<", a0 / 2],
    ["H/V at f0", a0, ">", 2],
    ["peaks of A sigma_A and A / sigma_A off f0 (ratio)", shift(curve, near, f0, sigma), "<", 0.05],
    ["standard deviation of f0 (Hz)", peakDeviation(curve, near), "<", epsilon * f0],
    ["sigma_A at f0", sigma[at], "<", theta],
  ];
  return rows.map(([criterion, value, relation, threshold], i) => ({
    name: i < 3 ? `reliability ${i + 1}` : `clarity ${i - 2}`,
    criterion,
    value,
    relation,
    threshold,
    passed: relation === ">" ? value > threshold : value < threshold,
  }));
}

/** Whether a peak is reliable (all three criteria) and clear (at least five of six): gmtools.hvsr.passes. */
export function passes(rows) {
  return rows.slice(0, 3).every((row) => row.passed) && rows.slice(3).filter((row) => row.passed).length >= 5;
}

function where(frequencies, low, high) {
  return Array.from(frequencies.keys()).filter((i) => frequencies[i] >= low && frequencies[i] <= high);
}

function top(near, value) {
  return near.reduce((best, i) => (value(i) > value(best) ? i : best));
}

function shift({ frequencies, mean: values }, near, f0, sigma) {
  const tops = [top(near, (i) => values[i] * sigma[i]), top(near, (i) => values[i] / sigma[i])];
  return Math.max(...tops.map((i) => Math.abs(frequencies[i] / f0 - 1)));
}

/** Standard deviation of the windows' own maxima near the peak, Hz. */
function peakDeviation({ frequencies, windows }, near) {
  return deviation(windows.map((window) => frequencies[top(near, (i) => window[i])]));
}
