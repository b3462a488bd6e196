// The ground-motion explorer: what magnitude, distance and VS30 do to a spectrum, networks and classical models side by
// side. The page; what it computes is in ground_motion_models.js, what it says in ground_motion_words.js.

import { checkbox, group, make, table } from "./core/controls.js";
import { decades, digits, plain, runs, swatch } from "./core/plot.js";
import { explorer } from "./core/shell.js";
import { Model, Records, SETTINGS, commonWay } from "./ground_motion_models.js";
import * as words from "./ground_motion_words.js";

const PGA_TICK = 0.026; // where spectra put PGA, which has no period, on their logarithmic axis
const FLOOR_KM = 1; // a logarithmic axis cannot show 0
const DISTANCES = Float64Array.from({ length: 61 }, (_, i) => FLOOR_KM * 300 ** (i / 60));
const REACH = { magnitude: 0.25, distance: 1.3, site: 1.4 };

const defaults = {
  magnitude: 6, rjb_km: 20, vs30_m_s: 400, period_s: 0, models: ["nga_only", "transfer_frozen", "BSSA14"], show_sigma: true, show_records: true,
};
const SCENES = [
  ["M 7 on the fault", { magnitude: 7, rjb_km: 0, models: ["nga_only", "BSSA14", "ASK14", "CB14"] }],
  ["Soft ground, PSA(1 s)", { magnitude: 6.5, vs30_m_s: 200, period_s: 1, models: ["nga_only", "BSSA14"] }],
  ["Iran: four models", { magnitude: 5.5, rjb_km: 30, models: ["transfer_frozen", "KaleEtAl2015Iran", "ZafaraniEtAl2018", "BSSA14"] }],
  ["Where no record is", { magnitude: 7.8, rjb_km: 150, vs30_m_s: 180, period_s: 0.2 }],
];

