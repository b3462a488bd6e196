// UTM coordinates on WGS84 by Krueger's series to the fourth order (Karney 2011, J. Geodesy 85, eqs. 7 to 36): good to
// a micrometer within a zone.

const SEMI_MAJOR = 6378137;
const N = 0.0016792203863836474; // third flattening of WGS84
const ECCENTRICITY = (2 * Math.sqrt(N)) / (1 + N);
const RADIUS = (SEMI_MAJOR / (1 + N)) * (1 + N ** 2 / 4 + N ** 4 / 64);
const SCALE = 0.9996;
const FALSE_EASTING = 500000;
const ALPHA = [
  N / 2 - (2 / 3) * N ** 2 + (5 / 16) * N ** 3 + (41 / 180) * N ** 4,
  (13 / 48) * N ** 2 - (3 / 5) * N ** 3 + (557 / 1440) * N ** 4,
  (61 / 240) * N ** 3 - (103 / 140) * N ** 4,
  (49561 / 161280) * N ** 4,
];
const BETA = [
  N / 2 - (2 / 3) * N ** 2 + (37 / 96) * N ** 3 - (1 / 360) * N ** 4,
  (1 / 48) * N ** 2 + (1 / 15) * N ** 3 - (437 / 1440) * N ** 4,
  (17 / 480) * N ** 3 - (37 / 840) * N ** 4,
  (4397 / 161280) * N ** 4,
];

const centralMeridian = (zone) => 6 * zone - 183;

/** Easting and northing (m) of degrees on the northern hemisphere, in a zone from 1 to 60. */
export function toUtm(longitude, latitude, zone) {
  const away = ((longitude - centralMeridian(zone)) * Math.PI) / 180;
  const tangent = conformal(Math.tan((latitude * Math.PI) / 180));
  const xi = Math.atan2(tangent, Math.cos(away));
  const eta = Math.asinh(Math.sin(away) / Math.hypot(tangent, Math.cos(away)));
  let [north, east] = [xi, eta];
  ALPHA.forEach((coefficient, j) => {
    north += coefficient * Math.sin(2 * (j + 1) * xi) * Math.cosh(2 * (j + 1) * eta);
    east += coefficient * Math.cos(2 * (j + 1) * xi) * Math.sinh(2 * (j + 1) * eta);
  });
  return [FALSE_EASTING + SCALE * RADIUS * east, SCALE * RADIUS * north];
}

/** Longitude and latitude (degrees) of UTM coordinates (m) on the northern hemisphere. */
export function fromUtm(east, north, zone) {
  const [xi, eta] = [north / (SCALE * RADIUS), (east - FALSE_EASTING) / (SCALE * RADIUS)];
  let [x, y] = [xi, eta];
  BETA.forEach((coefficient, j) => {
    x -= coefficient * Math.sin(2 * (j + 1) * xi) * Math.cosh(2 * (j + 1) * eta);
    y -= coefficient * Math.cos(2 * (j + 1) * xi) * Math.sinh(2 * (j + 1) * eta);
  });
  const wanted = Math.sin(x) / Math.hypot(Math.sinh(y), Math.cos(x));
  let tangent = wanted;
  for (let step = 0; step < 3; step++) {
    const found = conformal(tangent);
    const flat = 1 - ECCENTRICITY ** 2;
    const slope = (flat * Math.sqrt((1 + found ** 2) * (1 + tangent ** 2))) / (1 + flat * tangent ** 2);
    tangent += (wanted - found) / slope;
  }
  const longitude = centralMeridian(zone) + (Math.atan2(Math.sinh(y), Math.cos(x)) * 180) / Math.PI;
  return [longitude, (Math.atan(tangent) * 180) / Math.PI];
}

/** Tangent of the conformal latitude from that of the geographic one. */
function conformal(tangent) {
  const sigma = Math.sinh(ECCENTRICITY * Math.atanh((ECCENTRICITY * tangent) / Math.sqrt(1 + tangent ** 2)));
  return tangent * Math.sqrt(1 + sigma ** 2) - sigma * Math.sqrt(1 + tangent ** 2);
}
