// What is in a record: soil over rock, and what it makes of an earthquake. Simulated.

import { button, make, select, slider } from "./core/controls.js";
import { liveText } from "./core/live.js";
import { decades, plain, plot, swatch } from "./core/plot.js";
import { unpack } from "./core/payload.js";
import { copy, csv, savePng } from "./core/share.js";
import { harmless, link, python, stateOf } from "./core/state.js";
import { colors, useTheme } from "./core/theme.js";
import { siteMotion } from "./record.js";
import { timeAveragedVelocity } from "./sh_column.js";
import { play } from "./sound.js";

const NAME = "site_record";
const ROCK = { color: "#0072b2", dash: [6, 3] };
const GROUND = { color: "#d55e00", dash: [] };
const UP = { color: "#009e73", dash: [] };
const VS30 = { color: "#cc79a7", dash: [], width: 8 };
const SOFTEST_M_S = 80;
const HIGHEST_HZ = 25;
const NOTE =
  "Everything here is simulated; nothing was recorded. Source and path: the stochastic method (Boore, 2003) with a " +
  "stress drop of 60 bar and a kappa of 0.035 s, a point source. Ground: flat layers over rock of 1500 m/s, waves that " +
  "come up vertically, soil that stays linear; its transfer function is exact. Not in it: basins, surface waves, " +
  "strong shaking that softens the soil, noise of the site.";

const defaults = {
  vs30_m_s: 300,
  rock_depth_m: 40,
  damping: 0.03,
  magnitude: 6,
  rhyp_km: 30,
  ground: "one layer",
  realization: 0,
};
const SLIDERS = {
  vs30_m_s: { label: "VS30", unit: "m/s", step: 1, scale: "log" },
  rock_depth_m: { label: "Depth to rock", unit: "m", step: 1, scale: "log" },
  damping: { label: "Damping of the soil", unit: "share of critical", step: 0.005 },
  magnitude: { label: "Magnitude M", step: 0.1 },
  rhyp_km: { label: "Hypocentral distance", unit: "km", step: 1, scale: "log" },
};

function render({ model, el }) {
  useTheme();
  const { meta: constants, arrays } = unpack(model.get("payload"));
  const root = make("section", { class: "gmx", "aria-label": "What is in a record" });
  el.append(root);
  root.append(make("p", { class: "gmx-note" }, make("strong", {}, "Simulated. "), NOTE));
  const controls = makeControls(root, model, constants);
  const choices = { ground: constants.grounds, realization: [...Array(constants.realizations).keys()] };
  const warning = make("p", { class: "gmx-warning", role: "status" });
  root.append(warning);
  const table = makeTable(root);
  const figures = makeFigures(root);
  const live = liveText(root);
  let shown;

  function update() {
    const state = harmless(stateOf(model, defaults), defaults, constants.limits, choices);
    for (const [name, control] of Object.entries(controls)) control.set(String(state[name]));
    shown = { state, motion: siteMotion(state, arrays.noise.data, constants) };
    const facts = describe(shown);
    warning.textContent = facts.warning;
    table(facts);
    drawProfile(figures.profile, shown, facts);
    drawTransfer(figures.transfer, shown, facts);
    drawRecords(figures, shown, facts);
    drawSpectra(figures.spectra, shown, facts);
    live.say(facts.sentence);
  }
  const events = Object.keys(defaults).map((name) => `change:${name}`);
  events.forEach((event) => model.on(event, update));
  makeButtons(root, model, constants, figures, () => shown);
  update();
  return () => {
    events.forEach((event) => model.off(event, update));
    live.stop();
    Object.values(figures).forEach((figure) => figure.destroy());
  };
}

