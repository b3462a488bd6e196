// Colors of the current theme, and word when the reader changes it.

import sheet from "./theme.css";

/** Insert the style sheet once for a document. */
export function useTheme(text = sheet, id = "gmx-theme") {
  if (document.getElementById(id)) return;
  const style = document.createElement("style");
  style.id = id;
  style.textContent = text;
  document.head.append(style);
}

/** CSS colors for drawing on a canvas inside of .gmx: ink, soft, ground, line, grid, accent, out, data; and dark. */
export function colors(element) {
  const style = getComputedStyle(element);
  const names = ["ink", "soft", "ground", "line", "grid", "accent", "out", "data"];
  const found = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--gmx-${name}`).trim()]));
  return { ...found, dark: style.getPropertyValue("--gmx-if-dark").trim() === "inline" };
}

/** Call when the theme changes; returns what ends the watch. */
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

/** Okabe and Ito's black and dark tones are lost on a dark ground: the tone (#rrggbb) to draw there. */
export function onGround(color, dark) {
  if (!dark) return color;
  const parts = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
  const light = (0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2]) / 255;
  const share = light < 0.55 ? 0.62 - 0.45 * light : 0;
  return `#${parts.map((part) => Math.round(part + (255 - part) * share).toString(16).padStart(2, "0")).join("")}`;
}
