// H/V: noise in windows, three spectra, their ratio, SESAME's criteria, and what two networks say of the peak.

import { make } from "./core/controls.js";
import { compact } from "./core/plot.js";
import { explorer } from "./core/shell.js";
import { colors, onTheme, useTheme } from "./core/theme.js";
import sheet from "./horizontal_to_vertical.css";
import { curve, meanSpectra, passes, peaks, sesame, spectra } from "./hv_curve.js";
import { fileInput } from "./hv_file.js";
import { LEGEND, drawRatio, drawSpectra, drawWindows, makeFigures } from "./hv_figures.js";
import { NAMES, best, criteriaTable, opinionsTable, percent, verdictOf } from "./hv_opinions.js";
import { PICTURE_SIZE, classify, draw, peakSpectra, quantities, resized } from "./hv_peak.js";
import { probabilities } from "./perceptron.js";
import { assemble, steps } from "./squeezenet.js";

const REST_MS = 120; // SqueezeNet waits until the hand rests
const SLICE_MS = 12;
const OWN = "own"; // recording: a file of the reader's

const defaults = { recording: "valley", smoothing_b: 40, window_length_s: 40, reject: true, rejection: 2 };
const SCENES = [
  ["A pump: nine criteria pass", { recording: "pump" }],
  ["The pump, hardly smoothed", { recording: "pump", smoothing_b: 100 }],
  ["Bursts let in", { recording: "terrace", window_length_s: 20, rejection: 4 }],
  ["A peak made by chance", { recording: "rock", smoothing_b: 80, window_length_s: 60 }],
];
const SLIDERS = {
  smoothing_b: { label: "Konno-Ohmachi b (low: smooth)", step: 1 },
  window_length_s: { label: "Window length", unit: "s", step: 1 },
  rejection: { label: "Rejection limit", unit: "standard deviations", step: 0.1 },
};
const originOf = ({ components, rate }) =>
  `${compact(components[0].length / rate / 60)} minutes, ${rate} samples a second; twenty minutes or more are usual in the field. Both networks ` +
  "learned from simulated peaks, smoothed by a triangle a tenth of the frequency wide, over 18 windows of 70 s.";

function open(view) {
  useTheme(sheet, "gmx-hv");
  const { content, root, rest, model } = view;
  const networks = readNetworks(content);
  const records = readRecords(content);
  const frequencies = content.arrays.frequencies_hz.data;
  const options = Object.entries(records).map(([name, { label }]) => [name, label]);
  view.select("recording", { label: "Recording", options: [...options, [OWN, "Your own file, opened below"]] });
  const take = (record) => {
    [records[OWN], drawn] = [record, ""];
    if (view.state().recording === OWN) view.redraw();
    else view.change({ recording: OWN });
  };
  view.controls.append(fileInput(take));
  for (const [name, options] of Object.entries(SLIDERS)) view.slider(name, options);
  view.checkbox("reject", { label: "Reject windows that are too loud or too quiet" });
  const verdict = make("p", { class: "gmx-hv-verdict" });
  rest.append(verdict);
  const figures = makeFigures(view);
  const side = make("div");
  const pair = make("div", { class: "gmx-hv-pair" });
  rest.append(pair);
  const criteria = criteriaTable(pair);
  pair.append(side);
  const opinions = opinionsTable(side, content.meta.classes);
  const picture = makePicture(side, networks);
  const origin = make("p");
  view.notes.append(origin);
  const truth = makeTruth(view.notes, content.meta);
  let [shown, drawn] = [];
  let stopLooking = () => {};

  function update(state) {
    stopLooking();
    const record = records[state.recording] ?? records[defaults.recording];
    shown = { state, record, opinions: {}, ...compute(record, state, frequencies) };
    origin.replaceChildren(make("strong", {}, kindOf(record)), originOf(record));
    truth(record);
    verdict.replaceChildren(...sentenceOf(shown));
    if (drawn !== (drawn = [state.recording, state.window_length_s, shown.kept].join())) drawWindows(figures.windows, shown);
    drawSpectra(figures.spectra, shown);
    drawRatio(figures.ratio, shown);
    criteria(shown.rows ?? null);
    stopLooking = judge(shown, { networks, meta: content.meta, opinions, picture, done: () => view.say(spoken(shown)) });
    return { spoken: spoken(shown), warning: warningFor(shown, model.get("recording")), lines: LEGEND };
  }
  const darken = () => root.classList.toggle("gmx-hv-dark", colors(root).dark);
  const endTheme = onTheme(darken);
  darken();
  return {
    update,
    table: () => csvTable(shown),
    picture: () => ({
      title: `H/V of ${shown.record.label}`,
      legend: LEGEND,
      lines: [verdict.textContent, `${kindOf(shown.record)}Shaded windows were rejected; dashed vertical line: f0. ${originOf(shown.record)}`],
    }),
    stop() {
      endTheme();
      stopLooking();
    },
  };
}

