// Soil over rock and what it does to plane waves that come up vertically: the transfer function is
// a twin of gmtools.site.site_response's. Velocities in m/s, thicknesses in m, the rock last in each list.

/** P-wave velocity (m/s) of saturated ground from VS (Brocher, 2005, https://doi.org/10.1785/0120050077). */
export function pVelocity(vs) {
  const x = vs / 1e3;
  return 1e3 * ((((-0.0251 * x + 0.2683) * x - 0.8206) * x + 2.0947) * x + 0.9409);
}

/** Density (g/cm³) from the P-wave velocity (m/s; Gardner et al., 1974, https://doi.org/10.1190/1.1440465). */
export function density(vp) {
  return 1.74 * (vp / 1e3) ** 0.25;
}

/** Vertical travel time (s) from the surface to a depth (m), through n thicknesses and n + 1 velocities. */
export function travelTime(thickness, velocity, depth) {
  let [top, time] = [0, 0];
  thickness.forEach((layer, index) => {
    const bottom = Math.min(top + layer, depth);
    time += (bottom - top) / velocity[index];
    top = bottom;
  });
  return time + (depth - top) / velocity[velocity.length - 1];
}

/** Depth over travel time (m/s): VS30 for 30 m. */
export function timeAveragedVelocity(thickness, velocity, depth = 30) {
  return depth / travelTime(thickness, velocity, depth);
}

/** Layers of a wanted VS30 over rock of a fixed velocity, "one layer" or "gradient": {thickness (n), vs, vp, density (n + 1)}. */
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

/** Surface over rock outcrop {re, im}, exact for linear viscoelastic layers (Kramer, 1996, section 7.2.1), time dependence exp(+i w t):
    n thicknesses, n + 1 velocities, densities and dampings; gmtools.site.site_response.transfer_function explains the notation. */
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
    let [uRe, uIm, sRe, sIm] = [1, 0, 0, 0];
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