/** Labeled inputs, one for each setting. */
function makeControls(root, model, constants) {
  const change = (name) => (value) => {
    model.set(name, value);
    model.save_changes();
  };
  const controls = {};
  const sliders = make("div", { class: "gmx-controls" });
  for (const [name, options] of Object.entries(SLIDERS)) {
    const [min, max] = constants.limits[name];
    const made = slider({ ...options, min, max, value: model.get(name), onInput: change(name) });
    controls[name] = { set: (text) => made.set(Number(text)) };
    sliders.append(made.element);
  }
  controls.ground = select({
    label: "Soil",
    options: [
      ["one layer", "one layer"],
      ["gradient", "stiffer with depth"],
    ],
    value: model.get("ground"),
    onInput: change("ground"),
  });
  controls.realization = select({
    label: "Chance",
    options: Array.from({ length: constants.realizations }, (_, k) => [String(k), `noise ${k + 1} of ${constants.realizations}`]),
    value: String(model.get("realization")),
    onInput: (text) => change("realization")(Number(text)),
  });
  sliders.append(controls.ground.element, controls.realization.element);
  root.append(sliders);
  return controls;
}

/** A table of the numbers; returns the function that fills it. */
function makeTable(root) {
  const cells = [make("tbody")];
  const head = make("tr", {}, ...["", "rock", "ground", "ground / rock"].map((text) => make("th", { scope: "col" }, text)));
  const caption = make("caption", {}, "Numbers of the simulated records, horizontal component");
  root.append(make("div", { class: "gmx-table" }, make("table", {}, caption, make("thead", {}, head), cells[0])));
  return ({ rows }) => {
    cells[0].replaceChildren(
      ...rows.map(([name, ...values]) =>
        make("tr", {}, make("th", { scope: "row" }, name), ...values.map((value) => make("td", {}, value))),
      ),
    );
  };
}

function makeFigures(root) {
  const pair = make("div", { class: "gmx-plots" });
  const records = make("div", { class: "gmx-records" });
  const acceleration = { label: "cm/s²", range: [-1, 1] };
  root.append(pair, makeLegend(), records);
  const profile = plot(pair, {
    caption: "Ground",
    x: { label: "VS (m/s)", range: [0, 1600] },
    y: { label: "depth (m)", range: [-50, 0], format: (value) => plain(Math.abs(value)) },
  });
  const transfer = plot(pair, {
    caption: "Transfer function",
    x: { label: "frequency (Hz)", log: true, range: [0.1, HIGHEST_HZ] },
    y: { label: "ground / rock", range: [0, 6] },
  });
  const traces = ["rock", "surface", "surfaceUp"].map((name, place) => {
    const last = place === 2; // one label of the time axis is enough
    const x = { label: last ? "time (s)" : undefined, range: [0, 40] };
    return [name, plot(records, { caption: name, x, y: acceleration, height: last ? 170 : 150 })];
  });
  const spectra = plot(records, {
    caption: "Response spectra, 5 % damping",
    x: { label: "period (s)", log: true, range: [0.05, 5] },
    // "0.00001" would run into the label of the axis
    y: { label: "PSA (g)", log: true, range: [1e-3, 1], format: (value) => (value < 1e-3 ? value.toExponential(0) : plain(value)) },
  });
  return { profile, transfer, ...Object.fromEntries(traces), spectra };
}

function makeLegend() {
  const lines = [
    [VS30, "VS30"],
    [GROUND, "ground"],
    [ROCK, "rock"],
    [UP, "ground, vertical"],
  ];
  const entries = lines.map(([line, text]) => make("span", {}, swatch(line), ` ${text}; `));
  return make("p", { class: "gmx-note" }, ...entries, "dashed vertical lines: (2n+1) VS / 4H above, P and S below");
}

