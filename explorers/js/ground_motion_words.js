// What the ground-motion explorer says: table, warnings, alt texts, sentences for screen readers, CSV.

import { make } from "./core/controls.js";
import { digits } from "./core/plot.js";
import { SETTINGS } from "./ground_motion_models.js";

const NAMES = { magnitude: ["M", ""], rjb_km: ["RJB", " km"], vs30_m_s: ["VS30", " m/s"] };

/** How an ordinate is called. */
export const ordinate = (period) => (period === 0 ? "PGA" : `PSA(${period} s)`);

/** "M 6, RJB 20 km, VS30 400 m/s" */
export const scenario = (state) =>
  SETTINGS.map((name) => `${NAMES[name][0]} ${Number(state[name].toFixed(2))}${NAMES[name][1]}`).join(", ");

/** The warning band: which models are asked for more than they know; empty when none is. */
export function outside(curves) {
  const told = curves
    .filter((curve) => curve.outside.length)
    .map(({ model, outside: left }) => {
      const parts = left.map(({ setting, low, high, count }) => {
        const which = count < model.periods ? ` for ${count} of ${model.periods} ordinates` : "";
        if (setting === "records") return `fewer than ${model.grid.least} records near${which}`;
        return `${NAMES[setting][0]} ${span(low, high, NAMES[setting][1])}${which}`;
      });
      return `${model.facts.label} (${parts.join(", ")})`;
    });
  return told.length ? `Extrapolation, faint or not drawn. Outside of what is known to ${told.join("; ")}.` : "";
}

function span(low, high, unit) {
  const number = (value) => Number(value.toPrecision(3));
  if (low === null) return `up to ${number(high)}${unit}`;
  if (high === null) return `from ${number(low)}${unit}`;
  return `${number(low)} to ${number(high)}${unit}`;
}

/** Print the values. */
export function fillTable(table, { state, curves, period, ordinate: name }) {
  const both = period !== 0;
  const rows = curves.map(({ model, spectrum }) => {
    const known = Number.isFinite(spectrum.sigma[period]);
    const range = known ? `${digits(spectrum.low[period])} to ${digits(spectrum.high[period])}` : "not known";
    const pga = both ? [digits(spectrum.median[0], 5)] : [];
    const cells = [...pga, digits(spectrum.median[period], 5), range, known ? spectrum.sigma[period].toFixed(2) : "–"];
    return { key: model.key, cells: [model.facts.label, ...cells] };
  });
  const text = curves.length ? `${scenario(state)}: median, and the range of one standard deviation` : "No model is switched on.";
  table.fill(rows, text, ["model", ...(both ? ["PGA (g)"] : []), `${name} (g)`, "16 % to 84 % (g)", "σ (ln)"]);
}

/** The sentence that is read aloud. */
export function summary({ meta }, { state, curves, near, period, ordinate: name }) {
  const medians = curves.map(({ model, spectrum }) => `${model.facts.label} ${digits(spectrum.median[period])} g`);
  const counted = state.show_records && meta.records.length ? ` ${near.length} of the records shown here are near this scenario.` : "";
  return `${scenario(state)}. ${medians.length ? `Median ${name}: ${medians.join("; ")}.` : "No model is switched on."}${counted}`;
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
  "that they had not seen. Classical models are read from a table, within 1 %, for a vertical strike-slip fault. A network's line is " +
  "faint where fewer than five of the records that it learned from have that ordinate and lie near (M within 0.5, RJB + 5 km and VS30 " +
  "within a factor of 1.5), and ends where none lies within twice that; the bar under a slider and the unshaded ground are where all " +
  "networks shown have records near. Of the published networks only the range of each input is known.";
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

/** Lines below a saved picture: kinds of the data, sources. */
export function credits({ meta }, { state }) {
  const dots = state.show_records ? meta.records.map(({ name, pga, psa, source }) => `Dots: ${name}, PGA ${pga}, PSA ${psa} (${source}).`) : [];
  return ["Lines: models, evaluated; bands: one standard deviation; faint: extrapolation. Filled dots: measured; rings: reconstructed or simulated.", ...dots];
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
