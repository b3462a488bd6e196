// Draws one map of a region: pixels in color, iso-lines, coast, epicenter, scale bar and color bar.

const ANCHORS = {
  viridis: "440154481f704439833b528b31688e287c8e21918c20a48635b7795ec96290d743c8e020fde725",
  cividis: "00224e0031702a3f6d434e6c575d6d6a6c717d7c78918b78a59c74bcae6cd2c060e9d34efee838",
  purple_orange: "2d004b4d207d70589f9990bfbfbbdadddfedf7f7f6fde4c0fdc57fee9b39d0730faa53067f3b08",
};
const PALETTES = Object.fromEntries(
  Object.entries(ANCHORS).map(([name, text]) => [
    name,
    text.match(/.{6}/g).map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16))),
  ]),
);
const FOOT = 74; // CSS pixels below the map for the color bar
const STATION_FREE_KM = 50;
const POINTS = 100; // outline points are in hundredths of a pixel

/** Color [r, g, b] of a share 0 ... 1 of a palette's stops. */
function color(stops, share) {
  const low = Math.min(Math.floor(share * (stops.length - 1)), stops.length - 2);
  return stops[low].map((part, i) => Math.round(part + (share * (stops.length - 1) - low) * (stops[low + 1][i] - part)));
}
const SHADES = 512;
const TABLES = Object.fromEntries(
  Object.entries(PALETTES).map(([name, stops]) => [name, Array.from({ length: SHADES + 1 }, (_, i) => color(stops, i / SHADES))]),
);

/** Pieces [column, row, column, row] along which a map (ny * nx) has a value, by linear interpolation between pixel centers (marching squares). */
export function isoLine(values, nx, ny, level) {
  const pieces = [];
  for (let y = 0; y < ny - 1; y++) {
    for (let x = 0; x < nx - 1; x++) {
      const [p, below] = [y * nx + x, values[y * nx + x] < level];
      if (below === values[p + 1] < level && below === values[p + nx] < level && below === values[p + nx + 1] < level) continue;
      const corners = [[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1]];
      const crossed = [];
      corners.forEach(([ax, ay], side) => {
        const [bx, by] = corners[(side + 1) % 4];
        const [a, b] = [values[ay * nx + ax] - level, values[by * nx + bx] - level];
        if (a < 0 !== b < 0) crossed.push(ax + 0.5 + (a / (a - b)) * (bx - ax), ay + 0.5 + (a / (a - b)) * (by - ay));
      });
      for (let i = 0; i + 3 < crossed.length; i += 4) pieces.push(crossed.slice(i, i + 4));
    }
  }
  return pieces;
}

/** Width (CSS pixels) at which the canvas is no higher than this. */
export function widthFor({ nx, ny }, height) {
  return Math.round(((Math.max(height, 320) - FOOT) * nx) / ny);
}

/** Draw everything anew; view: width (CSS pixels), grid, values, look, outline, records (or null), far (km to a training record), epicenter and cursor ([column, row] or null),
    tag, theme. The canvas takes its size from its CSS width. */
export function drawMap(canvas, view) {
  const { nx, ny, pixel_m: side } = view.grid;
  const ratio = window.devicePixelRatio || 1;
  const { width } = view;
  const height = Math.round((width * ny) / nx) + FOOT;
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const scale = width / nx;
  const at = (column, row) => [column * scale, (ny - row) * scale];
  context.fillStyle = view.theme.dark ? "#27313c" : "#dfe7ee"; // water
  context.fillRect(0, 0, width, ny * scale);
  const land = outlinePath(view.outline, at);
  context.save();
  context.clip(land); // holes are wound the other way
  context.imageSmoothingEnabled = false;
  context.drawImage(picture(view), 0, 0, width, ny * scale);
  hatch(context, view, scale);
  isoLines(context, view, at);
  context.restore();
  context.lineWidth = 1.1;
  context.strokeStyle = view.theme.dark ? "#f2f4f6" : "#2b2b2b";
  context.stroke(land);
  if (view.records) trainingRecords(context, view, at);
  context.save();
  context.beginPath();
  context.rect(0, 0, width, ny * scale);
  context.clip();
  if (view.cursor) crosshair(context, view, scale);
  star(context, ...at(...view.epicenter), 10);
  context.restore();
  scaleBar(context, width, ny * scale, (1000 * scale) / side);
  tag(context, width, view.tag);
  colorBar(context, view, width, ny * scale);
}

function outlinePath(outline, at) {
  const path = new Path2D();
  for (const ring of outline) {
    path.moveTo(...at(ring[0] / POINTS, ring[1] / POINTS));
    for (let i = 2; i < ring.length; i += 2) path.lineTo(...at(ring[i] / POINTS, ring[i + 1] / POINTS));
    path.closePath();
  }
  return path;
}

