// Small helpers for the elements of the page. Texts from a card may be hostile: they become text, never markup.

const SVG = "http://www.w3.org/2000/svg";

export const at = (id) => document.getElementById(id);
export const kib = (bytes) => `${Math.round(bytes / 1024).toLocaleString("en")} KiB`;
export const grouped = (text) => text.replace(/\d{4,}(?= KiB)/g, (digits) => Number(digits).toLocaleString("en")); // as kib writes them

export function make(tag, text = "", fields = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  Object.assign(element, fields);
  return element;
}

// Returns an SVG element with attributes; `children` are elements, or the text.
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Sets a text only if it differs: an unchanged live region stays silent, and an unchanged list keeps its focus.
export function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Calls `act` with the element's width whenever it changes; drawings are made for a width, so that letters stay legible.
export function onWidth(element, act) {
  let last = 0;
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry.contentRect.width);
    if (width && width !== last) act(last = width);
  }).observe(element);
}
