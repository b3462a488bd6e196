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
    const far = Math.hypot(pixels[3 * i] - x, pixels[3 * i + 1] - y, pixels[3 * i + 2] - z);
    result[i] = Math.max(far, SMALLEST_RHYP_KM);
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

/** 3 x 3 convolution that keeps the size of the maps: beyond the edge they are zero. */
export function convolution(maps, kernel, bias, filters) {
  const { channels, height, width } = maps;
  const padded = pad(maps);
  const values = new Float64Array(filters * height * width);
  const taps = new Float64Array(9);
  for (let o = 0; o < filters; o++) {
    const plane = values.subarray(o * height * width, (o + 1) * height * width).fill(bias[o]);
    for (let c = 0; c < channels; c++) {
      for (let tap = 0; tap < 9; tap++) taps[tap] = kernel[(tap * channels + c) * filters + o];
      addFiltered(plane, padded, c, taps);
    }
  }
  return { channels: filters, height, width, values };
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

/** Add one filtered channel; the nine products of a pixel are summed in one pass, row by row. */
function addFiltered(plane, { values, height, width: wide }, channel, taps) {
  const [a, b, c, d, e, f, g, h, i] = taps;
  const width = wide - 2;
  for (let y = 0, to = 0; y < height - 2; y++) {
    let top = (channel * height + y) * wide;
    let middle = top + wide;
    let bottom = middle + wide;
    for (let x = 0; x < width; x++, to++, top++, middle++, bottom++) {
      plane[to] +=
        a * values[top] + b * values[top + 1] + c * values[top + 2] +
        d * values[middle] + e * values[middle + 1] + f * values[middle + 2] +
        g * values[bottom] + h * values[bottom + 1] + i * values[bottom + 2];
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
      for (let corner = 0; corner < 4; corner++) {
        const weight = kernel[(corner * filters + o) * channels + c];
        const [down, right] = [corner >> 1, corner & 1];
        for (let y = 0; y < height; y++) {
          const to = (o * 2 * height + 2 * y + down) * 2 * width + right;
          const from = (c * height + y) * width;
          for (let x = 0; x < width; x++) values[to + 2 * x] += weight * maps.values[from + x];
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

const FUNCTIONS = {
  linear: () => (x) => x,
  relu: () => (x) => Math.max(x, 0),
  tanh: () => Math.tanh,
  sigmoid: () => (x) => 1 / (1 + Math.exp(-x)),
  leaky_relu: (slope) => (x) => (x < 0 ? slope * x : x),
};

/** Activation in place. */
function activate(maps, { activation = "linear", slope }) {
  if (activation === "linear") return maps;
  const change = FUNCTIONS[activation](slope);
  for (let p = 0; p < maps.values.length; p++) maps.values[p] = change(maps.values[p]);
  return maps;
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
  activation: ([maps]) => ({ ...maps, values: maps.values.slice() }),
};

/** Forward pass of one network: what its last step gives. A step's bias follows its kernel among the weights of all networks. */
export function forward(steps, weights, maps) {
  const made = [];
  for (const step of steps) {
    if (step.kind === "input") made.push(maps);
    else {
      const inputs = step.from.map((number) => made[number]);
      const found = KINDS[step.kind](inputs, step, weights[step.weights], weights[step.weights + 1]);
      made.push(activate(found, step));
    }
  }
  return made[made.length - 1];
}

/** Mean and sigma maps (height * width) of an event by all networks of an ensemble, in ln of the target; network as for eventMaps, with
    members (the steps of each), weights and sigma_factor, by which sigma was corrected on held-out records. */
export function predict(network, event) {
  const maps = eventMaps(network, event);
  const size = maps.height * maps.width;
  const outputs = network.members.map((steps) => forward(steps, network.weights, maps).values);
  const [mean, sigma] = [new Float64Array(size), new Float64Array(size)];
  const count = outputs.length;
  const [low, high] = LN_VARIANCE;
  for (let p = 0; p < size; p++) {
    let [sum, squares, variance] = [0, 0, 0];
    for (const output of outputs) {
      sum += output[p];
      squares += output[p] ** 2;
      variance += Math.exp(Math.min(Math.max(output[size + p], low), high));
    }
    // Law of total variance: the networks' mean variance and the variance of their means.
    const apart = Math.max(squares / count - (sum / count) ** 2, 0);
    sigma[p] = network.sigma_factor * Math.sqrt(variance / count + apart);
    mean[p] = sum / count;
  }
  return { mean, sigma };
}
