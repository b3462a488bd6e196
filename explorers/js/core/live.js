// What a screen reader is told while values change: one polite sentence, and only when the hand has come to rest.

import { make } from "./controls.js";

const REST_MS = 500;

/** A region below parent that is read aloud: {element, say(text), stop()}. */
export function liveText(parent) {
  const element = make("p", { class: "gmx-live", "aria-live": "polite" });
  parent.append(element);
  let timer;
  return {
    element,
    say(text) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (element.textContent !== text) element.textContent = text;
      }, REST_MS);
    },
    stop: () => clearTimeout(timer),
  };
}
