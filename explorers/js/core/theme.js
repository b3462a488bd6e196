// Colors of the current theme, and word when the reader changes it.

import sheet from "./theme.css";

export { onGround } from "./tones.js";

/** Insert the style sheet once for a document. */
export function useTheme(text = sheet, id = "gmx-theme") {
  if (document.getElementById(id)) return;
  const style = document.createElement("style");
  style.id = id;
  style.textContent = text;
  document.head.append(style);
}

/**
 * Colors for drawing on a canvas.
 * @param {HTMLElement} element inside of .gmx
 * @returns {{ink, soft, ground, line, grid, accent, out, data, dark: boolean}} CSS colors
 */
export function colors(element) {
  const style = getComputedStyle(element);
  const names = ["ink", "soft", "ground", "line", "grid", "accent", "out", "data"];
  const found = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--gmx-${name}`).trim()]));
  return { ...found, dark: luminance(found.ground) < 0.5 };
}

function luminance(color) {
  const hex = /^#(..)(..)(..)$/.exec(color);
  return hex ? hex.slice(1).reduce((sum, part) => sum + parseInt(part, 16), 0) / 765 : 1;
}

/**
 * Call when the theme changes.
 * @param {function(): void} call
 * @returns {function(): void} ends the watch
 */
export function onTheme(call) {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", call);
  const watch = new MutationObserver(call);
  watch.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  watch.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class"] });
  return () => {
    system.removeEventListener("change", call);
    watch.disconnect();
  };
}
