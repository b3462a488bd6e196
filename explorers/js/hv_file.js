/* A reader's own recording, read in the browser and sent nowhere: SESAME's SAF, or a text with a column each for north, east and vertical.
   What a file leaves open is refused, by the rules of gmtools.data.readers.microtremor. */

import { make } from "./core/controls.js";

const AXES = { N: 0, NS: 0, "N-S": 0, NORTH: 0, E: 1, EW: 1, "E-W": 1, EAST: 1, Z: 2, V: 2, UD: 2, "U-D": 2, UP: 2, VERT: 2, VERTICAL: 2 };
const NAMES = ["north", "east", "vertical"];
const NUMBER = /^[-+]?(\.?\d|nan\b|inf)/i;
const RATE = /sampling\s+(?:rate|frequency)[\s:=,([]*(?:hz)?[)\]\s:=,]*(.*)/gi;
const SLOWEST_HZ = 25; // the curve goes to 10 Hz
const [SHORTEST_S, LONGEST_S] = [10, 80]; // of the windows
const LARGEST_MB = 100;

const fields = (line) => line.trim().split(/\s*[,;\t]\s*|\s+/).filter(Boolean);

function refuse(words) {
  throw new RangeError(words);
}

/** A record as hv_curve.js takes it, out of a file's text; typed: samples a second, where the text does not say. RangeError in words. */
export function readRecording(text, name, typed = NaN) {
  const lines = text.split(/\r\n?|\n/);
  const { begin, order, stated, promised, turned = "0" } = (/^\s*SESAME ASCII data format/i.test(text) ? safHead : textHead)(lines);
  const rate = stated === undefined ? typed : Number(stated.replace(/\s*(hz|samples\/s(ec)?)?\s*$/i, "") || NaN);
  if (stated !== undefined && !(rate > 0)) refuse(`its sampling rate is "${stated}", no number above 0. Correct the line and open it again.`);
  if (Number.isNaN(rate)) refuse("it does not state its sampling rate. Type the samples a second into the box.");
  if (rate < SLOWEST_HZ) refuse(`${rate} samples a second; ${SLOWEST_HZ} or more are needed for frequencies up to 10 Hz.`);
  const angle = (Number(turned) * Math.PI) / 180;
  if (Number.isNaN(angle)) refuse(`NORTH_ROT is "${turned}", no angle in degrees. Correct it and open the file again.`);
  const [ns, ew, vt] = columns(lines, begin, order);
  const seconds = Math.round(vt.length / rate);
  if (promised !== undefined && vt.length !== Number(promised)) refuse(`${vt.length} samples, its header promises NDAT = ${promised}. Is it cut off?`);
  if (seconds < 2 * LONGEST_S) refuse(`it lasts ${seconds} s at ${rate} samples a second; ${2 * LONGEST_S} s are needed, twenty minutes are usual.`);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const components = [ns.map((value, i) => value * cos - ew[i] * sin), ns.map((value, i) => value * sin + ew[i] * cos), vt];
  components.forEach((part, axis) => moving(part, NAMES[axis], Math.floor(SHORTEST_S * rate)));
  return {
    components, scales: [1, 1, 1], rate, own: true, simulated: false, label: `Your file ${name}`,
    transformLength: 2 ** Math.ceil(Math.log2(LONGEST_S * rate)),
    truth: `Your own recording, ${name}. It was read in this browser and sent nowhere; nobody has told the class of its peak.`,
  };
}

