// What the ground-motion explorer computes, without a page: spectra, decay, ranges, the records near a scenario.

import { Ann } from "./ann.js";
import { ClassicalTable, OUTPUTS } from "./classical_table.js";

export const SETTINGS = ["magnitude", "rjb_km", "vs30_m_s"];

/**
 * @typedef {object} Curve
 * @property {Float64Array} median g
 * @property {Float64Array|null} low median / exp(sigma), g; null where no sigma is known
 * @property {Float64Array|null} high median * exp(sigma), g
 * @property {Float64Array} sigma ln units
 */

/** One model of the payload: a network or a table. */
export class Model {
  /**
   * @param {object} facts entry of meta.models
   * @param {object} arrays of the payload
   * @param {number} periods how many
   */
  constructor(facts, arrays, periods) {
    this.facts = facts;
    this.key = facts.key;
    this.periods = periods;
    this.out = new Float64Array(OUTPUTS);
    const part = (name) => arrays[`${facts.key}.${name}`];
    if (facts.kind === "network") {
      const layers = Array.from({ length: facts.layers }, (_, l) => ({ kernel: part(`kernel_${l}`), bias: part(`bias_${l}`) }));
      this.network = new Ann(layers, facts.input_mean, facts.input_sd, facts.members);
    } else {
      const names = ["magnitude", "distance", "site", "center", "rows", "columns", "scale", "outputs", "floor"];
      this.table = new ClassicalTable(Object.fromEntries(names.map((name) => [name, part(name)])));
    }
  }

  /** All ordinates of a scenario. @returns {Curve} */
  spectrum(magnitude, rjb, vs30) {
    const { out, periods } = this;
    const curve = emptyCurve(periods);
    if (this.network) {
      this.network.evaluate(magnitude, rjb, vs30, out);
      for (let i = 0; i < periods; i++) setPoint(curve, i, out[i], this.facts.sigma[i] ?? NaN);
    } else {
      this.table.evaluate(magnitude, rjb, vs30, out);
      for (let i = 0; i < periods; i++) setPoint(curve, i, out[i], out[periods + i]);
    }
    return curve;
  }

  /** One ordinate along distances (km). @returns {Curve} */
  decay(magnitude, distances, vs30, period) {
    const { out, periods } = this;
    const curve = emptyCurve(distances.length);
    for (let i = 0; i < distances.length; i++) {
      if (this.network) {
        this.network.evaluate(magnitude, distances[i], vs30, out, period);
        setPoint(curve, i, out[0], this.facts.sigma[period] ?? NaN);
      } else {
        this.table.evaluate(magnitude, distances[i], vs30, out, period);
        setPoint(curve, i, out[period], out[periods + period]);
      }
    }
    return curve;
  }

  /** Settings that lie outside of the model's range: [{setting, value, low, high}]. */
  outside(state) {
    return SETTINGS.flatMap((setting) => {
      const [low, high] = this.facts.ranges[setting];
      const value = state[setting];
      return (low !== null && value < low) || (high !== null && value > high) ? [{ setting, value, low, high }] : [];
    });
  }
}

function emptyCurve(count) {
  const made = () => new Float64Array(count);
  return { median: made(), sigma: made(), low: made(), high: made() };
}

function setPoint(curve, i, mean, sigma) {
  curve.median[i] = Math.exp(mean);
  curve.sigma[i] = sigma;
  curve.low[i] = Math.exp(mean - sigma);
  curve.high[i] = Math.exp(mean + sigma);
}

/** Records as the payload has them, decoded once. */
export class Records {
  /**
   * @param {{data: Uint8Array, shape: number[]}} codes (n, 16)
   * @param {{data: Uint8Array}} table which of the tables a record is from
   * @param {Array<[number, number]>} ways low and step of magnitude, ln(RJB + 1), ln VS30 and the ordinates
   */
  constructor(codes, table, ways) {
    this.count = codes.shape[0];
    this.width = codes.shape[1];
    this.codes = codes.data;
    this.table = table.data;
    this.ways = ways;
  }

  value(record, column) {
    const code = this.codes[record * this.width + column];
    if (column >= 3 && code === 255) return NaN;
    const [low, step] = this.ways[Math.min(column, 3)];
    return low + step * code;
  }

  /**
   * Records near a scenario.
   * @param {object} state magnitude, rjb_km, vs30_m_s
   * @param {{magnitude: number, distance?: number, site: number}} reach half width in magnitude, and factors; without a
   *   factor of distance every distance counts
   * @returns {number[]} their numbers
   */
  near(state, { magnitude, distance = 0, site }) {
    const limits = [
      [state.magnitude - magnitude, state.magnitude + magnitude],
      distance ? [Math.log(state.rjb_km / distance + 1), Math.log(Math.max(state.rjb_km * distance, 2) + 1)] : [-Infinity, Infinity],
      [Math.log(state.vs30_m_s / site), Math.log(state.vs30_m_s * site)],
    ];
    const codes = limits.map(([low, high], column) => {
      const [start, step] = this.ways[column];
      return [(low - start) / step - 0.5, (high - start) / step + 0.5];
    });
    const found = [];
    for (let record = 0; record < this.count; record++) {
      const at = record * this.width;
      if (codes.every(([low, high], column) => this.codes[at + column] >= low && this.codes[at + column] <= high)) found.push(record);
    }
    return found;
  }

  /** RJB in km. */
  distance(record) {
    return Math.max(0, Math.exp(this.value(record, 1)) - 1);
  }

  /** An ordinate in g; NaN where the record has none. */
  ordinate(record, period) {
    return Math.exp(this.value(record, 3 + period));
  }
}
