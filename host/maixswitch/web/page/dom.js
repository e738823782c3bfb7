// Small helpers for what stands on the page. Texts of a card are anybody's: they only ever become text, never markup.

const SVG = "http://www.w3.org/2000/svg";

export const at = (id) => document.getElementById(id);
export const kib = (bytes) => `${Math.round(bytes / 1024).toLocaleString("en")} KiB`;
export const grouped = (text) => text.replace(/\d{4,}(?= KiB)/g, (digits) => Number(digits).toLocaleString("en")); // as kib writes them

export function make(tag, text = "", fields = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  Object.assign(made, fields);
  return made;
}

// An SVG element with attributes; `children` are elements, or the text.
export function draw(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// An unchanged live region stays silent, and an unchanged list keeps its focus.
export function set(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

// Calls `act` with the width whenever the place gets another one; drawings are in true pixels, so that letters stay legible.
export function onWidth(place, act) {
  let last = 0;
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width && width !== last) act(last = width);
  }).observe(place);
}
