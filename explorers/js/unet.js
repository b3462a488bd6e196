// Networks that draw maps, layer by layer as explorers/map_layers.py lists them, and their input maps. Maps are {channels, height, width, values
// (Float64Array, channel by channel, row by row from the south)}. Kernels are float32 as Keras orders them: (size, size, in, out), of an up-convolution (2, 2, out, in).

const LN_VARIANCE = [-6, 3];
const SMALLEST_RHYP_KM = 0.1;
const SEMI_MAJOR_KM = 6378.137;
const ECCENTRICITY_SQUARED = 0.0066943799901413165; // WGS84

/** Earth-centered coordinates [x, y, z] (km) of a place in degrees, at a depth in km. */
export function ecef(longitude, latitude, depthKm = 0) {
  const [lon, lat] = [(longitude * Math.PI) / 180, (latitude * Math.PI) / 180];
  const normal = SEMI_MAJOR_KM / Math.sqrt(1 - ECCENTRICITY_SQUARED * Math.sin(lat) ** 2);
  const level = (normal - depthKm) * Math.cos(lat);
  const polar = ((1 - ECCENTRICITY_SQUARED) * normal - depthKm) * Math.sin(lat);
  return [level * Math.cos(lon), level * Math.sin(lon), polar];
}

/** Straight distance (km) from every pixel (ECEF coordinates of its center, (n, 3), km) to a hypocenter. */
export function distances(pixels, longitude, latitude, depthKm) {
  const [x, y, z] = ecef(longitude, latitude, depthKm);
  const result = new Float64Array(pixels.length / 3);
  for (let i = 0; i < result.length; i++) {
    const [east, north, up] = [pixels[3 * i] - x, pixels[3 * i + 1] - y, pixels[3 * i + 2] - z];
    result[i] = Math.max(Math.sqrt(east * east + north * north + up * up), SMALLEST_RHYP_KM); // hypot is slow
  }
  return result;
}

/** Input maps of an event, each brought to (value - mean) / sd as in the training; the network's statics are in their units. */
export function eventMaps(network, event) {
  const { inputs, height, width } = network;
  const size = height * width;
  const values = new Float64Array(inputs.length * size);
  const rhyp = distances(network.pixels, event.event_longitude, event.event_latitude, event.hypocentral_depth_km);
  inputs.forEach(({ name, mean, sd }, channel) => {
    const map = values.subarray(channel * size, (channel + 1) * size);
    if (name in network.statics) map.set(network.statics[name]);
    else if (name === "ln_rhyp") map.set(rhyp.map(Math.log));
    else if (name === "rhyp_km") map.set(rhyp);
    else map.fill(event[name]);
    for (let p = 0; p < size; p++) map[p] = (map[p] - mean) / sd;
  });
  return { channels: inputs.length, height, width, values };
}

/** One pixel of zeros more on each side. */
export function pad({ channels, height, width, values }) {
  const [high, wide] = [height + 2, width + 2];
  const padded = new Float64Array(channels * high * wide);
  for (let row = 0; row < channels * height; row++) {
    const to = (Math.floor(row / height) * high + (row % height) + 1) * wide + 1;
    padded.set(values.subarray(row * width, (row + 1) * width), to);
  }
  return { channels, height: high, width: wide, values: padded };
}

/** 3 x 3 convolution that keeps the size of the maps: beyond the edge they are zero. Four filters at a time. */
export function convolution(maps, kernel, bias, filters) {
  const { channels, height, width } = maps;
  const [padded, size, area] = [pad(maps).values, height * width, (height + 2) * (width + 2)];
  const values = new Float64Array(4 * Math.ceil(filters / 4) * size);
  const taps = new Float64Array(36);
  for (let o = 0; o < filters; o += 4) {
    const planes = [0, 1, 2, 3].map((k) => values.subarray((o + k) * size, (o + k + 1) * size).fill(bias[o + k] ?? 0));
    for (let c = 0; c < channels; c++) {
      for (let k = 0; k < 36; k++) taps[k] = kernel[((k >> 2) * channels + c) * filters + o + (k & 3)]; // past the last filter: unused
      addFiltered(planes, padded.subarray(c * area, (c + 1) * area), height, width, taps);
    }
  }
  return { channels: filters, height, width, values: values.subarray(0, filters * size) };
}

/** 1 x 1 convolution: a weighted sum of the channels in each pixel. */
export function mixture(maps, kernel, bias, filters) {
  const size = maps.height * maps.width;
  const values = new Float64Array(filters * size);
  for (let o = 0; o < filters; o++) {
    const plane = values.subarray(o * size, (o + 1) * size).fill(bias[o]);
    for (let c = 0; c < maps.channels; c++) {
      const weight = kernel[c * filters + o];
      for (let p = 0; p < size; p++) plane[p] += weight * maps.values[c * size + p];
    }
  }
  return { ...maps, channels: filters, values };
}

