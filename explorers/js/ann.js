// The perceptrons of study 1, evaluated from their weights: the twin of gmtools.networks.DenseNetwork.

/** Perceptrons with ReLU in all layers but the last, one for each period, or one for all. Inputs: magnitude, ln(1 + RJB in km),
    ln(1 + VS30 in m/s), standardized. Output: ln PSA (g). */
export class Ann {
  /** kernel (networks, in, out), bias (networks, out), C order, Uint16Array for half-precision bits; mean and sd of the three inputs. */
  constructor(layers, mean, sd) {
    this.layers = layers.map(({ kernel, bias }) => ({
      kernel: numbers(kernel.data),
      bias: numbers(bias.data),
      width: kernel.shape[1],
      units: kernel.shape[2],
    }));
    this.networks = layers[0].kernel.shape[0];
    this.mean = mean;
    this.sd = sd;
    this.outputs = this.networks * this.layers[this.layers.length - 1].units;
    const widest = Math.max(3, ...this.layers.map((layer) => layer.units));
    this.scratch = [new Float64Array(widest), new Float64Array(widest)];
  }

  /** ln PSA of all periods, or of the one with index only; rjb in km, vs30 in m/s. */
  evaluate(magnitude, rjb, vs30, out, only = -1) {
    const raw = [magnitude, Math.log1p(rjb), Math.log1p(vs30)];
    const inputs = raw.map((value, i) => (value - this.mean[i]) / this.sd[i]);
    const first = only < 0 ? 0 : only;
    const last = only < 0 ? this.outputs - 1 : only;
    const together = this.networks === 1 && this.forward(inputs, 0); // one network for all periods
    for (let period = first; period <= last; period++) {
      out[period] = together ? together[period] : this.forward(inputs, period)[0];
    }
    return out;
  }

  /** Outputs of one network, in an array that the next call overwrites. */
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
    return values;
  }
}

/** Single-precision numbers, from half-precision bits where they are such. */
export function numbers(data) {
  return data instanceof Uint16Array ? Float32Array.from(data, half) : data;
}

/** A half-precision number (IEEE 754 binary16) from its bits. */
export function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * 2 ** -24 * fraction;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}
