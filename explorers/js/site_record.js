// What is in a record: soil over rock, and what it makes of an earthquake. Simulated.

import { button, make, table } from "./core/controls.js";
import { compact, decades, plain } from "./core/plot.js";
import { explorer } from "./core/shell.js";
import { siteMotion } from "./record.js";
import { timeAveragedVelocity } from "./sh_column.js";
import { play } from "./sound.js";

const ROCK = { name: "rock", color: "#0072b2", dash: [6, 3] };
const GROUND = { name: "ground", color: "#d55e00", dash: [] };
const UP = { name: "ground, vertical", color: "#009e73", dash: [] };
const VS30 = { name: "VS30", color: "#cc79a7", dash: [], width: 8 };
const SOFTEST_M_S = 80;
const HIGHEST_HZ = 25;
const NOTE =
  "Everything here is simulated; nothing was recorded. Source and path: the stochastic method (Boore, 2003) with a " +
  "stress drop of 60 bar and a kappa of 0.035 s, a point source. Ground: flat layers over rock of 1500 m/s, waves that " +
  "come up vertically, soil that stays linear; its transfer function is exact. Not in it: basins, surface waves, " +
  "strong shaking that softens the soil, noise of the site.";
const MARKS = "Dashed vertical lines: (2n+1) VS / 4H in the transfer function, P and S in the records.";

const defaults = { vs30_m_s: 300, rock_depth_m: 40, damping: 0.03, magnitude: 6, rhyp_km: 30, ground: "one layer", realization: 0 };
const SCENES = [
  ["Rock at 30 m", { rock_depth_m: 30 }],
  ["Rock at 300 m, same VS30", { rock_depth_m: 300 }],
  ["Stiffer with depth", { ground: "gradient", rock_depth_m: 100 }],
  ["Another noise", { realization: 3 }],
];
const SLIDERS = {
  vs30_m_s: { label: "VS30", unit: "m/s", step: 1, scale: "log" },
  rock_depth_m: { label: "Depth to rock", unit: "m", step: 1, scale: "log" },
  damping: { label: "Damping of the soil", unit: "share of critical", step: 0.005 },
  magnitude: { label: "Magnitude M", step: 0.1 },
  rhyp_km: { label: "Hypocentral distance", unit: "km", step: 1, scale: "log" },
};

function open(view) {
  const { meta: constants, arrays } = view.content;
  for (const [name, options] of Object.entries(SLIDERS)) view.slider(name, options);
  view.select("ground", { label: "Soil", options: [["one layer", "one layer"], ["gradient", "stiffer with depth"]] });
  const noises = Array.from({ length: constants.realizations }, (_, k) => [k, `noise ${k + 1} of ${constants.realizations}`]);
  view.select("realization", { label: "Chance", options: noises });
  let shown;
  const sound = () => play([shown.motion.rock, shown.motion.surface], constants.sampling_rate_hz);
  const heard = "The two horizontal records as sound, 25 times as fast.";
  view.controls.append(make("span", { title: heard }, button({ label: "Play rock, then ground", onClick: sound }).element));
  const figures = makeFigures(view);
  const numbers = table({ label: "Numbers", caption: "Numbers of the simulated records, horizontal component", header: ["", "rock", "ground", "ground / rock"] });
  view.rest.append(numbers.element);
  view.notes.append(make("p", {}, make("strong", {}, "Simulated. "), `${NOTE} ${MARKS}`));

  function update(state) {
    shown = { state, motion: siteMotion(state, arrays.noise.data, constants) };
    const facts = describe(shown);
    numbers.fill(facts.rows.map((cells) => ({ key: cells[0], cells })));
    drawProfile(figures.profile, shown, facts);
    drawTransfer(figures.transfer, shown, facts);
    drawRecords(figures, shown, facts);
    drawSpectra(figures.spectra, shown, facts);
    return { spoken: facts.sentence, warning: facts.warning, lines: [GROUND, ROCK] };
  }
  return {
    update,
    table: () => csvTable(shown),
    picture: () => ({ title: "Simulated earthquake on rock and on soil over it", legend: [GROUND, ROCK, UP, VS30], lines: [MARKS, NOTE] }),
  };
}