/** Add one filtered channel to four planes in one pass, row by row; of the nine pixels a ... i, a step reads only c, f and i. */
function addFiltered([first, second, third, fourth], values, height, width, taps) {
  const { 0: a0, 1: a1, 2: a2, 3: a3, 4: b0, 5: b1, 6: b2, 7: b3, 8: c0, 9: c1, 10: c2, 11: c3 } = taps;
  const { 12: d0, 13: d1, 14: d2, 15: d3, 16: e0, 17: e1, 18: e2, 19: e3, 20: f0, 21: f1, 22: f2, 23: f3 } = taps;
  const { 24: g0, 25: g1, 26: g2, 27: g3, 28: h0, 29: h1, 30: h2, 31: h3, 32: i0, 33: i1, 34: i2, 35: i3 } = taps;
  const wide = width + 2;
  for (let y = 0, to = 0; y < height; y++) {
    let at = y * wide + 2;
    let [a, d, g] = [0, 0, 0]; // the padding
    let [b, e, h] = [values[at - 1], values[at + wide - 1], values[at + 2 * wide - 1]];
    for (const end = to + width; to < end; to++, at++) {
      const c = values[at], f = values[at + wide], i = values[at + 2 * wide];
      first[to] += a0 * a + b0 * b + c0 * c + d0 * d + e0 * e + f0 * f + g0 * g + h0 * h + i0 * i;
      second[to] += a1 * a + b1 * b + c1 * c + d1 * d + e1 * e + f1 * f + g1 * g + h1 * h + i1 * i;
      third[to] += a2 * a + b2 * b + c2 * c + d2 * d + e2 * e + f2 * f + g2 * g + h2 * h + i2 * i;
      fourth[to] += a3 * a + b3 * b + c3 * c + d3 * d + e3 * e + f3 * f + g3 * g + h3 * h + i3 * i;
      (a = b), (b = c), (d = e), (e = f), (g = h), (h = i); // an array on each side would be slow
    }
  }
}

/** Largest of each 2 x 2 pixels. */
export function pool(maps) {
  const [height, width] = [maps.height / 2, maps.width / 2];
  const values = new Float64Array(maps.channels * height * width);
  let to = 0;
  for (let row = 0; row < maps.channels * height; row++) {
    for (let x = 0; x < width; x++) {
      const from = 2 * row * maps.width + 2 * x;
      values[to++] = Math.max(
        maps.values[from], maps.values[from + 1],
        maps.values[from + maps.width], maps.values[from + maps.width + 1],
      );
    }
  }
  return { channels: maps.channels, height, width, values };
}

/** Up-convolution: each pixel becomes 2 x 2, without overlap. */
export function upConvolution(maps, kernel, bias, filters) {
  const { channels, height, width } = maps;
  const values = new Float64Array(filters * 4 * height * width);
  for (let o = 0; o < filters; o++) {
    values.fill(bias[o], o * 4 * height * width, (o + 1) * 4 * height * width);
    for (let c = 0; c < channels; c++) {
      const [w0, w1, w2, w3] = [0, 1, 2, 3].map((corner) => kernel[(corner * filters + o) * channels + c]);
      for (let y = 0, from = c * height * width; y < height; y++) {
        let [top, low] = [(o * height + y) * 4 * width, ((o * height + y) * 4 + 2) * width];
        for (let x = 0; x < width; x++, from++, top += 2, low += 2) {
          values[top] += w0 * maps.values[from];
          values[top + 1] += w1 * maps.values[from];
          values[low] += w2 * maps.values[from];
          values[low + 1] += w3 * maps.values[from];
        }
      }
    }
  }
  return { channels: filters, height: 2 * height, width: 2 * width, values };
}

/** Maps of one size on top of each other. */
export function stack(first, second) {
  const values = new Float64Array(first.values.length + second.values.length);
  values.set(first.values);
  values.set(second.values, first.values.length);
  return { ...first, channels: first.channels + second.channels, values };
}

/** Sum of maps of one size. */
export function add(first, second) {
  return { ...first, values: first.values.map((value, p) => value + second.values[p]) };
}

const KINDS = {
  convolution: ([maps], { size, filters }, kernel, bias) => (size === 1 ? mixture : convolution)(maps, kernel, bias, filters),
  up: ([maps], { filters }, kernel, bias) => upConvolution(maps, kernel, bias, filters),
  pool: ([maps]) => pool(maps),
  concatenate: (several) => several.reduce(stack),
  add: (several) => several.reduce(add),
  activation: ([maps], { slope }) => ({ ...maps, values: maps.values.map((x) => (x < 0 ? slope * x : x)) }),
};

/** Forward pass of one network: what its last step gives. A step's bias follows its kernel among the weights. */
export function forward(steps, weights, maps) {
  const made = [];
  for (const step of steps) {
    if (step.kind === "input") made.push(maps);
    else {
      const inputs = step.from.map((number) => made[number]);
      made.push(KINDS[step.kind](inputs, step, weights[step.weights], weights[step.weights + 1]));
    }
  }
  return made[made.length - 1];
}

/** Mean and sigma maps (height * width) of an event, in ln of the target; network as for eventMaps, with steps and weights. */
export function predict(network, event) {
  const { values } = forward(network.steps, network.weights, eventMaps(network, event));
  const [low, high] = LN_VARIANCE;
  const deviation = (logVariance) => Math.exp(Math.min(Math.max(logVariance, low), high) / 2);
  return { mean: values.slice(0, values.length / 2), sigma: values.slice(values.length / 2).map(deviation) };
}