/** Numbers and sentences of what is shown. */
function describe({ state, motion }) {
  const { profile, pgaRock, pgaSurface, rockPsa, surfacePsa, periods } = motion;
  const top = motion.frequency.findIndex((f) => f > HIGHEST_HZ);
  const around = (part) => part.reduce((best, value, k) => (value > part[best] ? k : best), 0);
  const highest = around(motion.amplification.subarray(0, top));
  const [rockPeriod, groundPeriod] = [rockPsa, surfacePsa].map((psa) => periods[around(psa)]);
  const softest = Math.min(...profile.vs);
  const vs30 = timeAveragedVelocity(profile.thickness, profile.vs);
  const warning =
    softest < SOFTEST_M_S
      ? `VS of ${digits(softest)} m/s at the surface: softer than nearly all ground in nature, and than the relations ` +
        "for VP and density were made for. Take a higher VS30 or deeper rock."
      : "";
  const first = motion.frequency[highest];
  const sentence =
    `Simulated. PGA ${digits(pgaRock)} g on rock and ${digits(pgaSurface)} g on the ground, ` +
    `${digits(pgaSurface / pgaRock)} times as much. The transfer function is largest, ` +
    `${digits(motion.amplification[highest])}, at ${digits(first)} hertz; VS / 4H is ${digits(motion.resonances[0])} hertz.`;
  const rows = [
    ["PGA (g)", digits(pgaRock), digits(pgaSurface), digits(pgaSurface / pgaRock)],
    ["largest PSA (g)", digits(Math.max(...rockPsa)), digits(Math.max(...surfacePsa)), ""],
    ["at period (s)", digits(rockPeriod), digits(groundPeriod), ""],
    ["S wave arrives (s)", digits(motion.times.s.rock), digits(motion.times.s.surface), ""],
  ];
  return { state, vs30, highest, warning, sentence, rows };
}

function drawProfile(figure, { motion }, { vs30 }) {
  const { thickness, vs } = motion.profile;
  const depth = thickness.reduce((sum, layer) => sum + layer, 0);
  const bottom = niceAbove(Math.max(1.25 * depth, 40));
  const x = [];
  const z = [];
  let top = 0;
  vs.forEach((velocity, k) => {
    const next = k < thickness.length ? top + thickness[k] : bottom;
    x.push(velocity, velocity);
    z.push(-top, -next);
    top = next;
  });
  const none = x.map(() => null);
  figure.caption(`Ground: VS30 ${digits(vs30)} m/s`);
  figure.draw({
    x: [...x, vs30, vs30],
    lines: [
      { ...VS30, values: [...none, 0, -30] },
      { ...GROUND, values: [...z, null, null], width: 2.5 },
    ],
    yRange: [-bottom, 0],
    alt:
      `S-wave velocity against depth: ${digits(vs[0])} m/s at the surface, ${digits(vs[vs.length - 2])} m/s above the ` +
      `rock at ${digits(depth)} m, ${digits(vs[vs.length - 1])} m/s in it. A thick line down to 30 m marks VS30, ${digits(vs30)} m/s.`,
  });
}

function drawTransfer(figure, { motion }, { highest }) {
  const { frequency, amplification, resonances } = motion;
  const from = frequency.findIndex((f) => f >= 0.1);
  const to = frequency.findIndex((f) => f > HIGHEST_HZ);
  const peak = amplification[highest];
  figure.caption(`Transfer function: largest, ${digits(peak)}, at ${digits(frequency[highest])} Hz`);
  figure.draw({
    x: frequency.subarray(from, to),
    lines: [{ ...GROUND, values: amplification.subarray(from, to) }],
    marks: resonances.filter((f) => f >= 0.1 && f <= HIGHEST_HZ),
    yRange: [0, niceAbove(peak)],
    alt:
      `Motion of the ground over motion of the rock against frequency. Largest, ${digits(peak)}, at ` +
      `${digits(frequency[highest])} Hz. Dashed lines mark (2n+1) VS / 4H: ${resonances.map(digits).join(", ")} Hz.`,
  });
}

