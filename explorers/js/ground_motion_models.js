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
   * @param {object} reach how far beyond its range an output is drawn: added to magnitude, a factor of the others
   */
  constructor(facts, arrays, periods, reach) {
    this.facts = facts;
    this.reach = reach;
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
      const state = { magnitude, rjb_km: rjb, vs30_m_s: vs30 };
      for (let i = 0; i < periods; i++) setPoint(curve, i, this.ends(state, i) ? NaN : out[i], this.facts.sigma[i] ?? NaN);
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
        const state = { magnitude, rjb_km: distances[i], vs30_m_s: vs30 };
        setPoint(curve, i, this.ends(state, period) ? NaN : out[0], this.facts.sigma[period] ?? NaN);
      } else {
        this.table.evaluate(magnitude, distances[i], vs30, out, period);
        setPoint(curve, i, out[period], out[periods + period]);
      }
    }
    return curve;
  }

  /** Settings that lie outside of the range of an ordinate: names. */
  left(state, period) {
    return SETTINGS.filter((setting) => {
      const [low, high] = this.facts.ranges[setting][period];
      return (low !== null && state[setting] < low) || (high !== null && state[setting] > high);
    });
  }

  /** Whether the line of an ordinate has ended: a setting lies so far outside of its range that the value means nothing. */
  ends(state, period) {
    return this.left(state, period).some((setting) => {
      const [low, high] = this.facts.ranges[setting][period];
      const [value, reach] = [state[setting], this.reach[setting]];
      if (setting === "magnitude") return (low !== null && value < low - reach) || (high !== null && value > high + reach);
      if (setting === "rjb_km" && low !== null && value < low) return false;
      return (low !== null && value < low / reach) || (high !== null && value > high * reach);
    });
  }

  /**
   * Settings that lie outside of a range: [{setting, value, low, high, count}], of the count ordinates that are left by
   * it the widest range.
   */
  outside(state) {
    return SETTINGS.flatMap((setting) => {
      const ranges = this.facts.ranges[setting].filter((_, period) => this.left(state, period).includes(setting));
      if (!ranges.length) return [];
      const end = (side, widest) => {
        const ends = ranges.map((range) => range[side]);
        return ends.includes(null) ? null : widest(...ends);
      };
      return [{ setting, value: state[setting], low: end(0, Math.min), high: end(1, Math.max), count: ranges.length }];
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
