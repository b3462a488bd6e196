/** What a network knows at the node nearest to a place: the masks' two values, known and drawn (see gmtools/networks/_support.py). */
export function supportAt(masks, { start, step, shape, offset_km: offset }, magnitude, km, vs30) {
  const near = (value, k) => Math.min(shape[k] - 1, Math.max(0, Math.round((value - start[k]) / step[k])));
  const node = (near(magnitude, 0) * shape[1] + near(Math.log(Math.max(km, 0) + offset), 1)) * shape[2] + near(Math.log(vs30), 2);
  return [masks[node], masks[masks.length / 2 + node]];
}
