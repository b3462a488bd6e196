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

/** numpy.fft.rfft(signal, n): n/2 + 1 coefficients {re, im}; n a power of two, zeros are appended up to it. */
export function rfft(signal, n) {
  const plan = planOf(n);
  const padded = new Float64Array(n);
  padded.set(signal.length > n ? signal.slice(0, n) : signal);
  const pairs = new Float64Array(2 * n);
  plan.realTransform(pairs, padded);
  const [re, im] = [new Float64Array(n / 2 + 1), new Float64Array(n / 2 + 1)];
  for (let k = 0; k <= n / 2; k++) [re[k], im[k]] = [pairs[2 * k], pairs[2 * k + 1]];
  return { re, im };
}

/** numpy.fft.irfft(re + i im): 2 (re.length - 1) samples; imaginary parts of the first and last are left out. */
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
  return Float64Array.from({ length: 2 * half }, (_, i) => signal[2 * i]);
}
