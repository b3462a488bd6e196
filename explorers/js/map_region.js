// A region of the map explorer without its picture: network, grid, classical model, and what all of them say of an event.

import { numbers } from "./ann.js";
import { along } from "./knots.js";
import { supportAt } from "./support.js";
import { distances, ecef, predict } from "./unet.js";
import { fromUtm, toUtm } from "./utm.js";

/** Regions of a payload: name -> region, with network as unet.js takes it. */
export function regions({ meta, arrays }) {
  return Object.fromEntries(Object.entries(meta.regions).map(([name, about]) => [name, region(name, { ...about, nodes: meta.grid }, arrays)]));
}

function region(name, about, arrays) {
  const { nx, ny } = about.grid;
  const data = (key) => arrays[`${name}.${key}`].data;
  const places = centers(about.grid);
  const pixels = new Float32Array(3 * nx * ny);
  places.forEach((place, i) => pixels.set(ecef(...place), 3 * i));
  const size = nx * ny;
  const layer = (k) => data("static").subarray(k * size, (k + 1) * size);
  const statics = Object.fromEntries(about.static.map((key, k) => [key, layer(k)]));
  const east = Float64Array.from({ length: size }, (_, p) => (about.grid.west_m + ((p % nx) + 0.5) * about.grid.pixel_m) / 1e3);
  const north = east.map((_, p) => (about.grid.south_m + (Math.floor(p / nx) + 0.5) * about.grid.pixel_m) / 1e3);
  Object.assign(statics, { easting_km: east, northing_km: north });
  const weights = Array.from({ length: about.network.arrays }, (_, i) => numbers(data(`weights_${i}`)));
  const network = { ...about.network, height: ny, width: nx, pixels, statics, weights };
  return {
    ...about, name, network, places, records: data("records"), support: data("support"),
    far: data("far"), // km to the nearest pixel with training records
    land: Array.from(data("land")).flatMap((dry, p) => (dry ? [p] : [])),
    outline: Array.from(data("outline_ends"), (end, i) => data("outline").subarray(2 * (i ? data("outline_ends")[i - 1] : 0), 2 * end)),
    table: {
      magnitude: data("classical_magnitude"), depth: data("classical_depth_km"), lnDistance: data("classical_ln_distance"), values: data("classical"),
    },
  };
}

const zone = (grid) => grid.epsg - 32600;

/** Longitude and latitude of the pixels' centers, row by row from the south. */
function centers(grid) {
  const center = (_, p) => place(grid, (p % grid.nx) + 0.5, Math.floor(p / grid.nx) + 0.5);
  return Array.from({ length: grid.nx * grid.ny }, center);
}

/** Longitude and latitude (degrees) of a point in pixels from the southwestern corner. */
export function place(grid, column, row) {
  return fromUtm(grid.west_m + column * grid.pixel_m, grid.south_m + row * grid.pixel_m, zone(grid));
}

/** Column and row, in pixels from the southwestern corner, of a place in degrees. */
export function pixel(grid, longitude, latitude) {
  const [east, north] = toUtm(longitude, latitude, zone(grid));
  return [(east - grid.west_m) / grid.pixel_m, (north - grid.south_m) / grid.pixel_m];
}

/** Whether a point in pixels lies on the grid. */
export function inside(grid, [column, row]) {
  return column >= 0 && row >= 0 && column < grid.nx && row < grid.ny;
}

/** ln of the classical model's median (g) over the table's distances, for a magnitude and a depth. */
export function decay({ magnitude, depth, lnDistance, values }, m, depthKm) {
  const [[i, alongM], [j, alongZ]] = [along(magnitude, m), along(depth, depthKm)];
  const n = lnDistance.length;
  const at = (a, b, k) => values[(Math.min(a, magnitude.length - 1) * depth.length + Math.min(b, depth.length - 1)) * n + k];
  return Float64Array.from({ length: n }, (_, k) => {
    const [near, far] = [i, i + 1].map((a) => (1 - alongZ) * at(a, j, k) + alongZ * at(a, j + 1, k));
    return (1 - alongM) * near + alongM * far;
  });
}

function classical({ network, table, classical: model }, event, far) {
  const profile = decay(table, event.magnitude, event.hypocentral_depth_km);
  return far.map((km, p) => {
    const [i, share] = along(table.lnDistance, Math.log(km));
    let value = profile[i] + share * (profile[i + 1] - profile[i]);
    if (model.vs30_slope !== null) {
      const vs30 = Math.min(network.statics.vs30_m_s[p], model.vs30_largest);
      value += model.vs30_slope * Math.log(vs30 / model.vs30_reference);
    }
    return value;
  });
}

/** The numbers that describe an event, as the network names them. */
export function eventOf({ magnitude, latitude, longitude, depth_km: depth }) {
  return { magnitude, event_longitude: longitude, event_latitude: latitude, hypocentral_depth_km: depth };
}

/** All maps of an event, natural logarithms (g): mean and sigma of the network, the classical median, their difference; and the epicentral distance (km). */
export function evaluate(region, settings) {
  const event = eventOf(settings);
  const { mean, sigma } = predict(region.network, event);
  const at = (depth) => distances(region.network.pixels, event.event_longitude, event.event_latitude, depth);
  const epicentral = at(0);
  const far = region.classical.distance === "epicentral" ? epicentral : at(settings.depth_km);
  const median = classical(region, event, far);
  const difference = mean.map((value, p) => value - median[p]);
  const { vs30_m_s: vs30 } = region.network.statics;
  const support = Array.from(epicentral, (km, p) => supportAt(region.support, region.nodes, event.magnitude, km, vs30?.[p] ?? 500));
  return { mean, sigma, classical: median, difference, distance: epicentral, support };
}

const MOST_ALONE = 0.5; // share of the land
const WORDS = {
  magnitude: ["magnitude", ""], event_longitude: ["longitude", "°"], event_latitude: ["latitude", "°"], hypocentral_depth_km: ["depth", " km"],
};

/** Sentences on what of an event lies outside the training events; empty if nothing does. */
export function outside({ network, grid, land }, settings, maps) {
  const event = eventOf(settings);
  const found = Object.entries(WORDS).flatMap(([name, [word, unit]]) => {
    const [low, high] = network.ranges[name];
    const span = `${Number(low.toFixed(2))} to ${Number(high.toFixed(2))}${unit}`;
    return event[name] < low - 1e-3 || event[name] > high + 1e-3 ? [`${word} ${event[name]}${unit} is outside ${span}`] : [];
  });
  const alone = land.filter((p) => !maps.support[p][0]).length / land.length;
  if (alone > MOST_ALONE) found.push(`${Math.round(100 * alone)} % of the land, faint or blank, has few training records near`);
  if (!inside(grid, pixel(grid, settings.longitude, settings.latitude))) found.push("the epicenter is off the map");
  return found;
}
