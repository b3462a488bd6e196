/**
 * The U-Net of gmtools/models/unet.py and the input maps of gmtools/maps/event_maps.py, in plain JavaScript.
 *
 * Maps are {channels, height, width, values}: values is a Float64Array, channel by channel, row by row; row 0 is the
 * southernmost. Kernels are float32 as Keras orders them: (3, 3, in, out), of an up-convolution (2, 2, out, in).
 */

const NEGATIVE_SLOPE = 0.2;
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

/**
 * Straight distance (km) from every pixel to a hypocenter.
 * @param {Float32Array} pixels ECEF coordinates of the pixels' centers, (n, 3), km
 * @returns {Float64Array} (n)
 */
export function distances(pixels, longitude, latitude, depthKm) {
  const [x, y, z] = ecef(longitude, latitude, depthKm);
  const result = new Float64Array(pixels.length / 3);
  for (let i = 0; i < result.length; i++) {
    const far = Math.hypot(pixels[3 * i] - x, pixels[3 * i + 1] - y, pixels[3 * i + 2] - z);
    result[i] = Math.max(far, SMALLEST_RHYP_KM);
  }
  return result;
}

/**
 * Input maps of an event, each scaled as in the training.
 * @param {{maps: string[], ranges: Object<string, number[]>, height: number, width: number, pixels: Float32Array,
 *   statics: Object<string, Float32Array>}} network statics are scaled already
 * @param {{magnitude: number, event_longitude: number, event_latitude: number, hypocentral_depth_km: number}} event
 */
export function eventMaps(network, event) {
  const { maps, ranges, height, width } = network;
  const size = height * width;
  const values = new Float64Array(maps.length * size);
  const rhyp = distances(network.pixels, event.event_longitude, event.event_latitude, event.hypocentral_depth_km);
  maps.forEach((name, channel) => {
    const map = values.subarray(channel * size, (channel + 1) * size);
    if (name in network.statics) {
      map.set(network.statics[name]);
      return;
    }
    const [low, high] = ranges[name];
    if (name === "ln_rhyp") map.set(rhyp.map((km) => (Math.log(km) - low) / (high - low)));
    else if (name === "rhyp_km") map.set(rhyp.map((km) => (km - low) / (high - low)));
    else map.fill((event[name] - low) / (high - low));
  });
  return { channels: maps.length, height, width, values };
}

/** One pixel more on each side: mirrored at the edge, mirrored at the last pixel's center, or zero. */
export function pad({ channels, height, width, values }, mode) {
  const [high, wide] = [height + 2, width + 2];
  const padded = new Float64Array(channels * high * wide);
  const ends = { symmetric: [0, 1], reflect: [1, 2], zero: null }[mode];
  if (ends === undefined) throw new Error(`No padding is called "${mode}"; choose symmetric, reflect or zero.`);
  for (let c = 0; c < channels; c++) {
    const plane = padded.subarray(c * high * wide, (c + 1) * high * wide);
    for (let y = 0; y < height; y++) {
      const from = (c * height + y) * width;
      plane.set(values.subarray(from, from + width), (y + 1) * wide + 1);
    }
    if (!ends) continue;
    for (let y = 1; y <= height; y++) {
      plane[y * wide] = plane[y * wide + 1 + ends[0]];
      plane[y * wide + wide - 1] = plane[y * wide + wide - 1 - ends[1]];
    }
    plane.copyWithin(0, (1 + ends[0]) * wide, (2 + ends[0]) * wide);
    plane.copyWithin((high - 1) * wide, (high - 1 - ends[1]) * wide, (high - ends[1]) * wide);
  }
  return { channels, height: high, width: wide, values: padded };
}

