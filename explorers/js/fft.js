/**
 * Fourier transform of real signals whose length is a power of two, with NumPy's sign and scaling.
 *
 * The real signal of n samples is read as n/2 complex numbers, transformed by the radix-2 algorithm (Cooley and
 * Tukey, 1965, https://doi.org/10.1090/S0025-5718-1965-0178586-1) and untangled. Tables are kept for each length.
 */

/** @type {Map<number, {cosine: Float64Array, sine: Float64Array, reversed: Uint32Array}>} */
const tables = new Map();

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

/** Roots of unity exp(-2 pi i k / n), k < n/2, and the bit-reversed order of n numbers. */
function tablesOf(n) {
  if (!Number.isInteger(n) || n < 1 || (n & (n - 1)) !== 0) {
    throw new RangeError(`The length of a transform must be a power of two, not ${n}.`);
  }
  if (!tables.has(n)) {
    const half = Math.max(n >> 1, 1);
    const cosine = new Float64Array(half);
    const sine = new Float64Array(half);
    for (let k = 0; k < half; k++) {
      cosine[k] = Math.cos((2 * Math.PI * k) / n);
      sine[k] = -Math.sin((2 * Math.PI * k) / n);
    }
    const reversed = new Uint32Array(n);
    for (let i = 1; i < n; i++) reversed[i] = (reversed[i >> 1] >> 1) | (i & 1 ? n >> 1 : 0);
    tables.set(n, { cosine, sine, reversed });
  }
  return tables.get(n);
}

/**
 * Complex transform in place, sum x_j exp(-2 pi i j k / n) (not scaled).
 * The inverse is the transform of the conjugate: pass `im` as `re` and `re` as `im`, then divide both by n.
 * @param {Float64Array} re real parts, length n = 2^m
 * @param {Float64Array} im imaginary parts, length n
 */
export function fft(re, im) {
  const n = re.length;
  const { cosine, sine, reversed } = tablesOf(n);
  for (let i = 0; i < n; i++) {
    const j = reversed[i];
    if (j > i) {
      [re[i], re[j]] = [re[j], re[i]];
      [im[i], im[j]] = [im[j], im[i]];
    }
  }
  for (let half = 1; half < n; half *= 2) {
    const stride = n / (2 * half);
    for (let start = 0; start < n; start += 2 * half) {
      for (let k = 0, root = 0; k < half; k++, root += stride) {
        const a = start + k;
        const b = a + half;
        const real = re[b] * cosine[root] - im[b] * sine[root];
        const imaginary = re[b] * sine[root] + im[b] * cosine[root];
        re[b] = re[a] - real;
        im[b] = im[a] - imaginary;
        re[a] += real;
        im[a] += imaginary;
      }
    }
  }
}

/**
 * Transform of a real signal, as numpy.fft.rfft(signal, n).
 * @param {ArrayLike<number>} signal samples; zeros are appended up to n, samples after n are left out
 * @param {number} [n] power of two, at least 2; the next one not below the signal's length by default
 * @returns {{re: Float64Array, im: Float64Array}} n/2 + 1 coefficients at the frequencies k / (n dt)
 */
export function rfft(signal, n = Math.max(nextPowerOfTwo(signal.length), 2)) {
  if (n < 2) throw new RangeError(`A real transform needs at least 2 samples, not ${n}.`);
  const half = n / 2;
  const { cosine, sine } = tablesOf(n);
  const evens = new Float64Array(half);
  const odds = new Float64Array(half);
  const count = Math.min(signal.length, n);
  for (let i = 0; i < count; i++) (i & 1 ? odds : evens)[i >> 1] = signal[i];
  fft(evens, odds);
  const re = new Float64Array(half + 1);
  const im = new Float64Array(half + 1);
  re[0] = evens[0] + odds[0];
  re[half] = evens[0] - odds[0];
  for (let k = 1; k < half; k++) {
    const m = half - k;
    const evenRe = (evens[k] + evens[m]) / 2;
    const evenIm = (odds[k] - odds[m]) / 2;
    const oddRe = (odds[k] + odds[m]) / 2;
    const oddIm = (evens[m] - evens[k]) / 2;
    re[k] = evenRe + oddRe * cosine[k] - oddIm * sine[k];
    im[k] = evenIm + oddRe * sine[k] + oddIm * cosine[k];
  }
  return { re, im };
}

/**
 * Real signal of a half spectrum, as numpy.fft.irfft: rfft undone.
 * @param {ArrayLike<number>} re real parts, n/2 + 1
 * @param {ArrayLike<number>} im imaginary parts, n/2 + 1; those of the first and last are left out, as in NumPy
 * @returns {Float64Array} n samples
 */
export function irfft(re, im) {
  const half = re.length - 1;
  const n = 2 * half;
  if (n < 2) throw new RangeError(`A half spectrum needs at least 2 coefficients, not ${re.length}.`);
  const { cosine, sine } = tablesOf(n);
  const evens = new Float64Array(half);
  const odds = new Float64Array(half);
  for (let k = 0; k < half; k++) {
    const m = half - k;
    const real = re[k];
    const imaginary = k === 0 ? 0 : im[k];
    const mirroredImaginary = m === half ? 0 : -im[m];
    const evenRe = (real + re[m]) / 2;
    const evenIm = (imaginary + mirroredImaginary) / 2;
    const turnedRe = (real - re[m]) / 2;
    const turnedIm = (imaginary - mirroredImaginary) / 2;
    const oddRe = turnedRe * cosine[k] + turnedIm * sine[k];
    const oddIm = turnedIm * cosine[k] - turnedRe * sine[k];
    evens[k] = evenRe - oddIm;
    odds[k] = evenIm + oddRe;
  }
  fft(odds, evens);
  const signal = new Float64Array(n);
  for (let i = 0; i < half; i++) {
    signal[2 * i] = evens[i] / half;
    signal[2 * i + 1] = odds[i] / half;
  }
  return signal;
}
