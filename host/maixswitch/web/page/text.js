// Texts of the page: the server sends every one in both languages, keyed by the English.

let tables = {};
let language = "en";

export function t(text) {
  return tables[language]?.[text] ?? text;
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
}