/** 3 x 3 convolution of padded maps, then LeakyReLU. */
export function convolution(padded, kernel, bias, filters) {
  const [height, width] = [padded.height - 2, padded.width - 2];
  const values = new Float64Array(filters * height * width);
  const taps = new Float64Array(9);
  for (let o = 0; o < filters; o++) {
    const plane = values.subarray(o * height * width, (o + 1) * height * width).fill(bias[o]);
    for (let c = 0; c < padded.channels; c++) {
      for (let tap = 0; tap < 9; tap++) taps[tap] = kernel[(tap * padded.channels + c) * filters + o];
      addFiltered(plane, padded, c, taps);
    }
    for (let p = 0; p < plane.length; p++) if (plane[p] < 0) plane[p] *= NEGATIVE_SLOPE;
  }
  return { channels: filters, height, width, values };
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

/**
 * Forward pass of a U-Net without its input maps.
 * @param {{depth: number, base: number, padding: string, head: string}} network
 * @param {Float32Array[]} weights in Keras' order: kernel and bias of each layer, down, bottom, up, output
 * @returns {{mean: Float64Array, lnVariance: Float64Array}} of each pixel
 */
export function forward({ depth, base, padding, head }, weights, maps) {
  let layer = 0;
  const next = () => [weights[2 * layer], weights[2 * layer++ + 1]];
  const twice = (values, filters) => {
    const first = convolution(pad(values, padding), ...next(), filters);
    return convolution(pad(first, padding), ...next(), filters);
  };
  const skipped = [];
  for (let level = 0; level < depth; level++) {
    skipped.push(twice(maps, base * 2 ** level));
    maps = pool(skipped[level]);
  }
  maps = twice(maps, base * 2 ** depth);
  for (let level = depth - 1; level >= 0; level--) {
    const up = upConvolution(maps, ...next(), base * 2 ** level);
    maps = twice(stack(skipped[level], up), base * 2 ** level);
  }
  return heads(maps, ...next(), head);
}

function heads(maps, kernel, bias, head) {
  const size = maps.height * maps.width;
  const [mean, lnVariance] = [new Float64Array(size).fill(bias[0]), new Float64Array(size).fill(bias[1])];
  for (let c = 0; c < maps.channels; c++) {
    for (let p = 0; p < size; p++) {
      mean[p] += kernel[2 * c] * maps.values[c * size + p];
      lnVariance[p] += kernel[2 * c + 1] * maps.values[c * size + p];
    }
  }
  const [low, high] = LN_VARIANCE;
  return {
    mean: head === "sigmoid" ? mean.map((value) => 1 / (1 + Math.exp(-value))) : mean,
    lnVariance: lnVariance.map((value) => Math.min(Math.max(value, low), high)),
  };
}

/**
 * Mean and sigma maps of an event by all members of an ensemble, in the natural logarithm of the target.
 * @param {object} network as for eventMaps and forward, with members: the weights of each; start: {intercept,
 *   coefficients, scale} of gmtools.studies.map_models.Start; sigma_factor, by which sigma was corrected on held-out records
 * @returns {{mean: Float64Array, sigma: Float64Array}} (height * width)
 */
export function predict(network, event) {
  const maps = eventMaps(network, event);
  const size = maps.height * maps.width;
  const outputs = network.members.map((weights) => forward(network, weights, maps));
  const { intercept, coefficients, scale } = network.start;
  const [mean, sigma] = [new Float64Array(size), new Float64Array(size)];
  const count = outputs.length;
  for (let p = 0; p < size; p++) {
    let [sum, squares, variance] = [0, 0, 0];
    for (const output of outputs) {
      sum += output.mean[p];
      squares += output.mean[p] ** 2;
      variance += Math.exp(output.lnVariance[p]);
    }
    // Law of total variance: the members' mean variance and the variance of their means.
    const apart = Math.max(squares / count - (sum / count) ** 2, 0);
    sigma[p] = network.sigma_factor * scale * Math.sqrt(variance / count + apart);
    mean[p] = intercept + (scale * sum) / count;
    for (let c = 0; c < maps.channels; c++) mean[p] += coefficients[c] * maps.values[c * size + p];
  }
  return { mean, sigma };
}
