// A classical model read from its table: the twin of explorers/classical_tables.py.

import { along } from "./knots.js";

const OFFSET_KM = 5;
export const OUTPUTS = 26; // 13 means and 13 sigmas of ln PSA (g)

export class ClassicalTable {
  /** parts: arrays of the payload, as explorers/classical_tables.py names them. */
  constructor(parts) {
    for (const name of ["magnitude", "distance", "site", "center", "outputs", "floor"]) this[name] = parts[name].data;
    const rank = parts.rows.shape[1];
    const scale = parts.scale.data;
    const decoded = ({ data }, low) =>
      Float64Array.from(data, (code, i) => scale[low * rank + (i % rank)] + scale[(low + 1) * rank + (i % rank)] * code);
    this.rank = rank;
    this.rows = decoded(parts.rows, 0);
    this.columns = decoded(parts.columns, 2);
    this.row = new Float64Array(rank);
  }

  /** out: 13 means of ln PSA (g), then 13 sigmas; NaN where the model has no such ordinate, outside of the table the value at its edge.
      rjb in km, vs30 in m/s; only: index of the one period to evaluate. */
  evaluate(magnitude, rjb, vs30, out, only = -1) {
    const { rank, rows, columns, row } = this;
    const count = this.outputs.length;
    const [i, a] = along(this.magnitude, magnitude);
    const [j, b] = along(this.distance, Math.log(rjb + OFFSET_KM));
    const [k, c] = along(this.site, Math.log(vs30));
    const n = this.distance.length;
    const [r00, r01] = [(i * n + j) * rank, (i * n + j + 1) * rank];
    const [r10, r11] = [((i + 1) * n + j) * rank, ((i + 1) * n + j + 1) * rank];
    for (let r = 0; r < rank; r++) {
      row[r] = (1 - a) * ((1 - b) * rows[r00 + r] + b * rows[r01 + r]) + a * ((1 - b) * rows[r10 + r] + b * rows[r11 + r]);
    }
    out.fill(NaN);
    for (let o = 0; o < count; o++) {
      const output = this.outputs[o];
      if (only >= 0 && output % 13 !== only && output !== 0) continue;
      const [low, high] = [(k * count + o) * rank, ((k + 1) * count + o) * rank];
      let value = (1 - c) * this.center[k * count + o] + c * this.center[(k + 1) * count + o];
      for (let r = 0; r < rank; r++) value += row[r] * ((1 - c) * columns[low + r] + c * columns[high + r]);
      out[output] = value;
    }
    for (const output of this.floor) if (out[output] < out[0]) out[output] = out[0];
    return out;
  }
}