function makeFigures(view) {
  const acceleration = { label: "cm/s²", range: [-1, 1] };
  const spectra = view.plot({
    caption: "Response spectra, 5 % damping",
    x: { label: "period (s)", log: true, range: [0.05, 5], words: (x) => `${compact(x)} s` },
    // "0.00001" would run into the label of the axis
    y: { label: "PSA (g)", log: true, range: [1e-3, 1], format: (value) => (value < 1e-3 ? value.toExponential(0) : plain(value)) },
  });
  const transfer = view.plot({
    caption: "Transfer function",
    x: { label: "frequency (Hz)", log: true, range: [0.1, HIGHEST_HZ], words: (x) => `${compact(x)} Hz` },
    y: { label: "ground / rock", range: [0, 6] },
    second: true,
  });
  const traces = ["rock", "surface", "surfaceUp"].map((name) => {
    const x = { label: "time (s)", range: [0, 40] };
    return [name, view.plot({ caption: name, x, y: acceleration, height: 170 }, view.rest)];
  });
  const profile = view.plot({
    caption: "Ground",
    x: { label: "VS (m/s)", range: [0, 1600] },
    y: { label: "depth (m)", range: [-50, 0], format: (value) => plain(Math.abs(value)) },
    height: 170,
  }, view.rest);
  return { profile, transfer, ...Object.fromEntries(traces), spectra };
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
      ? `VS of ${compact(softest)} m/s at the surface: softer than nearly all ground in nature, and than the relations ` +
        "for VP and density were made for. Take a higher VS30 or deeper rock."
      : "";
  const first = motion.frequency[highest];
  const sentence =
    `Simulated. PGA ${compact(pgaRock)} g on rock and ${compact(pgaSurface)} g on the ground, ` +
    `${compact(pgaSurface / pgaRock)} times as much. The transfer function is largest, ` +
    `${compact(motion.amplification[highest])}, at ${compact(first)} hertz; VS / 4H is ${compact(motion.resonances[0])} hertz.`;
  const rows = [
    ["PGA (g)", compact(pgaRock), compact(pgaSurface), compact(pgaSurface / pgaRock)],
    ["largest PSA (g)", compact(Math.max(...rockPsa)), compact(Math.max(...surfacePsa)), ""],
    ["at period (s)", compact(rockPeriod), compact(groundPeriod), ""],
    ["S wave arrives (s)", compact(motion.times.s.rock), compact(motion.times.s.surface), ""],
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
  figure.caption(`Ground: VS30 ${compact(vs30)} m/s`);
  figure.draw({
    x: [...x, vs30, vs30],
    lines: [{ ...VS30, values: [...none, 0, -30] }, { ...GROUND, values: [...z, null, null], width: 2.5 }],
    yRange: [-bottom, 0],
    alt:
      `S-wave velocity against depth: ${compact(vs[0])} m/s at the surface, ${compact(vs[vs.length - 2])} m/s above the ` +
      `rock at ${compact(depth)} m, ${compact(vs[vs.length - 1])} m/s in it. A thick line down to 30 m marks VS30, ${compact(vs30)} m/s.`,
  });
}

function drawTransfer(figure, { motion }, { highest }) {
  const { frequency, amplification, resonances } = motion;
  const from = frequency.findIndex((f) => f >= 0.1);
  const to = frequency.findIndex((f) => f > HIGHEST_HZ);
  const peak = amplification[highest];
  figure.caption(`Transfer function: largest, ${compact(peak)}, at ${compact(frequency[highest])} Hz`);
  figure.draw({
    x: frequency.subarray(from, to),
    lines: [{ ...GROUND, values: amplification.subarray(from, to) }],
    marks: resonances.filter((f) => f >= 0.1 && f <= HIGHEST_HZ),
    yRange: [0, niceAbove(peak)],
    alt:
      `Motion of the ground over motion of the rock against frequency. Largest, ${compact(peak)}, at ` +
      `${compact(frequency[highest])} Hz. Dashed lines mark (2n+1) VS / 4H: ${resonances.map(compact).join(", ")} Hz.`,
  });
}

function drawRecords(figures, { motion, state }) {
  const range = niceAbove(Math.max(motion.pgaRock, motion.pgaSurface) * 980.665);
  const draw = (name, place, line, words) => {
    const largest = motion[name].reduce((found, value) => Math.max(found, Math.abs(value)), 0);
    const [p, s] = [motion.times.p[place], motion.times.s[place]];
    const caption = `${words}: largest ${compact(largest)} cm/s²`;
    figures[name].caption(`${caption} (simulated)`);
    figures[name].draw({
      x: motion.time,
      lines: [{ color: line.color, values: motion[name], width: 1 }],
      marks: [{ at: p, text: "P" }, { at: s, text: "S" }],
      yRange: [-range, range],
      alt: `Simulated acceleration of an M ${state.magnitude} earthquake at ${state.rhyp_km} km. ${caption}. P at ${compact(p)} s, S at ${compact(s)} s.`,
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
    lines: [{ ...ROCK, values: motion.rockPsa }, { ...GROUND, values: motion.surfacePsa }],
    yRange: decades(Math.max(Math.min(...all), Math.max(...all) / 1e4), Math.max(...all)),
    alt:
      `Response spectra, 5 % damping. Rock (dashed): largest ${rows[1][1]} g at ${rows[2][1]} s. ` +
      `Ground (solid): largest ${rows[1][2]} g at ${rows[2][2]} s.`,
  });
}

/** One table: both spectra, then the three records. */
function csvTable({ motion }) {
  const spectra = Array.from(motion.periods, (period, k) => ["spectrum", period, motion.rockPsa[k], motion.surfacePsa[k], null]);
  const records = Array.from(motion.time, (time, i) => ["record", time, motion.rock[i], motion.surface[i], motion.surfaceUp[i]]);
  const units = "spectrum: period in s, PSA in g; record: time in s, acceleration in cm/s²";
  return [["panel", "x", "rock", "ground", "ground_up"], [...spectra, ...records], ["simulated", units]];
}

/** Smallest 1, 1.5, 2, 3, 4, 5 or 7 times a power of ten above a value, so that an axis does not jump at every move. */
function niceAbove(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 1.5, 2, 3, 4, 5, 7, 10].find((step) => step * power >= 1.05 * value || step === 10);
}

export default explorer({
  name: "site_record",
  python: "SiteRecord",
  label: "What is in a record",
  defaults,
  choices: ({ meta }) => ({ ground: meta.grounds, realization: [...Array(meta.realizations).keys()] }),
  scenes: SCENES,
  plays: { setting: "rock_depth_m", label: "depth to rock", from: 20, to: 300 },
  open,
});