function open(view) {
  const { meta, arrays } = view.content;
  const scene = {
    meta,
    models: meta.models.map((facts) => new Model(facts, arrays, meta.periods.length, meta.reach, meta.grid)),
    records: new Records(arrays.records, arrays.records_table, meta.record_codes),
    periods: Float64Array.from(meta.periods, (period) => period || PGA_TICK),
  };
  const sliders = makeInputs(view, scene);
  const figures = makeFigures(view, scene);
  const values = table({ label: "Values", caption: "", header: [] });
  view.rest.append(values.element);
  words.fillNote(view.notes, scene);
  let shown;

  function update(given) {
    const chosen = scene.models.filter(({ key }) => given.models.includes(key));
    shown = compute(scene, { ...given, period: meta.periods.indexOf(given.period_s), shown: chosen });
    const { state, period, curves } = shown;
    sliders.show(shown);
    draw(figures, scene, shown);
    words.fillTable(values, shown);
    const models = curves.map(({ model }) => model);
    for (const name of SETTINGS) view.fields[name].range(...commonWay(models, state, period, name, meta.limits[name]));
    return { spoken: words.summary(scene, shown), warning: words.outside(curves), lines: legend() };
  }
  const legend = () => shown.curves.map(({ model }) => ({ ...model.facts.look, name: model.facts.label }));
  return {
    update,
    table: () => words.csvTable(scene, shown, DISTANCES),
    picture: () => ({ title: `Ground motion: ${words.scenario(shown.state)}`, legend: legend(), lines: words.credits(scene, shown) }),
  };
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

function makeInputs(view, { meta, models }) {
  view.slider("magnitude", { label: "Magnitude M", step: 0.05 });
  view.slider("rjb_km", { label: "Distance RJB", unit: "km", step: 0.5, scale: "log", offset: 2 });
  view.slider("vs30_m_s", { label: "VS30", unit: "m/s", step: 5, scale: "log" });
  const chosen = () => boxes.filter(([, box]) => box.value).map(([key]) => key);
  const boxes = models.map(({ key, facts }) => [
    key,
    checkbox({ label: facts.label, value: false, swatch: swatch(facts.look), onInput: () => view.change({ models: chosen() }) }),
  ]);
  const summary = make("summary");
  const groups = ["network", "classical"].map((kind) => {
    const own = boxes.filter((_, i) => models[i].facts.kind === kind);
    return group(kind === "network" ? "Networks" : "Classical models", ...own.map(([, box]) => box.element));
  });
  const shown = [
    view.checkbox("show_sigma", { label: "± one standard deviation" }, null),
    ...(meta.records.length ? [view.checkbox("show_records", { label: "records near this scenario" }, null)] : []),
    view.select("period_s", { label: "Decay of", options: meta.periods.map((period) => [period, words.ordinate(period)]) }, null),
  ];
  const also = group("Also shown", ...shown.map(({ element }) => element));
  view.controls.after(make("details", {}, summary, ...groups), also);
  return {
    show({ state }) {
      for (const [key, box] of boxes) box.set(state.shown.some((model) => model.key === key));
      summary.textContent = `${state.shown.length} of ${models.length} models`;
    },
  };
}

function makeFigures(view, { meta }) {
  const y = (label) => ({ label, log: true, range: [1e-4, 1], words: (value) => `${digits(value)} g` });
  const ticks = [PGA_TICK, 0.05, 0.1, 0.2, 0.5, 1, 2, 3];
  const format = (value) => (value === PGA_TICK ? "PGA" : plain(value));
  const longest = meta.periods[meta.periods.length - 1];
  return {
    spectrum: view.plot({
      caption: "Spectrum",
      x: { label: "period (s)", log: true, range: [0.022, longest * 1.1], ticks, format, words: (x) => (x === PGA_TICK ? "PGA" : `${x} s`) },
      y: y("spectral acceleration (g)"),
    }),
    decay: view.plot({
      caption: "Decay with distance",
      x: { label: "Joyner-Boore distance (km)", log: true, range: [FLOOR_KM, 300], words: (x) => `${digits(x)} km` },
      y: y("acceleration (g)"),
      second: true,
    }),
  };
}

function draw(figures, scene, shown) {
  const { state, curves, near, along, period } = shown;
  const { records, meta } = scene;
  const lines = (panel, known) =>
    curves.map(({ model, [panel]: curve }) => ({
      ...model.facts.look,
      name: model.facts.label,
      values: curve.median,
      low: state.show_sigma && curve.low,
      high: state.show_sigma && curve.high,
      width: model.network ? 2.4 : 1.7,
      known: known(model),
    }));
  const spectra = lines("spectrum", (model) => Array.from(scene.periods, (_, i) => model.known(state, i)));
  figures.spectrum.draw({
    x: scene.periods,
    lines: spectra,
    dots: dotsOf(records, meta, near, scene.periods, (record, i) => [scene.periods[i], records.ordinate(record, i)]),
    yRange: yRange(spectra),
    alt: words.altSpectrum(scene, shown),
  });
  const decay = lines("decay", (model) => Array.from(DISTANCES, (rjb_km) => model.known({ ...state, rjb_km }, period)));
  figures.decay.caption(`Decay with distance: ${shown.ordinate}`);
  figures.decay.draw({
    x: DISTANCES,
    lines: decay,
    dots: dotsOf(records, meta, along, [period], (record) => [Math.max(FLOOR_KM, records.distance(record)), records.ordinate(record, period)], period),
    shades: unknown(decay.filter((_, i) => curves[i].model.network)),
    marks: [Math.max(FLOOR_KM, state.rjb_km)],
    yRange: yRange(decay),
    alt: words.altDecay(scene, shown),
  });
}

/** Ranges of distance at which not every network knows the ordinate. */
function unknown(networks) {
  const known = Array.from(DISTANCES, (_, i) => networks.every((network) => network.known[i]));
  return runs(DISTANCES, [DISTANCES], { known }).flatMap(({ start, end, faint }) => (faint ? [[DISTANCES[start], DISTANCES[end]]] : []));
}

/** Measured ordinates as disks, reconstructed and simulated ones as rings; point(record, i) is [x, y]. */
export function dotsOf(records, meta, some, columns, point, period = 0) {
  const dots = { disk: { x: [], y: [], shape: "disk", size: 4 }, ring: { x: [], y: [], shape: "ring", size: 5 } };
  for (const record of some) {
    const facts = meta.records[records.table[record]];
    for (let i = 0; i < columns.length; i++) {
      const kind = (i + period === 0 ? facts.pga : facts.psa) === "measured" ? dots.disk : dots.ring;
      const [x, y] = point(record, i);
      kind.x.push(x);
      kind.y.push(y);
    }
  }
  return [dots.ring, dots.disk];
}

/** Whole decades that hold every line and band. */
function yRange(lines) {
  const drawn = lines.flatMap(({ values, low, high }) => [values, low || [], high || []].flatMap((part) => Array.from(part)));
  const values = drawn.filter((value) => value > 0);
  if (!values.length) return [1e-4, 1];
  const range = decades(Math.min(...values), Math.max(...values));
  return range[1] / range[0] < 100 ? [range[1] / 100, range[1]] : range;
}

export default explorer({
  name: "ground_motion",
  python: "GroundMotion",
  label: "Ground-motion explorer",
  defaults,
  choices: ({ meta }) => ({ period_s: meta.periods, models: meta.models.map(({ key }) => key) }),
  scenes: SCENES,
  plays: { setting: "magnitude", label: "magnitude", from: 4, to: 7.5 },
  open,
});
