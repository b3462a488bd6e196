// The ground-motion explorer: what magnitude, distance and VS30 do to a spectrum, networks and classical models side by
// side. The page; what it computes is in ground_motion_models.js, what it says in ground_motion_words.js.

import { button, checkbox, group, make, select, slider } from "./core/controls.js";
import { liveText } from "./core/live.js";
import { decades, plain, plot, swatch } from "./core/plot.js";
import { unpack } from "./core/payload.js";
import { copy, csv, savePng } from "./core/share.js";
import { harmless, link, python, stateOf } from "./core/state.js";
import { colors, useTheme } from "./core/theme.js";
import { Model, Records } from "./ground_motion_models.js";
import * as words from "./ground_motion_words.js";

const NAME = "ground_motion";
const PGA_TICK = 0.026; // where spectra put PGA, which has no period, on their logarithmic axis
const FLOOR_KM = 1; // a logarithmic axis cannot show 0
const DISTANCES = Float64Array.from({ length: 61 }, (_, i) => FLOOR_KM * 300 ** (i / 60));
const REACH = { magnitude: 0.25, distance: 1.3, site: 1.4 };

const defaults = {
  magnitude: 6,
  rjb_km: 20,
  vs30_m_s: 400,
  period_s: 0,
  models: ["nga_only", "transfer_frozen", "BSSA14"],
  show_sigma: true,
  show_records: true,
};

function render({ model, el }) {
  useTheme();
  const { meta, arrays } = unpack(model.get("payload"));
  const scene = {
    meta,
    models: meta.models.map((facts) => new Model(facts, arrays, meta.periods.length, meta.reach)),
    records: new Records(arrays.records, arrays.records_table, meta.record_codes),
    periods: Float64Array.from(meta.periods, (period) => period || PGA_TICK),
  };
  const root = make("section", { class: "gmx", "aria-label": "Ground-motion explorer" });
  el.append(root);
  const set = (name) => (value) => {
    model.set(name, value);
    model.save_changes();
  };
  const inputs = makeInputs(scene, model, set, root);
  const warning = make("div", { class: "gmx-warning", role: "note" });
  const plots = make("div", { class: "gmx-plots" });
  root.append(warning, plots);
  const readout = make("p", { class: "gmx-note gmx-readout", "aria-hidden": "true" }, words.HOVER);
  const figures = makeFigures(plots, scene, (panel, index) => {
    readout.textContent = index === null ? words.HOVER : words.readout(scene, shown, panel, index, DISTANCES);
  });
  root.append(readout);
  const live = liveText(root);
  const table = make("div", { class: "gmx-table", tabindex: "0", role: "region", "aria-label": "Values" });
  const note = make("div", { class: "gmx-note" });
  root.append(table);

  let shown = {};
  const update = () => {
    const state = readState(model, scene);
    shown = compute(scene, state);
    inputs.show(state, words.commonRange(shown.curves, shown.period));
    warning.textContent = words.outside(shown.curves, state);
    draw(figures, scene, shown);
    words.fillTable(table, scene, shown);
    live.say(words.summary(scene, shown));
  };
  root.append(makeButtons(scene, model, () => shown, figures, root), note);
  words.fillNote(note, scene);
  for (const name of Object.keys(defaults)) model.on(`change:${name}`, update);
  update();
  return () => {
    for (const name of Object.keys(defaults)) model.off(`change:${name}`, update);
    live.stop();
    for (const figure of Object.values(figures)) figure.destroy();
  };
}

/** Settings of the model, made harmless: within limits, and only models that are here. */
function readState(model, { meta, models }) {
  const state = harmless(stateOf(model, defaults), defaults, meta.limits);
  state.period = Math.max(0, meta.periods.indexOf(state.period_s));
  state.shown = models.filter(({ key }) => state.models?.includes(key));
  return state;
}

function compute({ meta, records }, state) {
  const { magnitude, rjb_km, vs30_m_s, period } = state;
  const curves = state.shown.map((model) => ({
    model,
    outside: model.outside(state),
    spectrum: model.spectrum(magnitude, rjb_km, vs30_m_s),
    decay: model.decay(magnitude, DISTANCES, vs30_m_s, period),
  }));
  const along = state.show_records ? records.near(state, { ...REACH, distance: 0 }) : [];
  const near = state.show_records ? records.near(state, REACH) : [];
  return { state, curves, near, along, period, ordinate: words.ordinate(meta.periods[period]) };
}