function safHead(lines) {
  const begin = lines.findIndex((line) => line.startsWith("####") && !line.includes("=")) + 1;
  if (!begin) refuse("the SAF header lacks its last line, ####---. Get the file again.");
  const pairs = lines.slice(0, begin).filter((line) => /^[^#]+=/.test(line)).map((line) => line.split("=").map((part) => part.trim()));
  const header = Object.fromEntries(pairs);
  const lacking = ["SAMP_FREQ", "NDAT", "CH0_ID", "CH1_ID", "CH2_ID"].filter((key) => !header[key]);
  if (lacking.length) refuse(`the SAF header lacks ${lacking.join(", ")}. Get the file again.`);
  const order = inOrder([0, 1, 2].map((channel) => header[`CH${channel}_ID`]));
  return { begin, order, stated: header.SAMP_FREQ, promised: header.NDAT, turned: header.NORTH_ROT || "0" };
}

function textHead(lines) {
  const begin = lines.findIndex((line) => fields(line).length && fields(line).every((word) => NUMBER.test(word)));
  if (begin < 0) refuse("no line holds numbers alone. Open a SAF file, or a text with three columns of numbers.");
  const count = fields(lines[begin]).length;
  if (count < 3) refuse(`line ${begin + 1} has ${count} columns; three are needed, north, east and vertical. Export the time series again.`);
  const head = lines.slice(0, begin);
  const rates = [...head.join("\n").matchAll(RATE)].map(([, stated]) => stated);
  if (new Set(rates.map(parseFloat).filter((rate) => rate >= 0)).size > 1) refuse(`sampling rates of ${rates.join(" and ")} are stated. Strike out the wrong one.`);
  return { begin, order: columnsOf(head, count), stated: rates[0] };
}

/** Places of the columns by the last line that has their names, or as a Tromino orders them. */
function columnsOf(head, count) {
  for (const line of [...head].reverse()) {
    const [first, ...after] = line.replace(/\[[^\]]*\]|\([^)]*\)/g, " ").split(":");
    const labels = (after.join(":") || first).split(/[\s,;|]+/).map((word) => word.replace(/^[#*"']+|[#*"']+$/g, "")).filter(Boolean);
    const known = labels.filter((label) => label.toUpperCase() in AXES);
    // "NORTH SOUTH; EAST WEST; UP DOWN" names three columns with six words.
    if (known.length === 3 && (labels.length === count || count === 3)) return inOrder(labels.length === count ? labels : known);
  }
  if (count === 3 && /tromino|grilla/i.test(head.join("\n"))) return [0, 1, 2];
  return refuse(`which of its ${count} columns is north, east, vertical? Write their names, such as N E Z, into the line above the first number.`);
}

/** Places of north, east and vertical among labels. */
function inOrder(labels) {
  const axes = labels.map((label) => AXES[label.toUpperCase().split(/\s+/).pop()]);
  if (axes.filter((axis) => axis >= 0).sort().join() !== "0,1,2") refuse(`one column each for north, east and vertical is needed, not ${labels.join(", ")}.`);
  return [0, 1, 2].map((axis) => axes.indexOf(axis));
}

function columns(lines, begin, order) {
  const samples = NAMES.map(() => new Float64Array(lines.length - begin));
  const count = fields(lines[begin] ?? "").length;
  let n = 0;
  for (let i = begin; i < lines.length; i++) {
    const row = fields(lines[i]);
    if (!row.length) continue;
    if (row.length !== count || count < 3) refuse(`line ${i + 1} has ${row.length} columns, line ${begin + 1} ${count}; three are needed. Is it cut off?`);
    order.forEach((column, axis) => {
      samples[axis][n] = Number(row[column]);
      if (!Number.isFinite(samples[axis][n])) refuse(`line ${i + 1} has "${row[column]}" for ${NAMES[axis]}, no number. Cut out the longest part without a gap.`);
    });
    n++;
  }
  return samples.map((part) => part.subarray(0, n));
}

/** Raise where a component stands still through one of the shortest windows. */
function moving(part, name, length) {
  for (let from = 0; from + length <= part.length; from += length) {
    const still = part.subarray(from, from + length).every((value) => value === part[from]);
    if (still) refuse(`${name} stays at ${part[from]} from sample ${from + 1} on. Check the sensor, or cut that part out.`);
  }
}

/** Where a reader opens a file; taken(record) gets what it holds. */
export function fileInput(taken) {
  const said = make("p", { class: "gmx-hv-refused", role: "alert" });
  const open = async () => {
    const [file] = chooser.files;
    said.textContent = "";
    try {
      if (file?.size > LARGEST_MB * 1e6) refuse(`${Math.round(file.size / 1e6)} MB are too many; cut out ${LARGEST_MB} MB.`);
      if (file) taken(readRecording(await file.text(), file.name, rate.valueAsNumber));
    } catch (error) {
      said.textContent = `${file.name}: ${error.message}`;
    }
  };
  const chooser = make("input", { type: "file", accept: ".saf,.csv,.txt,.dat,.asc", click: () => (chooser.value = ""), change: open });
  const rate = make("input", { type: "number", class: "gmx-box", min: SLOWEST_HZ, step: "any", change: open });
  return make("div", { class: "gmx-select" },
    make("label", {}, "Your own file (SAF, csv or text; it never leaves this browser) ", chooser),
    make("label", {}, "Samples a second, where the file does not say ", rate), said);
}
