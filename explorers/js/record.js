// A simulated earthquake on rock and on soft ground: the constants and the noise are those of explorers.site_record.
import { irfft, rfft } from "./fft.js";
import { groundProfile, timeAveragedVelocity, transferFunction, travelTime } from "./sh_column.js";

/** Corner frequency (Hz) of Brune's spectrum, as in Boore (2003, https://doi.org/10.1007/PL00012553). */
export function cornerFrequency(magnitude, constants) {
  return 4.906e6 * constants.beta_km_s * (constants.stress_drop_bar / moment(magnitude)) ** (1 / 3);
}

/** Seismic moment, dyne cm (Hanks and Kanamori, 1979). */
function moment(magnitude) {
  return 10 ** (1.5 * magnitude + 16.05);
}

/** Fourier amplitude (cm/s) at a rock outcrop for frequencies and a corner (Hz), a distance (km) and a wave, "S" or "P":
    gmtools.simulate.accelerograms.rock_spectrum. */
export function rockSpectrum(frequency, magnitude, corner, rhyp, wave, constants) {
  const [velocity, radiation] = wave === "S" ? [constants.beta_km_s, 0.55] : [constants.alpha_km_s, 0.52];
  const factor = ((1e-20 * radiation * 2) / Math.SQRT2) / (4 * Math.PI * constants.crust_density * velocity ** 3);
  const spreading = rhyp <= 40 ? 1 / rhyp : 1 / Math.sqrt(40 * rhyp);
  const level = factor * moment(magnitude) * spreading;
  return Float64Array.from(frequency, (f) => {
    const source = (2 * Math.PI * f) ** 2 / (1 + (f / corner) ** 2);
    const path = (Math.PI * rhyp * f ** 0.55) / (180 * velocity) + Math.PI * constants.kappa_s * f;
    return level * source * Math.exp(-path);
  });
}

/** Window of Saragoni and Hart (1974) with a coda, of the time since the arrival (s): gmtools.simulate.accelerograms.envelope. */
export function envelope(time, duration) {
  if (time <= 0) return 0;
  const x = time / (2 * duration);
  const b = (-0.2 * Math.log(0.05)) / (1 + 0.2 * (Math.log(0.2) - 1));
  const window = ((Math.E / 0.2) * x) ** b * Math.exp((-b / 0.2) * x);
  return window - 0.1 * Math.expm1(-time / duration) * Math.exp(-time / (6 + duration / 2));
}

/** PSA in the acceleration's unit for periods (s): the oscillator solved exactly for an acceleration that is linear between samples
    (Nigam and Jennings, 1969). Twin of gmtools.response.response_spectrum. */
export function responseSpectrum(acceleration, dt, periods, damping = 0.05) {
  return Float64Array.from(periods, (period) => {
    const w = (2 * Math.PI) / period;
    // The oscillator goes on swinging after the record's end: its next peak is less than one period away.
    const free = Math.ceil(period / dt);
    return w * w * largestDisplacement(acceleration, dt, w, damping, free);
  });
}

function largestDisplacement(acceleration, dt, w, d, free) {
  const damped = w * Math.sqrt(1 - d * d);
  const decay = Math.exp(-d * w * dt);
  const cos = decay * Math.cos(damped * dt);
  const sin = (decay * Math.sin(damped * dt)) / damped;
  // With acceleration a + b t, u = -a/w² + 2 d b / w³ - b t / w² solves the equation: the rest swings freely.
  let [u, v, last, largest] = [0, 0, 0, 0];
  for (let i = 0; i < acceleration.length + free; i++) {
    const next = i < acceleration.length ? acceleration[i] : 0;
    const slope = -(next - last) / (dt * w * w);
    const start = -last / (w * w) - (2 * d * slope) / w;
    const du = u - start;
    const dv = v - slope;
    u = du * cos + (dv + d * w * du) * sin + start + slope * dt;
    v = dv * cos - (w * w * du + d * w * dv) * sin + slope;
    last = next;
    if (Math.abs(u) > largest) largest = Math.abs(u);
  }
  return largest;
}

let onRock; // the motion of the rock, which the soil does not change

/** An earthquake on rock and on the ground over it: its profile, spectra, records and response spectra.
    noise: (realizations, 2 waves, 2 components, n_samples), row by row. */
