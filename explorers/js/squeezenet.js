// SqueezeNet 1.1 (Iandola et al. 2016) as lesson 44 builds it, with weights of eight bits. Maps are (y, x, channel) in C order. A kernel
// (ky, kx, in, out) is whole numbers from -127 to 127 times a scale for each output channel.

import { softmax } from "./perceptron.js";

const FIRE = [[16, 64], [16, 64], [32, 128], [32, 128], [48, 192], [48, 192], [64, 256], [64, 256]];
const POOL_BEFORE = [0, 2, 4];
const IMAGENET_SD = [0.229, 0.224, 0.225].map((value) => 255 * value);
const FIRST = 64;

/** Kernel shapes [k, in, out] in the order of the weights. */
function shapes(classes) {
  const found = [[3, 3, FIRST]];
  let maps = FIRST;
  for (const [squeeze, expand] of FIRE) {
    found.push([1, maps, squeeze], [1, squeeze, expand], [3, squeeze, expand]);
    maps = 2 * expand;
  }
  return [...found, [1, maps, classes]];
}

/** Layers {k, in, out, kernel, bias} ready for use, of all kernels one after the other, and of all output channels' scales and biases;
    side in pixels, zero: the color that becomes zero. */
export function assemble(kernels, scales, biases, { side, zero, classes }) {
  let [at, channel] = [0, 0];
  const layers = shapes(classes).map(([k, into, out]) => {
    const size = k * k * into * out;
    const kernel = Float32Array.from(kernels.subarray(at, at + size), (value, i) => value * scales[channel + (i % out)]);
    const bias = biases.subarray(channel, channel + out);
    at += size;
    channel += out;
    return { k, in: into, out, kernel, bias };
  });
  if (at !== kernels.length) throw new RangeError(`These ${kernels.length} weights are not SqueezeNet's ${at}.`);
  return { layers, side, zero };
}

/** Convolution with ReLU: maps {side, data}; "same" padding with zeros for step 1, none for larger steps. */
function convolve({ side, data }, { k, in: into, out, kernel, bias }, step = 1) {
  const pad = step === 1 ? (k - 1) / 2 : 0;
  const newSide = Math.floor((side + 2 * pad - k) / step) + 1;
  const result = new Float32Array(newSide * newSide * out);
  const sum = new Float64Array(out);
  for (let y = 0; y < newSide; y++) {
    for (let x = 0; x < newSide; x++) {
      sum.set(bias);
      for (let i = 0; i < k; i++) {
        const row = y * step + i - pad;
        if (row < 0 || row >= side) continue;
        for (let j = 0; j < k; j++) {
          const column = x * step + j - pad;
          if (column < 0 || column >= side) continue;
          let weight = (i * k + j) * into * out;
          for (let c = (row * side + column) * into, end = c + into; c < end; c++, weight += out) {
            const value = data[c];
            if (value === 0) continue; // about half of all, after ReLU
            for (let o = 0; o < out; o++) sum[o] += value * kernel[weight + o];
          }
        }
      }
      const place = (y * newSide + x) * out;
      for (let o = 0; o < out; o++) result[place + o] = sum[o] > 0 ? sum[o] : 0;
    }
  }
  return { side: newSide, data: result };
}

/** Largest of 3 x 3 with step 2; a last, partial window counts. */
function pool({ side, data }, channels) {
  const newSide = Math.ceil((side - 3) / 2) + 1;
  const result = new Float32Array(newSide * newSide * channels); // after ReLU nothing is below 0
  for (let y = 0; y < newSide; y++) {
    for (let x = 0; x < newSide; x++) {
      const place = (y * newSide + x) * channels;
      for (let row = 2 * y; row < Math.min(2 * y + 3, side); row++) {
        for (let column = 2 * x; column < Math.min(2 * x + 3, side); column++) {
          const from = (row * side + column) * channels;
          for (let c = 0; c < channels; c++) if (data[from + c] > result[place + c]) result[place + c] = data[from + c];
        }
      }
    }
  }
  return { side: newSide, data: result };
}

function joined(a, b, channels) {
  const data = new Float32Array(a.data.length + b.data.length);
  for (let place = 0; place < a.side * a.side; place++) {
    data.set(a.data.subarray(place * channels, (place + 1) * channels), 2 * place * channels);
    data.set(b.data.subarray(place * channels, (place + 1) * channels), (2 * place + 1) * channels);
  }
  return { side: a.side, data };
}

/** Probabilities of the classes for a picture (side * side * 3, 0 to 255), layer by layer: a pause is possible at every yield. */
export function* steps(picture, { layers, side, zero }) {
  const scaled = Float32Array.from(picture, (value, i) => (value - zero[i % 3]) / IMAGENET_SD[i % 3]);
  let maps = convolve({ side, data: scaled }, layers[0], 2);
  yield;
  for (let number = 0; number < FIRE.length; number++) {
    const [squeeze, one, three] = layers.slice(1 + 3 * number, 4 + 3 * number);
    if (POOL_BEFORE.includes(number)) maps = pool(maps, squeeze.in);
    const squeezed = convolve(maps, squeeze);
    const narrow = convolve(squeezed, one);
    yield;
    maps = joined(narrow, convolve(squeezed, three), one.out);
    yield;
  }
  const last = layers[layers.length - 1];
  const { side: end, data } = convolve(maps, last);
  const logits = new Float64Array(last.out);
  for (let i = 0; i < data.length; i++) logits[i % last.out] += data[i] / (end * end);
  return softmax(logits);
}
