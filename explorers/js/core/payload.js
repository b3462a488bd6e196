// The numbers of an explorer: a JSON header, then arrays that are used where they lie. See explorers/payload.py.

const TYPES = {
  float32: Float32Array, float64: Float64Array, int32: Int32Array, uint16: Uint16Array, int16: Int16Array, uint8: Uint8Array, int8: Int8Array,
};

/** Read a payload: {meta, arrays: name -> {data: typed array in C order, shape}}. */
export function unpack(content) {
  const bytes = aligned(content);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const start = bytes.byteOffset + 8 * Math.ceil((4 + length) / 8);
  const arrays = {};
  for (const { name, dtype, shape, offset } of header.arrays) {
    const count = shape.reduce((product, size) => product * size, 1);
    arrays[name] = { data: new TYPES[dtype](bytes.buffer, start + offset, count), shape };
  }
  return { meta: header.meta, arrays };
}

/** Bytes of a payload that begin at a multiple of 8, copied only if they do not. */
function aligned(content) {
  const bytes = new Uint8Array(content.buffer ?? content, content.byteOffset, content.byteLength);
  return bytes.byteOffset % 8 ? bytes.slice() : bytes;
}

/** Base64 text as bytes. */
export function decode(text) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}
