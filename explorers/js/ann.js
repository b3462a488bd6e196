// The perceptrons of study 1, evaluated from their weights: the twin of gmtools.data.portable.PortableNetwork.

/**
 * A stack of perceptrons with ReLU in all layers but the last, for each member of an ensemble one for each period.
 * Inputs: magnitude, ln(1 + RJB in km), ln(1 + VS30 in m/s), standardized. Output: ln PSA (g).
 */
export class Ann {
  /**
   * @param {Array<{kernel: {data: ArrayLike<number>, shape: number[]}, bias: {data: ArrayLike<number>}}>} layers
   *   kernel (networks, in, out), bias (networks, out), C order; Uint16Array holds half-precision bits
   * @param {number[]} mean of the three inputs
   * @param {number[]} sd of the three inputs
   * @param {number} members
   */
  constructor(layers, mean, sd, members) {
    this.layers = layers.map(({ kernel, bias }) => ({
      kernel: numbers(kernel.data),
      bias: numbers(bias.data),
      width: kernel.shape[1],
      units: kernel.shape[2],
    }));
    this.networks = layers[0].kernel.shape[0];
    this.mean = mean;
    this.sd = sd;
    this.members = members;
    this.outputs = (this.networks / members) * this.layers[this.layers.length - 1].units;
    const widest = Math.max(3, ...this.layers.map((layer) => layer.units));
    this.scratch = [new Float64Array(widest), new Float64Array(widest)];
  }

  /**
   * Mean of the members' ln PSA.
   * @param {number} magnitude
   * @param {number} rjb km
   * @param {number} vs30 m/s
   * @param {Float64Array} out one value for each period
   * @param {number} [only] index of the one period to evaluate, written to out[0]; all when left out
   * @returns {Float64Array} out
   */
  evaluate(magnitude, rjb, vs30, out, only = -1) {
    const raw = [magnitude, Math.log1p(rjb), Math.log1p(vs30)];
    const inputs = raw.map((value, i) => (value - this.mean[i]) / this.sd[i]);
    const first = only < 0 ? 0 : only;
    const last = only < 0 ? this.outputs - 1 : only;
    for (let period = first; period <= last; period++) {
      let sum = 0;
      for (let member = 0; member < this.members; member++) sum += this.forward(inputs, member * this.outputs + period);
      out[period - first] = sum / this.members;
    }
    return out;
  }

  /** Output of one network. */
  forward(inputs, network) {
    let [values, next] = this.scratch;
    values.set(inputs);
    for (let l = 0; l < this.layers.length; l++) {
      const { kernel, bias, width, units } = this.layers[l];
      for (let unit = 0; unit < units; unit++) next[unit] = bias[network * units + unit];
      const start = network * width * units;
      for (let i = 0; i < width; i++) {
        const value = l > 0 && values[i] < 0 ? 0 : values[i];
        if (value === 0) continue;
        const row = start + i * units;
        for (let unit = 0; unit < units; unit++) next[unit] += value * kernel[row + unit];
      }
      [values, next] = [next, values];
    }
    return values[0];
  }
}

/** Single-precision numbers, from half-precision bits where they are such. */
function numbers(data) {
  return data instanceof Uint16Array ? Float32Array.from(data, half) : data;
}

/**
 * A half-precision number (IEEE 754 binary16) from its bits.
 * @param {number} bits
 */
export function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * 2 ** -24 * fraction;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}