export function siteMotion(state, noise, constants) {
  const { sampling_rate_hz: rate, n_samples: count, n_fft: length, standard_gravity_cm_s2: gravity } = constants;
  const frequency = Float64Array.from({ length: length / 2 + 1 }, (_, k) => (k * rate) / length);
  const profile = groundProfile(state.vs30_m_s, state.rock_depth_m, state.ground, constants);
  const damping = profile.vs.map((v, k) => (k < profile.thickness.length ? state.damping : 5 / v));
  const s = transferFunction(frequency, profile.thickness, profile.vs, profile.density, damping);
  const half = damping.map((xi) => xi / 2);
  const p = transferFunction(frequency, profile.thickness, profile.vp, profile.density, half);
  const times = arrivals(profile, state.rhyp_km, constants);
  const traceOf = (spectrum, place) => trace(spectrum, times.p[place], constants);
  const inG = (values) => values.map((value) => value / gravity);
  const key = [state.magnitude, state.rhyp_km, state.realization].join();
  if (onRock?.key !== key) {
    const [north, up] = rockSpectra(state, profile, frequency, times, noise, constants);
    const rock = traceOf(north, "rock");
    onRock = { key, north, up, rock, rockPsa: inG(responseSpectrum(rock, 1 / rate, constants.periods_s)) };
  }
  const { north, up, rock, rockPsa } = onRock;
  const surface = traceOf(multiply(north, s), "surface");
  return {
    profile, frequency, rock, surface, times, rockPsa,
    amplification: s.re.map((re, k) => Math.hypot(re, s.im[k])),
    resonances: resonances(profile),
    time: Float64Array.from({ length: count }, (_, i) => i / rate),
    surfaceUp: traceOf(multiply(up, p), "surface"),
    periods: constants.periods_s,
    surfacePsa: inG(responseSpectrum(surface, 1 / rate, constants.periods_s)),
    pgaRock: largest(rock) / gravity,
    pgaSurface: largest(surface) / gravity,
  };
}

/** The first six (2n + 1) VS / (4 H), with VS averaged over the travel time; Hz. */
function resonances(profile) {
  const depth = profile.thickness.reduce((sum, layer) => sum + layer, 0);
  const average = timeAveragedVelocity(profile.thickness, profile.vs, depth);
  return Array.from({ length: 6 }, (_, n) => ((2 * n + 1) * average) / (4 * depth));
}

function largest(values) {
  return values.reduce((found, value) => Math.max(found, Math.abs(value)), 0);
}

/** P and S on rock and surface, s. */
function arrivals(profile, rhyp, constants) {
  const depth = profile.thickness.reduce((sum, layer) => sum + layer, 0);
  const p = constants.p_on_rock_s;
  const s = p + rhyp * (1 / constants.beta_km_s - 1 / constants.alpha_km_s);
  return {
    p: { rock: p, surface: p + travelTime(profile.thickness, profile.vp, depth) },
    s: { rock: s, surface: s + travelTime(profile.thickness, profile.vs, depth) },
  };
}

/** Spectra of north and up on the rock outcrop, cm/s. */
function rockSpectra(state, profile, frequency, times, noise, constants) {
  const corner = cornerFrequency(state.magnitude, constants);
  const rock = profile.vs.length - 1;
  const sum = [0, 1].map(() => ({ re: new Float64Array(frequency.length), im: new Float64Array(frequency.length) }));
  const waves = [
    { wave: "P", corner: constants.corner_ratio * corner, path: 0.03, shares: [constants.p_on_horizontal, 1] },
    { wave: "S", corner, path: 0.05, shares: [1, constants.s_on_vertical] },
  ];
  const steps = [[constants.beta_km_s, profile.vs[rock]], [constants.alpha_km_s, profile.vp[rock]]].map(([deep, shallow]) =>
    Math.sqrt((1e3 * constants.crust_density * deep) / (profile.density[rock] * shallow)));
  waves.forEach(({ wave, corner: cornerOfWave, path, shares }, w) => {
    const amplitude = rockSpectrum(frequency, state.magnitude, cornerOfWave, state.rhyp_km, wave, constants);
    const duration = 1 / cornerOfWave + path * state.rhyp_km;
    const arrival = times[wave.toLowerCase()].rock;
    const window = Float64Array.from({ length: constants.n_samples }, (_, i) =>
      envelope(i / constants.sampling_rate_hz - arrival, duration),
    );
    sum.forEach(({ re, im }, component) => {
      const first = ((state.realization * 2 + w) * 2 + component) * constants.n_samples;
      const shaped = rfft(window.map((value, i) => value * noise[first + i]), constants.n_fft);
      const scale = (shares[component] * steps[component]) / rootMeanSquare(shaped);
      for (let k = 0; k < re.length; k++) {
        re[k] += scale * amplitude[k] * shaped.re[k];
        im[k] += scale * amplitude[k] * shaped.im[k];
      }
    });
  });
  return sum;
}

function rootMeanSquare({ re, im }) {
  return Math.sqrt(re.reduce((sum, value, k) => sum + value * value + im[k] * im[k], 0) / re.length);
}

function multiply(a, b) {
  return {
    re: a.re.map((value, k) => value * b.re[k] - a.im[k] * b.im[k]),
    im: a.re.map((value, k) => value * b.im[k] + a.im[k] * b.re[k]),
  };
}

/** Acceleration, cm/s². Shaping has no phase and so sends a little motion ahead of P: ramped off within 0.1 s. */
function trace({ re, im }, pTime, constants) {
  const rate = constants.sampling_rate_hz;
  const motion = irfft(re, im).subarray(0, constants.n_samples);
  return motion.map((value, i) => {
    const ramp = Math.min(Math.max(1 + (i / rate - pTime) / constants.ramp_s, 0), 1);
    return value * rate * ramp;
  });
}
