/** Fourier transforms of real signals whose length is a power of two: fft.js with NumPy's sign, scaling and shapes. */

import FFT from "fft.js";

/** @type {Map<number, FFT>} tables of each length */
const plans = new Map();

function planOf(n) {
  if (!Number.isInteger(n) || n < 2 || (n & (n - 1)) !== 0) {
    throw new RangeError(`The length of a transform must be a power of two, not ${n}.`);
  }
  if (!plans.has(n)) plans.set(n, new FFT(n));
  return plans.get(n);
}

/**
 * Smallest power of two that is not below a count.
 * @param {number} count
 * @returns {number}
 */
export function nextPowerOfTwo(count) {
  let power = 1;
  while (power < count) power *= 2;
  return power;
}

/**
 * Transform of a real signal, as numpy.fft.rfft(signal, n).
 * @param {ArrayLike<number>} signal samples; zeros are appended up to n, samples after n are left out
 * @param {number} [n] power of two, at least 2; the next one not below the signal's length by default
 * @returns {{re: Float64Array, im: Float64Array}} n/2 + 1 coefficients at the frequencies k / (n dt)
 */
export function rfft(signal, n = Math.max(nextPowerOfTwo(signal.length), 2)) {
  const plan = planOf(n);
  const padded = new Float64Array(n);
  padded.set(Array.prototype.slice.call(signal, 0, n));
  const pairs = new Float64Array(2 * n);
  plan.realTransform(pairs, padded);
  const half = pairs.subarray(0, n + 2);
  return { re: half.filter((_, i) => i % 2 === 0), im: half.filter((_, i) => i % 2 === 1) };
}

/**
 * Real signal of a half spectrum, as numpy.fft.irfft: rfft undone.
 * @param {ArrayLike<number>} re real parts, n/2 + 1
 * @param {ArrayLike<number>} im imaginary parts, n/2 + 1; those of the first and last are left out, as in NumPy
 * @returns {Float64Array} n samples
 */
export function irfft(re, im) {
  const half = re.length - 1;
  const plan = planOf(2 * half);
  const pairs = new Float64Array(4 * half);
  for (let k = 0; k <= half; k++) {
    pairs[2 * k] = re[k];
    pairs[2 * k + 1] = k % half === 0 ? 0 : im[k];
  }
  plan.completeSpectrum(pairs);
  const signal = new Float64Array(4 * half);
  plan.inverseTransform(signal, pairs);
  return signal.filter((_, i) => i % 2 === 0);
}
