// H/V: noise in windows, three spectra, their ratio, SESAME's criteria, and what two networks say of the peak.

import { button, checkbox, make, select, slider } from "./core/controls.js";
import { liveText } from "./core/live.js";
import { unpack } from "./core/payload.js";
import { copy, csv, savePng } from "./core/share.js";
import { harmless, link, python, stateOf } from "./core/state.js";
import { colors, onTheme, useTheme } from "./core/theme.js";
import sheet from "./horizontal_to_vertical.css";
import { curve, meanSpectra, passes, peaks, sesame, spectra } from "./hv_curve.js";
import { drawRatio, drawSpectra, drawWindows, makeFigures } from "./hv_figures.js";
import { NAMES, best, criteriaTable, opinionsTable } from "./hv_opinions.js";
import { PICTURE_SIZE, classify, draw, peakSpectra, quantities, resized } from "./hv_peak.js";
import { digits, percent, verdictOf } from "./hv_text.js";
import { probabilities } from "./perceptron.js";
import { assemble, steps } from "./squeezenet.js";

const NAME = "horizontal_to_vertical";
const REST_MS = 120; // SqueezeNet waits until the hand rests
const SLICE_MS = 12;

const defaults = { recording: "valley", smoothing_b: 40, window_length_s: 40, reject: true, rejection: 2 };
const SLIDERS = {
  smoothing_b: { label: "Konno-Ohmachi b (low: smooth)", step: 1 },
  window_length_s: { label: "Window length", unit: "s", step: 1 },
  rejection: { label: "Rejection limit", unit: "standard deviations", step: 0.1 },
};

function render({ model, el }) {
  useTheme();
  useTheme(sheet, "gmx-hv");
  const content = unpack(model.get("payload"));
  const networks = readNetworks(content);
  const records = readRecords(content);
  const fixed = { frequencies: content.arrays.frequencies_hz.data, transformLength: content.meta.transform_length };
  const root = make("section", { class: "gmx", "aria-label": "Horizontal to vertical" });
  el.append(root);
  const origin = make("p", { class: "gmx-note" });
  root.append(origin);
  const controls = makeControls(root, model, content.meta);
  const warning = make("p", { class: "gmx-warning", role: "status" });
  const verdict = make("p", { class: "gmx-hv-verdict" });
  root.append(warning, verdict);
  const figures = makeFigures(root);
  const pair = make("div", { class: "gmx-hv-pair" });
  root.append(pair);
  const criteria = criteriaTable(pair);
  const side = make("div");
  pair.append(side);
  const opinions = opinionsTable(side, content.meta.classes);
  const picture = makePicture(side, networks);
  const truth = makeTruth(root, content.meta);
  const live = liveText(root);
  let shown;
  let stopLooking = () => {};

  function update() {
    const began = performance.now();
    stopLooking();
    const state = harmless(stateOf(model, defaults), defaults, content.meta.limits);
    for (const [name, control] of Object.entries(controls)) control.set(state[name]);
    const record = records[Object.hasOwn(records, state.recording) ? state.recording : defaults.recording];
    shown = { state, record, opinions: {}, ...compute(record, state, fixed) };
    origin.replaceChildren(make("strong", {}, record.simulated ? "Simulated noise. " : "Measured noise. "), ORIGIN);
    truth(record);
    warning.textContent = warningFor(shown, records);
    verdict.replaceChildren(...sentenceOf(shown));
    drawWindows(figures.windows, shown);
    drawSpectra(figures.spectra, shown);
    drawRatio(figures.ratio, shown);
    criteria(shown.rows ?? null);
    root.dataset.moveMs = (performance.now() - began).toFixed(1);
    stopLooking = judge(shown, { networks, meta: content.meta, opinions, picture, done: () => live.say(spoken(shown)) });
    live.say(spoken(shown));
  }
  const events = Object.keys(defaults).map((name) => `change:${name}`);
  events.forEach((event) => model.on(event, update));
  makeButtons(root, model, figures, picture, () => shown);
  const darken = () => root.classList.toggle("gmx-hv-dark", colors(root).dark);
  const endTheme = onTheme(darken);
  darken();
  update();
  return () => {
    events.forEach((event) => model.off(event, update));
    endTheme();
    stopLooking();
    live.stop();
    Object.values(figures).forEach((figure) => figure.destroy());
  };
}

const ORIGIN =
  "Eight minutes, 25 samples a second; twenty minutes or more are usual in the field. Both networks " +
  "learned from simulated peaks, smoothed by a triangle a tenth of the frequency wide, over 18 windows of 70 s.";

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
    return [name, { ...about, components, rate: meta.rate_hz }];
  });
  return Object.fromEntries(entries);
}

/** Everything but the networks' opinions. */
function compute(record, state, fixed) {
  const settings = { windowLength: state.window_length_s, b: state.smoothing_b, rejection: state.reject ? state.rejection : null };
  const windows = spectra(record, settings, fixed);
  const ratio = curve(windows, fixed.frequencies, state.window_length_s);
  const logs = meanSpectra(windows, fixed.frequencies.length);
  const [peak, ...others] = peaks(ratio);
  const rows = peak && sesame(ratio, peak.index);
  return { kept: windows.kept, curve: ratio, logs, frequencies: fixed.frequencies, peak, others, rows, passed: rows && passes(rows) };
}

