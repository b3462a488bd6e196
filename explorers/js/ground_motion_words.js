// What the ground-motion explorer says: table, warnings, alt texts, sentences for screen readers, CSV.

import { make } from "./core/controls.js";
import { SETTINGS } from "./ground_motion_models.js";

const NAMES = { magnitude: ["M", ""], rjb_km: ["RJB", " km"], vs30_m_s: ["VS30", " m/s"] };

/** How an ordinate is called. */
export const ordinate = (period) => (period === 0 ? "PGA" : `PSA(${period} s)`);

/** A number with some significant digits, never in exponents. */
export function digits(value, count = 3) {
  if (!Number.isFinite(value)) return "–";
  const rounded = Number(value.toPrecision(count));
  const places = Math.max(0, count - 1 - Math.floor(Math.log10(Math.abs(rounded) || 1)));
  return rounded.toFixed(Math.min(places, 12));
}

/** "M 6, RJB 20 km, VS30 400 m/s" */
export const scenario = (state) =>
  SETTINGS.map((name) => `${NAMES[name][0]} ${Number(state[name].toFixed(2))}${NAMES[name][1]}`).join(", ");

/** Range of each setting that all networks shown have seen for an ordinate, or all models where no network is shown. */
export function commonRange(curves, period) {
  const networks = curves.filter(({ model }) => model.network);
  const common = {};
  for (const { model } of networks.length ? networks : curves) {
    for (const [name, ranges] of Object.entries(model.facts.ranges)) {
      const [low, high] = ranges[period];
      const [from, to] = common[name] ?? [-Infinity, Infinity];
      common[name] = [Math.max(from, low ?? -Infinity), Math.min(to, high ?? Infinity)];
    }
  }
  return common;
}

/** The warning band: which models are asked for more than they know; empty when none is. */
export function outside(curves) {
  const told = curves
    .filter((curve) => curve.outside.length)
    .map(({ model, outside: left }) => {
      const parts = left.map(({ setting, low, high, count }) => {
        const which = count < model.periods ? ` for ${count} of ${model.periods} ordinates` : "";
        return `${NAMES[setting][0]} ${span(low, high, NAMES[setting][1])}${which}`;
      });
      return `${model.facts.label} (${parts.join(", ")})`;
    });
  return told.length ? `Extrapolation, drawn faint or not at all: this scenario lies outside the range of ${told.join("; ")}.` : "";
}

function span(low, high, unit) {
  const number = (value) => Number(value.toPrecision(3));
  if (low === null) return `up to ${number(high)}${unit}`;
  if (high === null) return `from ${number(low)}${unit}`;
  return `${number(low)} to ${number(high)}${unit}`;
}

/** Print the values; cells are made anew only when other models are shown. */
export function fillTable(place, { meta }, { state, curves, period, ordinate: name }) {
  const both = period !== 0;
  const layout = `${both} ${curves.map(({ model }) => model.key).join()}`;
  if (place.dataset.layout !== layout) {
    place.dataset.layout = layout;
    const header = ["model", ...(both ? ["PGA (g)"] : []), "", "16 % to 84 % (g)", "σ (ln)"];
    const row = (tag, cells, attributes) => make("tr", attributes, ...cells.map((text) => make(tag, {}, text)));
    const body = curves.map(({ model }) =>
      make("tr", { "data-model": model.key }, make("th", { scope: "row" }, model.facts.label), ...header.slice(1).map(() => make("td"))),
    );
    const head = row("th", header);
    for (const cell of head.children) cell.setAttribute("scope", "col");
    place.replaceChildren(make("table", {}, make("caption"), make("thead", {}, head), make("tbody", {}, ...body)));
  }
  const [caption, head, body] = place.firstChild.children;
  const text = curves.length ? `${scenario(state)}: median, and the range of one standard deviation` : "No model is switched on.";
  write(caption, text);
  write(head.firstChild.children[both ? 2 : 1], `${name} (g)`);
  curves.forEach(({ spectrum }, i) => {
    const known = Number.isFinite(spectrum.sigma[period]);
    const range = known ? `${digits(spectrum.low[period])} to ${digits(spectrum.high[period])}` : "not known";
    const values = [digits(spectrum.median[period], 5), range, known ? spectrum.sigma[period].toFixed(2) : "–"];
    if (both) values.unshift(digits(spectrum.median[0], 5));
    values.forEach((value, column) => write(body.children[i].children[column + 1], value));
  });
}

/** Change a text only where it differs, so that the browser need not lay out what stays. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The sentence that is read aloud. */
export function summary({ meta }, { state, curves, near, period, ordinate: name }) {
  const medians = curves.map(({ model, spectrum }) => `${model.facts.label} ${digits(spectrum.median[period])} g`);
  const counted = state.show_records && meta.records.length ? ` ${near.length} of the records shown here are near this scenario.` : "";
  return `${scenario(state)}. ${medians.length ? `Median ${name}: ${medians.join("; ")}.` : "No model is switched on."}${counted}`;
}

