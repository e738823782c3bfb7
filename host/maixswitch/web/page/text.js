// Texts of the page: the server sends all of them in both languages, keyed by the English text.

let tables = {};
let language = "en";

export function t(text, fields = {}) {
  const translated = tables[language]?.[text] ?? text;
  return translated.replace(/\{(\w+)\}/g, (placeholder, name) => fields[name] ?? placeholder);
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
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
  }
}
