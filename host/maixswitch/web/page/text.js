// Texts of the page: the server sends all of them in the page's language, keyed by the English text.

const KEPT = "maixswitch.language"; // the language that was chosen in this browser
let table = {};
let language = "en";

export const keptLanguage = () => localStorage.getItem(KEPT) ?? "";
export const keepLanguage = (name) => localStorage.setItem(KEPT, name);
export const shownLanguage = () => language;

export function t(text, fields = {}) {
  const translated = table[text] ?? text;
  return translated.replace(/\{(\w+)\}/g, (placeholder, name) => fields[name] ?? placeholder);
}

export function setTexts(texts, name) {
  table = texts;
  language = name;
  document.documentElement.lang = name === "zh" ? "zh-CN" : name;
}

export function translatePage() {
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
  }
}
