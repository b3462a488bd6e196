// What a screen reader is told while values change: one polite sentence, and only when the hand has come to rest.

const REST_MS = 500;

/**
 * A region that is read aloud.
 * @param {HTMLElement} parent
 * @returns {{element: HTMLElement, say: function(string): void, stop: function(): void}}
 */
export function liveText(parent) {
  const element = document.createElement("p");
  element.className = "gmx-live";
  element.setAttribute("aria-live", "polite");
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
