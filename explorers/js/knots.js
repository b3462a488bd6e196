/** Index of the knot at or below a value among ascending ones, and how far it is on the way to the next: 0 to 1, held at the ends. */
export function along(knots, value) {
  let low = 0;
  let high = knots.length - 1;
  if (high === 0) return [0, 0];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (knots[middle] <= value) low = middle;
    else high = middle;
  }
  return [low, Math.min(1, Math.max(0, (value - knots[low]) / (knots[high] - knots[low])))];
}