const kindOf = ({ simulated }) => (simulated ? "Simulated noise. " : "Measured noise. ");

/** Networks of the payload, ready for use. */
function readNetworks({ meta, arrays }) {
  const part = (name, key) => arrays[`${name}_${key}`].data;
  const layers = Array.from({ length: meta.networks.perceptron.layers }, (_, i) => ({
    kernel: part("perceptron", `kernel_${i}`),
    bias: part("perceptron", `bias_${i}`),
  }));
  const perceptron = { minimum: part("perceptron", "minimum"), maximum: part("perceptron", "maximum"), layers };
  const { side, zero, classes } = meta.networks.squeezenet;
  const weights = ["kernels", "scales", "biases"].map((key) => part("squeezenet", key));
  return { perceptron, squeezenet: assemble(...weights, { side, zero, classes }) };
}

function readRecords({ meta, arrays }) {
  const entries = Object.entries(meta.recordings).map(([name, about]) => {
    const { data, shape } = arrays[`samples_${name}`];
    const components = Array.from({ length: shape[0] }, (_, i) => data.subarray(i * shape[1], (i + 1) * shape[1]));
    return [name, { ...about, components, rate: meta.rate_hz, transformLength: meta.transform_length }];
  });
  return Object.fromEntries(entries);
}

/** Everything but the networks' opinions. */
function compute(record, state, frequencies) {
  const settings = { windowLength: state.window_length_s, b: state.smoothing_b, rejection: state.reject ? state.rejection : null };
  const windows = spectra(record, settings, { frequencies, transformLength: record.transformLength });
  const few = windows.kept.filter(Boolean).length < 2;
  if (few) windows.kept.fill(true);
  const ratio = curve(windows, frequencies, state.window_length_s);
  const logs = meanSpectra(windows, frequencies.length);
  const [peak, ...others] = peaks(ratio);
  const rows = peak && sesame(ratio, peak.index);
  return { kept: windows.kept, few, curve: ratio, logs, frequencies, peak, others, rows, passed: rows && passes(rows) };
}

/** Ask perceptron and rules at once, and SqueezeNet in slices of time after the hand has come to rest; returns what stops it. */
function judge(shown, { networks, meta, opinions, picture, done }) {
  const { peak, logs, frequencies } = shown;
  if (!peak) {
    Object.keys(NAMES).forEach((who) => opinions.fill(who, null));
    picture.clear();
    return () => {};
  }
  const lines = peakSpectra(logs, frequencies, peak.f0);
  const features = lines.flatMap((line) => Array.from(line));
  const { verdict, rule, value } = classify(quantities(lines), meta.rules);
  const why = rule
    ? `The rules say ${verdict} because ${rule.quantity} is ${compact(value)}, ${rule.side} ${compact(rule.threshold)}. ${rule.reason}`
    : "No rule speaks against a layer.";
  shown.opinions.perceptron = probabilities(features, networks.perceptron);
  shown.opinions.rules = meta.classes.map((name) => Number(name === verdict));
  opinions.fill("perceptron", shown.opinions.perceptron);
  const { minimum, maximum } = networks.perceptron;
  const beyond = features.filter((value, i) => value < minimum[i] || value > maximum[i]).length;
  shown.beyond = beyond;
  const far = beyond > 0.05 * features.length
    ? ` Mind: ${beyond} of the ${features.length} numbers lie outside of what the networks learned from.` : "";
  opinions.decide("rules", verdict, `${why} Rules that need a longer recording are left out.${far}`);
  opinions.wait("squeezenet");
  const look = () => {
    const drawn = draw(peakSpectra(logs, frequencies, peak.f0, PICTURE_SIZE));
    const small = resized(drawn, networks.squeezenet.side);
    picture.show(small, peak);
    return steps(small, networks.squeezenet);
  };
  return inSlices(look, (said, ms) => {
    shown.opinions.squeezenet = said;
    opinions.fill("squeezenet", said);
    picture.took(ms);
    done();
  });
}

/** Run a generator a few milliseconds at a time, so that the page stays quick. */
function inSlices(start, finish) {
  let work;
  let spent = 0;
  let timer = setTimeout(slice, REST_MS);
  function slice() {
    const began = performance.now();
    let step;
    work ??= start();
    do step = work.next();
    while (!step.done && performance.now() - began < SLICE_MS);
    spent += performance.now() - began;
    if (step.done) finish(step.value, spent);
    else timer = setTimeout(slice, 0);
  }
  return () => clearTimeout(timer);
}

