// Colors of lines on a light and on a dark ground.

/**
 * Okabe and Ito's black and dark tones are lost on a dark ground: the tone to draw there.
 * @param {string} color as #rrggbb
 * @param {boolean} dark
 */
export function onGround(color, dark) {
  if (!dark) return color;
  const parts = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
  const light = (0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2]) / 255;
  const share = light < 0.55 ? 0.62 - 0.45 * light : 0;
  return `#${parts.map((part) => Math.round(part + (255 - part) * share).toString(16).padStart(2, "0")).join("")}`;
}