function makeInputs({ meta, models }, model, set, root) {
  const { magnitude, rjb_km, vs30_m_s } = meta.limits;
  const pair = ([min, max]) => ({ min, max });
  const sliders = {
    magnitude: slider({ label: "Magnitude M", ...pair(magnitude), step: 0.05, value: 6, onInput: set("magnitude") }),
    rjb_km: slider({ label: "Distance RJB", unit: "km", ...pair(rjb_km), step: 0.5, scale: "log", offset: 2, value: 20, onInput: set("rjb_km") }),
    vs30_m_s: slider({ label: "VS30", unit: "m/s", ...pair(vs30_m_s), step: 5, scale: "log", value: 400, onInput: set("vs30_m_s") }),
  };
  const options = meta.periods.map((period) => [String(period), words.ordinate(period)]);
  const period = select({ label: "Decay of", options, value: "0", onInput: (value) => set("period_s")(Number(value)) });
  const chosen = () => boxes.filter(([, box]) => box.value).map(([key]) => key);
  const boxes = models.map(({ key, facts }) => [
    key,
    checkbox({ label: facts.label, value: false, swatch: swatch(facts.look), onInput: () => set("models")(chosen()) }),
  ]);
  const sigma = checkbox({ label: "± one standard deviation", value: true, onInput: set("show_sigma") });
  const records = checkbox({ label: "records near this scenario", value: true, onInput: set("show_records") });
  root.append(
    make("div", { class: "gmx-controls" }, ...Object.values(sliders).map(({ element }) => element)),
    ...["network", "classical"].map((kind) => {
      const own = boxes.filter((_, i) => models[i].facts.kind === kind);
      return group(kind === "network" ? "Networks" : "Classical models", ...own.map(([, box]) => box.element));
    }),
    group("Also shown", sigma.element, records.element, period.element),
  );
  return {
    show(state, common) {
      for (const [name, control] of Object.entries(sliders)) {
        if (control.value !== state[name]) control.set(state[name]);
        const [low, high] = common[name] ?? meta.limits[name];
        control.range(low, high);
      }
      period.set(String(meta.periods[state.period]));
      for (const [key, box] of boxes) box.set(state.shown.some((shown) => shown.key === key));
      sigma.set(state.show_sigma);
      records.set(state.show_records);
    },
  };
}

function makeFigures(parent, { meta }, hover) {
  const onHover = (panel) => (at) => hover(panel, at && at.index);
  const y = (label) => ({ label, log: true, range: [1e-4, 1] });
  const ticks = [PGA_TICK, 0.05, 0.1, 0.2, 0.5, 1, 2, 3];
  const format = (value) => (value === PGA_TICK ? "PGA" : plain(value));
  const longest = meta.periods[meta.periods.length - 1];
  return {
    spectrum: plot(parent, {
      caption: "Spectrum",
      x: { label: "period (s)", log: true, range: [0.022, longest * 1.1], ticks, format },
      y: y("spectral acceleration (g)"),
      onHover: onHover("spectrum"),
    }),
    decay: plot(parent, {
      caption: "Decay with distance",
      x: { label: "Joyner-Boore distance (km)", log: true, range: [FLOOR_KM, 300] },
      y: y("acceleration (g)"),
      onHover: onHover("decay"),
    }),
  };
}

function draw(figures, scene, shown) {
  const { state, curves, near, along, period } = shown;
  const { records, meta } = scene;
  const lines = (panel, extra) =>
    curves.map(({ model, [panel]: curve }) => ({
      ...model.facts.look,
      values: curve.median,
      low: state.show_sigma && curve.low,
      high: state.show_sigma && curve.high,
      width: model.network ? 2.4 : 1.7,
      ...extra(model),
    }));
  const spectra = lines("spectrum", (model) => {
    const known = scene.periods.filter((_, i) => model.left(state, i).length === 0);
    return known.length ? { inside: [known[0], known[known.length - 1]] } : { faint: true };
  });
  figures.spectrum.draw({
    x: scene.periods,
    lines: spectra,
    dots: spectrumDots(near, scene),
    yRange: yRange(spectra),
    alt: words.altSpectrum(scene, shown),
  });
  const decay = lines("decay", (model) => {
    const [low, high] = model.facts.ranges.rjb_km[period];
    return { faint: model.left(state, period).some((setting) => setting !== "rjb_km"), inside: [low ?? 0, high ?? Infinity] };
  });
  const [from, to] = words.commonRange(curves, period).rjb_km ?? [0, Infinity];
  figures.decay.caption(`Decay with distance: ${shown.ordinate}`);
  figures.decay.draw({
    x: DISTANCES,
    lines: decay,
    dots: decayDots(along, records, meta, period),
    shades: [[FLOOR_KM, from], [to, 300]].filter(([low, high]) => high > low),
    marks: [Math.max(FLOOR_KM, state.rjb_km)],
    yRange: yRange(decay),
    alt: words.altDecay(scene, shown),
  });
}