/**
 * Ask perceptron and rules at once, and SqueezeNet in slices of time after the hand has come to rest.
 * @returns {function(): void} stops it
 */
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
    ? `The rules say ${verdict} because ${rule.quantity} is ${digits(value)}, ${rule.side} ${digits(rule.threshold)}. ${rule.reason}`
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

/** Labeled inputs, one for each setting. */
function makeControls(root, model, meta) {
  const change = (name) => (value) => {
    model.set(name, value);
    model.save_changes();
  };
  const place = make("div", { class: "gmx-controls" });
  const controls = {
    recording: select({
      label: "Recording",
      options: Object.entries(meta.recordings).map(([name, { label }]) => [name, label]),
      value: model.get("recording"),
      onInput: change("recording"),
    }),
    reject: checkbox({ label: "Reject windows that are too loud or too quiet", value: model.get("reject"), onInput: change("reject") }),
  };
  place.append(controls.recording.element);
  for (const [name, options] of Object.entries(SLIDERS)) {
    const [min, max] = meta.limits[name];
    controls[name] = slider({ ...options, min, max, value: model.get(name), onInput: change(name) });
    place.append(controls[name].element);
  }
  place.append(controls.reject.element);
  root.append(place);
  return controls;
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
    canvas,
    clear() {
      canvas.getContext("2d").clearRect(0, 0, side, side);
      canvas.setAttribute("aria-label", "No picture: there is no peak.");
    },
    show(pixels, peak) {
      const image = new ImageData(side, side);
      for (let i = 0; i < side * side; i++) image.data.set([pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2], 255], 4 * i);
      canvas.getContext("2d").putImageData(image, 0, 0);
      canvas.setAttribute("aria-label", `Three colored lines on white: the spectra from ${digits(peak.f0 / 2)} to ${digits(2 * peak.f0)} Hz.`);
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
  const more = others.length ? ` Also at ${others.map((one) => `${digits(one.f0)} Hz`).join(" and ")}; the highest is judged.` : "";
  const mark = make("span", { class: passed ? "gmx-hv-pass" : "gmx-hv-fail" }, verdictOf(rows, passed));
  return [make("strong", {}, `f0 = ${digits(peak.f0)} Hz, H/V = ${digits(peak.amplitude)}. `), mark, `.${more}`];
}

/** What a screen reader is told. */
function spoken({ peak, rows, passed, kept, opinions }) {
  const windows = `${kept.filter(Boolean).length} of ${kept.length} windows kept.`;
  if (!peak) return `${windows} No peak.`;
  const names = ["other", "artefactual", "stratigraphic"];
  const said = Object.entries(opinions).map(([who, values]) => `${NAMES[who]} ${names[best(values)]}${who === "rules" ? "" : ` ${percent(values[best(values)])}`}`);
  return `${windows} Peak at ${digits(peak.f0)} hertz, H/V ${digits(peak.amplitude)}. ${verdictOf(rows, passed)}. Opinions: ${said.join(", ")}.`;
}

function warningFor({ state, kept, curve: { windows } }, records) {
  if (!Object.hasOwn(records, state.recording)) {
    return `The recording "${state.recording}" is not on this page: its file was not on the machine that made it. Another one is shown.`;
  }
  if (windows.length < 6) return `Only ${windows.length} of ${kept.length} windows are left: their spread says little. Take shorter windows or reject fewer.`;
  return "";
}

/** What a reader takes away. */
function makeButtons(root, model, figures, picture, shown) {
  const bar = make("div", { class: "gmx-buttons" });
  const said = make("p", { class: "gmx-note", role: "status" });
  const add = (label, onClick) => bar.append(button({ label, onClick }).element);
  const give = async (text, what) => {
    said.textContent = (await copy(text, root)) ? `${what} copied.` : `${what}: copy from the field.`;
  };
  add("Copy curve as CSV", () => give(curveCsv(shown()), "Curve"));
  add("Save as PNG", () => {
    const { ground: background, ink } = colors(root);
    const lines = [`${shown().record.label}. gmtools, explorer ${NAME}:`, python("HorizontalToVertical", shown().state)];
    const canvases = [...Object.values(figures).map(({ canvas }) => canvas), picture.canvas];
    savePng(canvases, `${NAME}.png`, { background, ink, lines });
  });
  if (model.onPage) add("Copy link", () => give(link(NAME, shown().state), "Link"));
  add("Copy as Python", () => give(python("HorizontalToVertical", shown().state), "Line of Python"));
  root.append(bar, said);
}

function curveCsv({ state, record, curve: { frequencies, mean, sigma }, logs, rows, passed, opinions }) {
  const table = Array.from(frequencies, (f, i) => [f, mean[i], sigma[i], ...logs.map((log) => Math.exp(log[i]))]);
  const said = Object.entries(opinions).map(([who, values]) => `${who} (other, artefactual, stratigraphic): ${Array.from(values, (v) => v.toFixed(6)).join(", ")}`);
  const comments = [record.label, python("HorizontalToVertical", state), rows ? verdictOf(rows, passed) : "no peak", ...said];
  return csv(["frequency_hz", "hv", "sigma_ln", "ns", "ew", "vt"], table, comments);
}

export default { render, defaults };
