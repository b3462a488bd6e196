/** The three figures of the H/V explorer: windows over time, mean spectra, H/V. */

import { compact } from "./core/plot.js";

// Of ns, ew, vt: Okabe and Ito's blue, vermilion and bluish green, as in the picture that SqueezeNet sees.
const COMPONENTS = [
  { name: "north-south", color: "#0072b2", dash: [] },
  { name: "east-west", color: "#d55e00", dash: [8, 4] },
  { name: "vertical", color: "#009e73", dash: [2, 3] },
];
const MEAN = { name: "mean H/V ± one standard deviation", color: "#000000", dash: [], width: 3 };
const WINDOW = { name: "single windows", color: "#6d747c", dash: [], width: 0.7, faint: true };
const TWO = { name: "SESAME's least height of a peak, 2", color: "#cc79a7", dash: [4, 4], width: 1.2 };
const BINS = 400;
const TOP = 2.9; // where the marks of the windows stand, above three rows of traces

export const LEGEND = [...COMPONENTS, MEAN, WINDOW, TWO];

/** Make the figures; the functions below draw. */
export function makeFigures(view) {
  const x = { label: "frequency (Hz)", log: true, range: [0.2, 10], words: (value) => `${compact(value)} Hz` };
  const ratio = view.plot({ caption: "H/V", x, y: { label: "H/V", range: [0, 6] } });
  const y = { label: "amplitude, over the lowest", log: true, range: [1, 100] };
  const spectra = view.plot({ caption: "Mean spectra of the kept windows", x, y, second: true });
  const windows = view.plot({
    caption: "Windows",
    x: { label: "time (s)", range: [0, 480] },
    y: { label: "", range: [-0.6, 3.3], ticks: [0, 1, 2], format: (value) => ["V", "E", "N"][value] },
    height: 190,
  }, view.rest);
  windows.element.style.gridColumn = "1 / -1";
  return { windows, spectra, ratio };
}

/** Smallest and largest sample of each of the bins, in turn: what a trace of many samples looks like from afar, 0.9 high. */
function envelope(samples, from) {
  const size = samples.length / BINS;
  const ends = Array.from({ length: BINS }, (_, bin) => {
    const part = samples.subarray(Math.floor(bin * size), Math.floor((bin + 1) * size));
    return [Math.min(...part), Math.max(...part)];
  }).flat();
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  return ends.map((value) => from + 0.9 * ((value - low) / (high - low) - 0.5));
}

/** @param {{record: object, kept: boolean[], state: object}} shown */
export function drawWindows(figure, { record, kept, state }) {
  const duration = record.components[0].length / record.rate;
  const length = state.window_length_s;
  const x = Float64Array.from({ length: 2 * BINS }, (_, i) => ((i + 0.5) * duration) / (2 * BINS));
  record.traces ??= record.components.map((samples, i) => envelope(samples, 2 - i)); // drawn again at every move
  const centers = (wanted) => kept.flatMap((is, w) => (is === wanted ? [(w + 0.5) * length] : []));
  const dots = [
    { x: centers(true), shape: "disk", size: 7 },
    { x: centers(false), shape: "cross", size: 10, color: "#d55e00" },
  ].map((part) => ({ ...part, y: part.x.map(() => TOP) }));
  const rejected = kept.flatMap((is, w) => (is ? [] : [w]));
  const many = kept.length - rejected.length;
  figure.caption(`Windows of ${compact(length)} s: ${many} of ${kept.length} kept`);
  figure.draw({
    x,
    lines: COMPONENTS.map(({ color }, i) => ({ color, values: record.traces[i], width: 1 })),
    dots,
    shades: rejected.map((w) => [w * length, (w + 1) * length]),
    xRange: [0, duration],
    alt:
      `Traces of three components over ${compact(duration)} s, in windows of ${compact(length)} s. ${many} of ${kept.length} windows are kept` +
      (rejected.length ? `; rejected: windows from ${rejected.map((w) => compact(w * length)).join(", ")} s.` : "."),
  });
}

/** @param {{logs: Float64Array[], frequencies: Float64Array, peak: object|undefined}} shown */
export function drawSpectra(figure, { logs, frequencies, peak }) {
  const lowest = Math.min(...logs.map((log) => Math.min(...log)));
  const lines = logs.map((log, i) => ({ ...COMPONENTS[i], values: log.map((value) => Math.exp(value - lowest)), width: 2 }));
  const highest = Math.max(...lines.map(({ values }) => Math.max(...values)));
  const near = peak ? ` At ${compact(peak.f0)} Hz: ${COMPONENTS.map(({ name }, i) => `${name} ${compact(lines[i].values[peak.index])}`).join(", ")}.` : "";
  figure.draw({
    x: frequencies,
    lines,
    marks: peak ? [peak.f0] : [],
    yRange: [0.8, [10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3].find((top) => top >= highest) ?? highest],
    alt: `Amplitude spectra of north-south, east-west and vertical motion against frequency, over the lowest value.${near}`,
  });
}

/** @param {{curve: object, peak: object|undefined, state: object}} shown */
export function drawRatio(figure, { curve, peak }) {
  const { frequencies, mean, sigma, windows } = curve;
  const low = mean.map((value, i) => value * Math.exp(-sigma[i]));
  const high = mean.map((value, i) => value * Math.exp(sigma[i]));
  const highest = Math.max(...high);
  figure.caption(peak ? `H/V: f0 ${compact(peak.f0)} Hz, height ${compact(peak.amplitude)}` : "H/V: no peak stands out");
  figure.draw({
    x: frequencies,
    lines: [
      ...windows.map((values) => ({ ...WINDOW, name: "", values })),
      { ...TWO, values: frequencies.map(() => 2) },
      { ...MEAN, values: mean, low, high },
    ],
    marks: peak ? [peak.f0] : [],
    yRange: [0, [3, 4, 6, 8, 12, 16, 24, 40].find((top) => top >= highest) ?? highest],
    alt:
      `H/V against frequency, mean of ${windows.length} windows with its spread of one standard deviation. ` +
      (peak
        ? `Highest peak at ${compact(peak.f0)} Hz, ${compact(peak.amplitude)}, spread ${compact(low[peak.index])} to ${compact(high[peak.index])}.`
        : `Between ${compact(Math.min(...mean))} and ${compact(Math.max(...mean))}; no peak is prominent.`),
  });
}

