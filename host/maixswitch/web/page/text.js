// Texts of the page: the server sends every one in both languages, keyed by the English.

let tables = {};
let language = "en";

export function t(text, fields = {}) {
  const found = tables[language]?.[text] ?? text;
  return found.replace(/\{(\w+)\}/g, (whole, name) => fields[name] ?? whole);
}

export function setTexts(texts) {
  tables = texts;
}

export function setLanguage(name) {
  const changed = name !== language;
  language = name;
  document.documentElement.lang = name === "zh" ? "zh-CN" : name;
  return changed;
}

export function translatePage() {
  for (const place of document.querySelectorAll("[data-t]")) place.textContent = t(place.dataset.t);
  for (const place of document.querySelectorAll("[data-t-label]")) place.setAttribute("aria-label", t(place.dataset.tLabel));
}