/** Faint where few training records lie near, blank where none does. */
function picture({ grid: { nx, ny }, values, support, look: { palette, low, high } }) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [nx, ny];
  const context = canvas.getContext("2d");
  const image = context.createImageData(nx, ny);
  for (let p = 0; p < nx * ny; p++) {
    const [row, column] = [ny - 1 - Math.floor(p / nx), p % nx];
    const shade = Math.round((SHADES * (values[p] - low)) / (high - low));
    image.data.set(TABLES[palette][Math.min(Math.max(shade, 0), SHADES)], 4 * (row * nx + column));
    image.data[4 * (row * nx + column) + 3] = support[p][0] ? 255 : support[p][1] ? 110 : 0;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Lines across pixels that are far from every record that the network learned from. */
function hatch(context, { grid: { nx, ny }, far }, scale) {
  context.beginPath();
  for (let p = 0; p < nx * ny; p++) {
    if (far[p] < STATION_FREE_KM) continue;
    const [x, y] = [(p % nx) * scale, (ny - 1 - Math.floor(p / nx)) * scale];
    context.moveTo(x, y + scale);
    context.lineTo(x + scale, y);
  }
  context.strokeStyle = "rgba(255, 255, 255, .75)";
  context.lineWidth = 1.4;
  context.stroke();
}

function isoLines(context, { grid: { nx, ny }, values, look }, at) {
  context.strokeStyle = look.palette === "purple_orange" ? "rgba(20, 20, 20, .65)" : "rgba(255, 255, 255, .7)";
  for (const [level, , dashed, without] of look.ticks) {
    if (without) continue;
    context.lineWidth = 0.9;
    context.setLineDash(dashed ? [4, 3] : []);
    context.beginPath();
    for (const [ax, ay, bx, by] of isoLine(values, nx, ny, level)) {
      context.moveTo(...at(ax, ay));
      context.lineTo(...at(bx, by));
    }
    context.stroke();
  }
  context.setLineDash([]);
}

function trainingRecords(context, { grid: { nx }, records }, at) {
  context.fillStyle = "#ffffff";
  context.strokeStyle = "#000000";
  context.lineWidth = 0.8;
  for (let p = 0; p < records.length; p++) {
    if (!records[p]) continue;
    const [x, y] = at((p % nx) + 0.5, Math.floor(p / nx) + 0.5);
    context.fillRect(x - 1.5, y - 1.5, 3, 3);
    context.strokeRect(x - 1.5, y - 1.5, 3, 3);
  }
}

function crosshair(context, { grid: { ny }, cursor: [column, row] }, scale) {
  const [x, y] = [Math.floor(column) * scale, (ny - 1 - Math.floor(row)) * scale];
  for (const [ink, line] of [["#000000", 4], ["#ffffff", 2]]) {
    context.strokeStyle = ink;
    context.lineWidth = line;
    context.strokeRect(x, y, scale, scale);
  }
}

function star(context, x, y, radius) {
  context.beginPath();
  for (let i = 0; i < 10; i++) {
    const [r, angle] = [i % 2 ? 0.42 * radius : radius, (i * Math.PI) / 5];
    context.lineTo(x + r * Math.sin(angle), y - r * Math.cos(angle));
  }
  context.closePath();
  context.fillStyle = "#ffffff";
  context.strokeStyle = "#000000";
  context.lineWidth = 2;
  context.lineJoin = "round";
  context.stroke();
  context.fill();
}

/** What the motions are, in the upper right corner. */
function tag(context, width, text) {
  context.font = "600 12px system-ui, sans-serif";
  context.textAlign = "left";
  const wide = context.measureText(text).width;
  context.fillStyle = "rgba(255, 255, 255, .85)";
  context.fillRect(width - wide - 18, 6, wide + 12, 20);
  context.fillStyle = "#111111";
  context.fillText(text, width - wide - 12, 20);
}

/** A bar of a round length; pxPerKm CSS pixels are a kilometer. */
function scaleBar(context, width, height, pxPerKm) {
  const km = Math.max(10, ...[20, 50, 100, 200].filter((length) => length * pxPerKm < width / 4));
  const [x, y, length] = [10, height - 12, km * pxPerKm];
  context.fillStyle = "rgba(255, 255, 255, .85)";
  context.fillRect(x - 5, y - 18, length + 10, 25);
  context.fillStyle = "#111111";
  context.fillRect(x, y, length, 3);
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  context.fillText(`${km} km`, x + length / 2, y - 5);
}

function colorBar(context, { look: { palette, low, high, ticks, title }, theme }, width, top) {
  const [x, y, length, thick] = [16, top + 26, width - 32, 14];
  const shades = context.createLinearGradient(x, 0, x + length, 0);
  PALETTES[palette].forEach((stop, i, { length: count }) => shades.addColorStop(i / (count - 1), `rgb(${stop.join(" ")})`));
  context.fillStyle = shades;
  context.fillRect(x, y, length, thick);
  context.fillStyle = context.strokeStyle = theme.ink;
  context.lineWidth = 1;
  context.strokeRect(x, y, length, thick);
  context.font = "13px system-ui, sans-serif";
  context.textAlign = "left";
  context.fillText(title, x, y - 8, length);
  context.textAlign = "center";
  context.font = "12px system-ui, sans-serif";
  for (const [value, text] of ticks) {
    const place = x + (length * (value - low)) / (high - low);
    context.fillRect(place - 0.5, y + thick, 1, 4);
    const half = context.measureText(text).width / 2 + 1;
    context.fillText(text, Math.min(Math.max(place, half), width - half), y + thick + 17);
  }
}
