// What the ground-motion explorer computes, without a page: spectra, decay, ranges, the records near a scenario.

import { Ann } from "./ann.js";
import { ClassicalTable, OUTPUTS } from "./classical_table.js";
import { supportAt } from "./support.js";

export const SETTINGS = ["magnitude", "rjb_km", "vs30_m_s"];

/* A curve has median, low and high (median times exp of -/+ sigma; g) and sigma (ln units), NaN where it has ended or is not known. */

/** One model of the payload: a network or a table. */
export class Model {
  /** facts: entry of meta.models; reach and grid as explorers/ground_motion.py and gmtools/networks/_support.py explain them. */
  constructor(facts, arrays, periods, reach, grid) {
    this.facts = facts;
    this.reach = reach;
    this.grid = grid;
    this.masks = arrays[`${facts.key}.support`]?.data;
    this.key = facts.key;
    this.periods = periods;
    this.out = new Float64Array(OUTPUTS);
    const part = (name) => arrays[`${facts.key}.${name}`];
    if (facts.kind === "network") {
      const layers = Array.from({ length: facts.layers }, (_, l) => ({ kernel: part(`kernel_${l}`), bias: part(`bias_${l}`) }));
      this.network = new Ann(layers, facts.input_mean, facts.input_sd);
    } else {
      const names = ["magnitude", "distance", "site", "center", "rows", "columns", "scale", "outputs", "floor"];
      this.table = new ClassicalTable(Object.fromEntries(names.map((name) => [name, part(name)])));
    }
  }

  /** All ordinates of a scenario. @returns {Curve} */
  spectrum(magnitude, rjb_km, vs30_m_s) {
    const curve = emptyCurve(this.periods);
    const state = { magnitude, rjb_km, vs30_m_s };
    this.evaluate(state);
    for (let i = 0; i < this.periods; i++) this.setPoint(curve, i, state, i);
    return curve;
  }

  /** One ordinate along distances (km). @returns {Curve} */
  decay(magnitude, distances, vs30_m_s, period) {
    const curve = emptyCurve(distances.length);
    distances.forEach((rjb_km, i) => {
      const state = { magnitude, rjb_km, vs30_m_s };
      this.evaluate(state, period);
      this.setPoint(curve, i, state, period);
    });
    return curve;
  }

  evaluate({ magnitude, rjb_km, vs30_m_s }, only) {
    (this.network ?? this.table).evaluate(magnitude, rjb_km, vs30_m_s, this.out, only);
  }

  setPoint(curve, i, state, period) {
    const mean = this.ends(state, period) ? NaN : this.out[period];
    const sigma = this.network ? this.facts.sigma[period] ?? NaN : this.out[this.periods + period];
    curve.median[i] = Math.exp(mean);
    curve.sigma[i] = sigma;
    curve.low[i] = Math.exp(mean - sigma);
    curve.high[i] = Math.exp(mean + sigma);
  }

  /** Settings that lie outside of the range of an ordinate: names; "records" where too few lie near. */
  left(state, period) {
    const found = SETTINGS.filter((setting) => {
      const [low, high] = this.facts.ranges[setting][period];
      return (low !== null && state[setting] < low) || (high !== null && state[setting] > high);
    });
    return found.length || !this.masks || this.bit(0, state, period) ? found : ["records"];
  }

  known(state, period) {
    return this.left(state, period).length === 0;
  }

  /** Bit of an ordinate in the mask of what is known (0) or drawn (1). */
  bit(mask, { magnitude, rjb_km, vs30_m_s }, period) {
    return (supportAt(this.masks, this.grid, magnitude, rjb_km, vs30_m_s)[mask] >> period) & 1;
  }

  /** Whether the line of an ordinate has ended: no record is anywhere near, or a setting lies far out of its range. */
  ends(state, period) {
    // A reader's own network goes on: to see where is why one is here.
    if (this.masks || !this.facts.ends) return this.facts.ends && !this.bit(1, state, period);
    return SETTINGS.some((setting) => {
      const [low, high] = this.facts.ranges[setting][period];
      const [value, reach] = [state[setting], this.reach[setting]];
      if (setting === "magnitude") return (low !== null && value < low - reach) || (high !== null && value > high + reach);
      return (low !== null && setting !== "rjb_km" && value < low / reach) || (high !== null && value > high * reach);
    });
  }

  /** [{setting, value, low, high, count}]: settings outside of the widest range of the count ordinates that are left; "records" where few lie near. */
  outside(state) {
    const all = Array.from({ length: this.periods }, (_, period) => this.left(state, period));
    return [...SETTINGS, "records"].flatMap((setting) => {
      const count = all.filter((names) => names.includes(setting)).length;
      if (!count) return [];
      const ranges = (this.facts.ranges[setting] ?? []).filter((_, period) => all[period].includes(setting));
      const end = (side, widest) => {
        const ends = ranges.map((range) => range[side]);
        return ends.includes(null) ? null : widest(...ends);
      };
      return [{ setting, value: state[setting], low: end(0, Math.min), high: end(1, Math.max), count }];
    });
  }
}

/** Part of a setting's way on which all networks shown (or all models, where no network is) know an ordinate: [low, high]. */
export function commonWay(models, state, period, setting, [low, high]) {
  const networks = models.filter(({ network }) => network);
  const offset = setting === "rjb_km" ? 2 : 0;
  const known = [];
  for (let i = 0; i <= 40; i++) {
    const value =
      setting === "magnitude" ? low + ((high - low) * i) / 40 : Math.exp(Math.log(low + offset) + (Math.log((high + offset) / (low + offset)) * i) / 40) - offset;
    if ((networks.length ? networks : models).every((model) => model.known({ ...state, [setting]: value }, period))) known.push(value);
  }
  return known.length ? [known[0], known[known.length - 1]] : [low, low];
}

function emptyCurve(count) {
  const made = () => new Float64Array(count);
  return { median: made(), sigma: made(), low: made(), high: made() };
}

/** Records as the payload has them, decoded once. */
export class Records {
  /** codes (n, 16); table: which of the tables a record is from; ways: low and step of magnitude, ln(RJB + 1), ln VS30 and the ordinates. */
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

  /** Numbers of the records near a scenario: half width in magnitude, factors of distance (none: every distance) and VS30. */
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
