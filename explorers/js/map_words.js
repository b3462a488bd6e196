// What the map explorer says: titles, readings of a pixel, a summary, where the numbers come from, the table.

const SIGMA = [0.4, 0.6, 0.8, 1, 1.2];
const FACTORS = [1 / 3, 1 / 2, 1, 2, 3];
const LARGEST_FACTOR = 4;
const NEAR_KM = 50;

const place = ([longitude, latitude]) => `${latitude.toFixed(2)}° N, ${longitude.toFixed(2)}° E`;
const grams = (ln) => `${Number(Math.exp(ln).toPrecision(3))} g`;

/** The target as one writes it: PGA, SA(1 s). */
export const target = ({ period }) => (period ? `SA(${period} s)` : "PGA");

/** Colors, range, title and ticks of a quantity: of each tick its value, its text, whether its iso-line is dashed, and whether it has none. */
export function look(region, quantity) {
  const model = region.classical.label;
  const titles = {
    mean: `Median ${target(region)} by the U-Net (g)`,
    classical: `Median ${target(region)} after ${model} (g)`,
    sigma: `Sigma of ln ${target(region)} by the U-Net`,
    difference: `Median by the U-Net divided by that after ${model}`,
  };
  return { title: titles[quantity], ...colorsOf(region, quantity) };
}

function colorsOf({ shown_g: [low, high] }, quantity) {
  if (quantity === "sigma") {
    const ticks = SIGMA.map((value) => [value, String(value), false]);
    return { palette: "cividis", low: SIGMA[0], high: SIGMA[SIGMA.length - 1], ticks };
  }
  if (quantity === "difference") {
    const end = Math.log(LARGEST_FACTOR);
    const ticks = FACTORS.map((f) => [Math.log(f), f < 1 ? `1/${Math.round(1 / f)}` : String(f), f < 1, f === 1]);
    return { palette: "purple_orange", low: -end, high: end, ticks };
  }
  const ticks = [];
  for (let d = Math.round(Math.log10(low)); d <= Math.round(Math.log10(high)); d++) {
    ticks.push([d * Math.LN10, String(Number((10 ** d).toPrecision(1))), false]);
  }
  return { palette: "viridis", low: Math.log(low), high: Math.log(high), ticks };
}

/** All that is known of a pixel. */
export function reading(region, maps, p) {
  const { mean, sigma } = maps;
  const near = region.far[p] < 1;
  return (
    `${place(region.places[p])}, ${Math.round(maps.distance[p])} km from the epicenter: median ${grams(mean[p])}, ` +
    `sigma ${sigma[p].toFixed(2)} (two of three records between ${grams(mean[p] - sigma[p])} and ` +
    `${grams(mean[p] + sigma[p])}); ${region.classical.label}: ${grams(maps.classical[p])}. ` +
    (maps.support[p][0] ? "" : "Few training records are near in magnitude, distance and VS30. ") +
    (near ? `${region.records[p]} training records in this pixel.` : `Nearest training record: ${region.far[p]} km away.`)
  );
}

/** The event and the largest motion on land. */
export function summary(region, maps, { magnitude, latitude, longitude, depth_km: depth }) {
  const { land, places } = region;
  const top = land.reduce((best, p) => (maps.mean[p] > maps.mean[best] ? p : best), land[0]);
  return (
    `Magnitude ${magnitude} at ${place([longitude, latitude])}, depth ${depth} km: largest median ${target(region)} on ` +
    `land ${grams(maps.mean[top])} at ${place(places[top])}, sigma there ${maps.sigma[top].toFixed(2)}.`
  );
}

/** A sentence where network and classical model part by more than a factor of two near the epicenter, or "". */
export function disagreement(region, maps) {
  const near = region.land.filter((p) => maps.distance[p] <= NEAR_KM);
  const ratios = near.map((p) => maps.mean[p] - maps.classical[p]).sort((a, b) => a - b);
  const ln = ratios.length ? ratios[Math.floor(ratios.length / 2)] : 0;
  if (Math.abs(ln) < Math.LN2) return "";
  const factor = Math.exp(Math.abs(ln)).toPrecision(2);
  return (
    `Within ${NEAR_KM} km of the epicenter the network's median is ${factor} times ${ln < 0 ? "lower" : "higher"} than that of ` +
    `${region.classical.label}: it has learned from few strong or near records.`
  );
}

/** Network, data, scores, licenses. */
export function sources({ network, data, scores, layers, classical }) {
  const { records, events, stations } = data;
  const learned = network.steps.filter(({ weights }) => weights !== undefined).length;
  const said = scores.map(({ value, unit, on, baselines }) => {
    const beside = Object.entries(baselines).map(([name, other]) => `${name}: ${other.toFixed(2)}`);
    return `${value.toFixed(2)} ${unit} on ${on}${beside.length ? ` (${beside.join(", ")})` : ""}`;
  });
  return (
    `The map is that of a U-Net of ${learned} layers, trained on ${records.toLocaleString("en-US")} records of ` +
    `${events} earthquakes at ${stations} stations. ${said.length ? `Error (rmse) where they did not learn: ${said.join("; ")}. ` : ""}` +
    "Faint: fewer than five training records within 0.5 of M and a factor of 1.5 of distance and VS30; blank: none within twice that. Hatched: over 50 km from any training record. A regular pattern of two and four pixels is the network's, not the ground's. " +
    `${classical.label}: ${classical.note}. ${layers.join(". ")}.`
  );
}

/** The grid: arguments of csv(). */
export function table(region, maps) {
  const header = ["longitude", "latitude", "median_unet_g", "sigma_ln_unet", "median_classical_g", "training_record_km", "known"];
  const rows = region.places.map(([longitude, latitude], p) => [
    longitude, latitude, Math.exp(maps.mean[p]), maps.sigma[p], Math.exp(maps.classical[p]), region.far[p], maps.support[p][0],
  ]);
  return [header, rows, [target(region), region.kind, `Classical: ${region.classical.label}`, ...region.layers]];
}
