/**
 * Soil over rock and what it does to plane waves that come up vertically: twin of explorers.site_motion's
 * ground_profile and of gmtools.site.site_response. Velocities in m/s, thicknesses in m, the rock last in each list.
 */

/**
 * P-wave velocity of saturated ground (Brocher, 2005, https://doi.org/10.1785/0120050077).
 * @param {number} vs m/s
 * @returns {number} m/s
 */
export function pVelocity(vs) {
  const x = vs / 1e3;
  return 1e3 * ((((-0.0251 * x + 0.2683) * x - 0.8206) * x + 2.0947) * x + 0.9409);
}

/**
 * Density from the P-wave velocity (Gardner et al., 1974, https://doi.org/10.1190/1.1440465).
 * @param {number} vp m/s
 * @returns {number} g/cm³
 */
export function density(vp) {
  return 1.74 * (vp / 1e3) ** 0.25;
}

/**
 * Vertical travel time from the surface to a depth.
 * @param {number[]} thickness layers from the surface down, n
 * @param {number[]} velocity n + 1
 * @param {number} depth m
 * @returns {number} s
 */
export function travelTime(thickness, velocity, depth) {
  let top = 0;
  let time = 0;
  thickness.forEach((layer, index) => {
    const bottom = Math.min(top + layer, depth);
    time += (bottom - top) / velocity[index];
    top = bottom;
  });
  return time + (depth - top) / velocity[velocity.length - 1];
}

/**
 * Depth over travel time: VS30 for 30 m.
 * @param {number[]} thickness n
 * @param {number[]} velocity n + 1
 * @param {number} depth m
 * @returns {number} m/s
 */
export function timeAveragedVelocity(thickness, velocity, depth = 30) {
  return depth / travelTime(thickness, velocity, depth);
}

/**
 * Layers of a wanted VS30 over rock of a fixed velocity.
 * @param {number} vs30 m/s
 * @param {number} rockDepth m
 * @param {string} ground "one layer" or "gradient"
 * @param {object} constants as explorers.site_motion.constants() gives them
 * @returns {{thickness: number[], vs: number[], vp: number[], density: number[]}} n and n + 1 values
 */
export function groundProfile(vs30, rockDepth, ground, constants) {
  const { layers, thicker, reference_m, exponent, largest_share_of_rock } = constants.gradient;
  const rock = constants.rock_m_s;
  const share = Array.from({ length: ground === "one layer" ? 1 : layers }, (_, k) => thicker ** k);
  const total = share.reduce((sum, value) => sum + value, 0);
  const thickness = share.map((value) => (rockDepth * value) / total);
  let bottom = 0;
  const shape = thickness.map((layer) => {
    bottom += layer;
    return share.length === 1 ? 1 : (1 + (bottom - layer / 2) / reference_m) ** exponent;
  });
  const soil30 = Math.min(rockDepth, 30);
  const scale = travelTime(thickness, [...shape, 1], soil30) / (30 / vs30 - (30 - soil30) / rock);
  const vs = [...shape.map((value) => Math.min(value * scale, largest_share_of_rock * rock)), rock];
  const vp = vs.map(pVelocity);
  return { thickness, vs, vp, density: vp.map(density) };
}

/**
 * Motion at the surface over the motion at an outcrop of the rock, exact for linear viscoelastic layers (Kramer,
 * 1996, section 7.2.1); gmtools.site.site_response.transfer_function explains the notation. Time dependence exp(+i w t).
 * @param {ArrayLike<number>} frequency Hz, m
 * @param {number[]} thickness n
 * @param {number[]} velocity of S or of P waves, n + 1
 * @param {number[]} densities n + 1
 * @param {number[]} damping share of critical, n + 1
 * @returns {{re: Float64Array, im: Float64Array}} m values
 */
export function transferFunction(frequency, thickness, velocity, densities, damping) {
  // v sqrt(1 + 2 i xi), density times it, and the delay of each layer, all complex as [re, im]
  const speed = velocity.map((v, k) => {
    const modulus = Math.sqrt(Math.hypot(1, 2 * damping[k]));
    const angle = Math.atan(2 * damping[k]) / 2;
    return [v * modulus * Math.cos(angle), v * modulus * Math.sin(angle)];
  });
  const impedance = speed.map(([re, im], k) => [densities[k] * re, densities[k] * im]);
  const delay = thickness.map((h, k) => divide(h, 0, ...speed[k]));
  const [rockRe, rockIm] = impedance[impedance.length - 1];
  const re = new Float64Array(frequency.length);
  const im = new Float64Array(frequency.length);
  for (let j = 0; j < frequency.length; j++) {
    const omega = 2 * Math.PI * frequency[j];
    let uRe = 1;
    let uIm = 0;
    let sRe = 0;
    let sIm = 0;
    for (let k = 0; k < delay.length; k++) {
      const grow = Math.exp(-omega * delay[k][1]); // |exp(i w d)|, above 1: Im d < 0
      const cos = Math.cos(omega * delay[k][0]);
      const sin = Math.sin(omega * delay[k][0]);
      const cRe = (grow + 1 / grow) * cos * 0.5;
      const cIm = (grow - 1 / grow) * sin * 0.5;
      const nRe = (grow + 1 / grow) * sin * 0.5;
      const nIm = -(grow - 1 / grow) * cos * 0.5;
      const [zRe, zIm] = impedance[k];
      const square = zRe * zRe + zIm * zIm;
      const qRe = (sRe * zRe + sIm * zIm) / square; // stress / z
      const qIm = (sIm * zRe - sRe * zIm) / square;
      const wRe = uRe * zRe - uIm * zIm; // displacement * z
      const wIm = uRe * zIm + uIm * zRe;
      const nextRe = uRe * cRe - uIm * cIm + qRe * nRe - qIm * nIm;
      const nextIm = uRe * cIm + uIm * cRe + qRe * nIm + qIm * nRe;
      const stressRe = sRe * cRe - sIm * cIm - (wRe * nRe - wIm * nIm);
      sIm = sRe * cIm + sIm * cRe - (wRe * nIm + wIm * nRe);
      sRe = stressRe;
      uRe = nextRe;
      uIm = nextIm;
    }
    const [fRe, fIm] = divide(sRe, sIm, rockRe, rockIm);
    [re[j], im[j]] = divide(1, 0, uRe + fIm, uIm - fRe); // u - i s / z
  }
  return { re, im };
}

/** (a + ib) / (c + id) as [re, im]. */
function divide(a, b, c, d) {
  const square = c * c + d * d;
  return [(a * c + b * d) / square, (b * c - a * d) / square];
}