export const HOVER = "Point at a figure to read its lines.";

/** What the lines say where the pointer is. */
export function readout({ meta }, { curves, ordinate: name }, panel, index, distances) {
  const place = panel === "spectrum" ? ordinate(meta.periods[index]) : `${name} at ${digits(distances[index])} km`;
  const medians = curves.map(({ model, [panel]: curve }) => `${model.facts.label} ${digits(curve.median[index])} g`);
  return `${place}: ${medians.join("; ") || "no model is switched on"}.`;
}

/** Alt text of the spectrum. */
export function altSpectrum({ meta }, { state, curves, near }) {
  const parts = curves.map(({ model, spectrum }) => {
    const peak = Array.from(spectrum.median).reduce((best, value, i, all) => (value > all[best] || !(all[best] >= 0) ? i : best), 0);
    return `${model.facts.label}: largest at ${ordinate(meta.periods[peak])}, ${digits(spectrum.median[peak])} g`;
  });
  const dots = near.length ? ` Dots: ${near.length} records near the scenario.` : "";
  return `Response spectra for ${scenario(state)}, PGA and twelve periods. ${parts.join(". ")}.${dots}`;
}

/** Alt text of the decay. */
export function altDecay(_, { state, curves, along, ordinate: name }) {
  const parts = curves.map(({ model, decay }) => {
    const count = decay.median.length;
    let last = count - 1;
    while (last > 0 && !Number.isFinite(decay.median[last])) last--;
    const farthest = digits(300 ** (last / (count - 1)));
    return `${model.facts.label}: ${digits(decay.median[0])} g at 1 km, ${digits(decay.median[last])} g at ${farthest} km`;
  });
  const dots = along.length ? ` Dots: ${along.length} records of such magnitude and site.` : "";
  const { magnitude, vs30_m_s: vs30 } = state;
  return `Decay of ${name} with distance for M ${magnitude}, VS30 ${vs30} m/s. ${parts.join(". ")}.${dots}`;
}

const HOW =
  "Lines are models. The networks are evaluated here from their trained weights; the band of ours is their scatter on earthquakes " +
  "that they had not seen. Classical models are read from a table, within 1 %, for a vertical strike-slip fault. Lines are faint " +
  "where a model has no data for that ordinate, and a network's line ends soon after; the bar under a slider and the unshaded ground are what the networks shown have learned from.";
const WINDOW = "Dots are records within 0.25 of M and a factor of 1.4 of VS30, in the spectrum also within a factor of 1.3 of RJB";

/** What is real and what is not, in plain sight below the figures. */
export function fillNote(place, { meta }) {
  const count = (number) => number.toLocaleString("en-US");
  const tables = meta.records.map(
    ({ name, shown, of, events, pga, psa, note }) =>
      `${name} (${count(shown)} of ${count(of)} records of ${count(events)} earthquakes; PGA ${pga}, PSA ${psa}${note ? `; ${note}` : ""})`,
  );
  const real = tables.length
    ? `${WINDOW}, thinned and rounded from ${tables.join(" and ")}. Filled dots were measured, rings were not.`
    : "No records are shown: there were none on the machine that built this page.";
  const scored = meta.models.filter(({ scores }) => scores.length);
  const items = scored.map(({ label, scores, faults }) => {
    const known = faults.length ? ` Known faults: ${faults.join(" ")}` : "";
    return make("li", {}, `${label}. ${scores.join(". ")}.${known}`);
  });
  const sources = meta.records.map(({ name, source }) => make("li", {}, `${name}: ${source}`));
  const more = make("details", {}, make("summary", {}, "How good are the networks, and where do the records come from?"));
  more.append(make("ul", {}, ...items, ...sources));
  place.replaceChildren(make("p", {}, real), make("p", {}, HOW), ...(items.length + sources.length ? [more] : []));
}

/** Arguments of csv(): header, rows, comments. */
export function csvTable({ meta }, { state, curves, period }, distances) {
  const rows = [];
  const add = (panel, model, t, distance, curve, i) => {
    if (Number.isFinite(curve.median[i])) rows.push([panel, model.key, t, distance, curve.median[i], curve.low[i], curve.high[i]]);
  };
  for (const { model, spectrum, decay } of curves) {
    meta.periods.forEach((t, i) => add("spectrum", model, t, state.rjb_km, spectrum, i));
    distances.forEach((distance, i) => add("decay", model, meta.periods[period], distance, decay, i));
  }
  const header = ["panel", "model", "period_s", "rjb_km", "median_g", "low_g", "high_g"];
  const comments = [`${scenario(state)}; period 0 is PGA; low and high: one standard deviation`];
  for (const { model, outside: left } of curves) if (left.length) comments.push(`${model.key}: extrapolation`);
  return [header, rows, comments];
}