/** The picture that SqueezeNet looks at, with where the network comes from. */
function makePicture(parent, { squeezenet }) {
  const { side } = squeezenet;
  const canvas = make("canvas", { width: side, height: side, role: "img", "aria-label": "No picture yet." });
  const text = make("p", { class: "gmx-note" });
  parent.append(make("div", { class: "gmx-hv-picture" }, canvas, text));
  const words = `What SqueezeNet sees: three spectra from half to twice f0, ${side} x ${side} pixels.`;
  text.textContent = words;
  return {
    clear() {
      canvas.getContext("2d").clearRect(0, 0, side, side);
      canvas.setAttribute("aria-label", "No picture: there is no peak.");
    },
    show(pixels, peak) {
      const image = new ImageData(side, side);
      for (let i = 0; i < side * side; i++) image.data.set([pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2], 255], 4 * i);
      canvas.getContext("2d").putImageData(image, 0, 0);
      canvas.setAttribute("aria-label", `Three colored lines on white: the spectra from ${compact(peak.f0 / 2)} to ${compact(2 * peak.f0)} Hz.`);
    },
    took: (ms) => {
      text.textContent = `${words} It took ${Math.round(ms)} ms.`;
      canvas.dataset.networkMs = ms.toFixed(1);
    },
  };
}

/** Folded text: what lies below the site, and how good the networks are. */
function makeTruth(root, { networks }) {
  const about = make("p");
  const place = make("details", { class: "gmx-note" }, make("summary", {}, "What it really is, and how far to trust the networks"), about);
  for (const [name, { scores, faults }] of Object.entries(networks)) {
    const words = scores.map(
      (score) => `balanced accuracy ${percent(score.value)} on ${score.records} ${score.on} (rules without learning: ${percent(score.baselines.rules)})`,
    );
    const kept = name === "squeezenet" ? " Its weights are rounded to eight bits here." : "";
    place.append(make("p", {}, `${name === "perceptron" ? "Perceptron" : "SqueezeNet"}: ${words.join("; ")}. ${faults.join(" ")}${kept}`));
  }
  root.append(place);
  return (record) => {
    about.textContent = record.truth;
  };
}

function sentenceOf({ peak, others, rows, passed }) {
  if (!peak) return [make("strong", {}, "No peak"), ": the curve is flat, as it is on rock. There is nothing to classify."];
  const more = others.length ? ` Also at ${others.map((one) => `${compact(one.f0)} Hz`).join(" and ")}; the highest is judged.` : "";
  const mark = make("span", { class: passed ? "gmx-hv-pass" : "gmx-hv-fail" }, verdictOf(rows, passed));
  return [make("strong", {}, `f0 = ${compact(peak.f0)} Hz, H/V = ${compact(peak.amplitude)}. `), mark, `.${more}`];
}

/** What a screen reader is told. */
function spoken({ peak, rows, passed, kept, opinions }) {
  const windows = `${kept.filter(Boolean).length} of ${kept.length} windows kept.`;
  if (!peak) return `${windows} No peak.`;
  const names = ["other", "artefactual", "stratigraphic"];
  const said = Object.entries(opinions).map(([who, values]) => `${NAMES[who]} ${names[best(values)]}${who === "rules" ? "" : ` ${percent(values[best(values)])}`}`);
  return `${windows} Peak at ${compact(peak.f0)} hertz, H/V ${compact(peak.amplitude)}. ${verdictOf(rows, passed)}. Opinions: ${said.join(", ")}.`;
}

function warningFor({ state, record, few, kept, curve: { windows } }, wanted) {
  if (state.recording === OWN && !record.own) return `No file of yours is open here, and no link carries one: open it below the list. ${record.label} is shown.`;
  if (few) return "The rejection limit leaves fewer than two windows: all are kept.";
  if (wanted !== state.recording) return `The recording "${wanted}" is not on this page. Another one is shown.`;
  if (windows.length < 6) return `Only ${windows.length} of ${kept.length} windows are left: their spread says little. Take shorter windows or reject fewer.`;
  return "";
}

/** Curve and spectra: arguments of csv(). */
function csvTable({ record, curve: { frequencies, mean, sigma }, logs, rows, passed, opinions }) {
  const table = Array.from(frequencies, (f, i) => [f, mean[i], sigma[i], ...logs.map((log) => Math.exp(log[i]))]);
  const said = Object.entries(opinions).map(([who, values]) => `${who} (other, artefactual, stratigraphic): ${Array.from(values, (v) => v.toFixed(6)).join(", ")}`);
  const comments = [`${record.label}. ${kindOf(record).trim()}`, rows ? verdictOf(rows, passed) : "no peak", ...said];
  return [["frequency_hz", "hv", "sigma_ln", "ns", "ew", "vt"], table, comments];
}

export default explorer({
  name: "horizontal_to_vertical",
  python: "HorizontalToVertical",
  label: "Horizontal to vertical",
  defaults,
  choices: ({ meta }) => ({ recording: [...Object.keys(meta.recordings), OWN] }),
  scenes: SCENES,
  plays: { setting: "smoothing_b", label: "smoothing b", from: 10, to: 100 },
  open,
});