function drawRecords(figures, { motion, state }) {
  const range = niceAbove(Math.max(motion.pgaRock, motion.pgaSurface) * 980.665);
  const draw = (name, place, line, words) => {
    const largest = motion[name].reduce((found, value) => Math.max(found, Math.abs(value)), 0);
    const [p, s] = [motion.times.p[place], motion.times.s[place]];
    const caption = `${words}: largest ${digits(largest)} cm/s²`;
    figures[name].caption(`${caption} (simulated)`);
    figures[name].draw({
      x: motion.time,
      lines: [{ color: line.color, values: motion[name], width: 1 }],
      marks: [
        { at: p, text: "P" },
        { at: s, text: "S" },
      ],
      yRange: [-range, range],
      alt: `Simulated acceleration of an M ${state.magnitude} earthquake at ${state.rhyp_km} km. ${caption}. P at ${digits(p)} s, S at ${digits(s)} s.`,
    });
  };
  draw("rock", "rock", ROCK, "Rock, horizontal");
  draw("surface", "surface", GROUND, "Ground, horizontal");
  draw("surfaceUp", "surface", UP, "Ground, vertical");
}

function drawSpectra(figure, { motion }, { rows }) {
  const all = [...motion.rockPsa, ...motion.surfacePsa];
  figure.draw({
    x: motion.periods,
    lines: [
      { ...ROCK, values: motion.rockPsa },
      { ...GROUND, values: motion.surfacePsa },
    ],
    yRange: decades(Math.max(Math.min(...all), Math.max(...all) / 1e4), Math.max(...all)),
    alt:
      `Response spectra, 5 % damping. Rock (dashed): largest ${rows[1][1]} g at ${rows[2][1]} s. ` +
      `Ground (solid): largest ${rows[1][2]} g at ${rows[2][2]} s.`,
  });
}

/** What a reader takes away. */
function makeButtons(root, model, constants, figures, shown) {
  const bar = make("div", { class: "gmx-buttons" });
  const said = make("p", { class: "gmx-note", role: "status" });
  const add = (label, onClick) => bar.append(button({ label, onClick }).element);
  const give = async (text, what) => {
    said.textContent = (await copy(text, root)) ? `${what} copied.` : `${what}: copy from the field.`;
  };
  add("Play rock, then ground", () => {
    const { rock, surface } = shown().motion;
    play([rock, surface], constants.sampling_rate_hz);
    said.textContent = "The two horizontal records as sound, 25 times as fast.";
  });
  add("Copy spectra as CSV", () => give(spectraCsv(shown()), "Spectra"));
  add("Copy records as CSV", () => give(recordsCsv(shown()), "Records"));
  add("Save as PNG", () => {
    const { ground: background, ink } = colors(root);
    const lines = ["Simulated. gmtools, explorer site_record:", python("SiteRecord", shown().state)];
    savePng(Object.values(figures).map(({ canvas }) => canvas), "site_record.png", { background, ink, lines });
  });
  if (model.onPage) add("Copy link", () => give(link(NAME, shown().state), "Link"));
  add("Copy as Python", () => give(python("SiteRecord", shown().state), "Line of Python"));
  root.append(bar, said);
}

const comments = (state) => ["simulated, gmtools explorer site_record", python("SiteRecord", state)];

function spectraCsv({ state, motion }) {
  const rows = Array.from(motion.periods, (period, k) => [period, motion.rockPsa[k], motion.surfacePsa[k]]);
  return csv(["period_s", "rock_psa_g", "surface_psa_g"], rows, comments(state));
}

function recordsCsv({ state, motion }) {
  const columns = [motion.time, motion.rock, motion.surface, motion.surfaceUp];
  const rows = Array.from(motion.time, (_, i) => columns.map((column) => column[i]));
  return csv(["time_s", "rock_cm_s2", "surface_cm_s2", "surface_up_cm_s2"], rows, comments(state));
}

/** Three significant digits without exponent. */
function digits(value) {
  return plain(Number(value.toPrecision(3)));
}

/** Smallest 1, 1.5, 2, 3, 4, 5 or 7 times a power of ten above a value, so that an axis does not jump at every move. */
function niceAbove(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 1.5, 2, 3, 4, 5, 7, 10].find((step) => step * power >= 1.05 * value || step === 10);
}

export default { render, defaults };
