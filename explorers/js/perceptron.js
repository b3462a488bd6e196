/** The perceptron of lesson 43: tanh in the hidden layers, softmax at the end. */

/** Probabilities of the classes; kernels (in, out) in C order, each feature becomes -1 at its minimum and 1 at its maximum. */
export function probabilities(features, { minimum, maximum, layers }) {
  let values = Float64Array.from(features, (value, i) => {
    const span = maximum[i] > minimum[i] ? maximum[i] - minimum[i] : 1;
    return (2 * (value - minimum[i])) / span - 1;
  });
  layers.forEach(({ kernel, bias }, number) => {
    const out = Float64Array.from(bias);
    for (let i = 0; i < values.length; i++) for (let o = 0; o < out.length; o++) out[o] += values[i] * kernel[i * out.length + o];
    values = number < layers.length - 1 ? out.map(Math.tanh) : out;
  });
  return softmax(values);
}

/** Probabilities of logits. */
export function softmax(logits) {
  const highest = Math.max(...logits);
  const raised = Float64Array.from(logits, (value) => Math.exp(value - highest));
  const sum = raised.reduce((a, b) => a + b, 0);
  return raised.map((value) => value / sum);
}