/** Measured ordinates as disks, reconstructed and simulated ones as rings. */
function spectrumDots(near, { records, meta, periods }) {
  const dots = { disk: { x: [], y: [], shape: "disk", size: 4 }, ring: { x: [], y: [], shape: "ring", size: 5 } };
  for (const record of near) {
    const facts = meta.records[records.table[record]];
    for (let i = 0; i < periods.length; i++) {
      const kind = (i === 0 ? facts.pga : facts.psa) === "measured" ? dots.disk : dots.ring;
      kind.x.push(periods[i]);
      kind.y.push(records.ordinate(record, i));
    }
  }
  return [dots.ring, dots.disk];
}

function decayDots(along, records, meta, period) {
  const dots = { disk: { x: [], y: [], shape: "disk", size: 4 }, ring: { x: [], y: [], shape: "ring", size: 5 } };
  for (const record of along) {
    const facts = meta.records[records.table[record]];
    const kind = (period === 0 ? facts.pga : facts.psa) === "measured" ? dots.disk : dots.ring;
    kind.x.push(Math.max(FLOOR_KM, records.distance(record)));
    kind.y.push(records.ordinate(record, period));
  }
  return [dots.ring, dots.disk];
}

/** Whole decades that hold every line and band. */
function yRange(lines) {
  let [low, high] = [Infinity, 0];
  for (const line of lines) {
    for (const values of [line.values, line.low || line.values, line.high || line.values]) {
      for (const value of values) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  }
  if (!(high > 0)) return [1e-4, 1];
  const range = decades(low, high);
  return range[1] / range[0] < 100 ? [range[1] / 100, range[1]] : range;
}

function makeButtons(scene, model, shown, figures, root) {
  const said = make("span", { class: "gmx-note", role: "status" });
  const place = make("div");
  const give = async (text, what) => {
    said.textContent = (await copy(text, place)) ? `${what} copied.` : `${what}: select it below and copy.`;
  };
  const state = () => stateOf(model, defaults);
  const share = model.onPage
    ? button({ label: "Copy link", onClick: () => give(link(NAME, state()), "Link") })
    : button({ label: "Copy as Python", onClick: () => give(python("GroundMotion", state()), "Line of Python") });
  const buttons = [
    button({ label: "Copy as CSV", onClick: () => give(csv(...words.csvTable(scene, shown(), DISTANCES)), "Table") }),
    button({ label: "Save as PNG", onClick: () => picture(shown(), figures, root) }),
    share,
    button({
      label: "Reset",
      onClick: () => {
        for (const [name, value] of Object.entries(defaults)) model.set(name, value);
        model.save_changes();
        said.textContent = "Back at the start.";
      },
    }),
  ];
  return make("div", {}, make("div", { class: "gmx-buttons" }, ...buttons.map(({ element }) => element), said), place);
}

function picture({ state, curves, ordinate }, figures, root) {
  const theme = colors(root);
  const canvases = [figures.spectrum.canvas, figures.decay.canvas];
  savePng(canvases, `${NAME}.png`, {
    background: theme.ground,
    ink: theme.ink,
    dark: theme.dark,
    legend: curves.map(({ model }) => ({ ...model.facts.look, label: model.facts.label })),
    lines: [
      `${words.scenario(state)}. Left, or above: spectrum; right, or below: decay of ${ordinate}.`,
      "Lines: models, with one standard deviation. Filled dots: measured records; rings: reconstructed or simulated ones.",
    ],
  });
}

export default { render, defaults };
