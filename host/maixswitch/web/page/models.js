// The models of the card, each with its verdict, its memory and its findings; a click selects one.

import { at, grouped, make } from "./dom.js";
import { watching } from "./share.js";
import { t } from "./text.js";

const ICONS = { "": "\u2026", ok: "\u2713", note: "i", warning: "!", error: "\u2715" };

function word(level) {
  if (level === "ok") return t("checks passed");
  if (level === "note") return t("has notes");
  if (level === "warning") return t("has warnings");
  if (level === "error") return t("has errors");
  return t("not checked yet");
}

function verdict(level) {
  const badge = make("span", "", { className: "verdict" });
  badge.dataset.level = level;
  const icon = make("i", ICONS[level] ?? "?");
  icon.setAttribute("aria-hidden", "true");
  badge.append(icon, word(level));
  return badge;
}

function findings(row, open) {
  const box = make("details"), list = make("ul");
  box.dataset.folder = row.folder;
  box.open = open;
  list.append(...row.says.map((one) => {
    const line = make("li");
    line.dataset.level = one.severity;
    line.append(make("code", one.code), " ", one.text);
    if (one.remedy) line.append(make("p", one.remedy, { className: "remedy" }));
    return line;
  }));
  const text = t("Findings: {count}", { count: row.says.length });
  box.append(make("summary", text, { ariaLabel: `${text}, ${row.title}` }), list);
  return box;
}

export function showModels(rows, select) {
  const open = new Set([...at("models").querySelectorAll("details[open]")].map((box) => box.dataset.folder));
  const focus = [...at("models").querySelectorAll("li > button")].indexOf(document.activeElement);
  const lines = rows.map((row, index) => {
    const line = make("li"), button = make("button");
    button.append(make("b", `${index + 1}. ${row.title}`), verdict(row.level));
    button.addEventListener("click", () => select(index));
    button.disabled = watching();
    line.append(button);
    if (row.fits) line.append(make("p", grouped(row.fits), { className: "hint" }));
    if (row.says.length) line.append(findings(row, open.has(row.folder)));
    return line;
  });
  at("models").replaceChildren(...(lines.length ? lines : [make("li", t("No models; maixswitch import puts one on the card."), { className: "quiet" })]));
  at("models").querySelectorAll("li > button")[focus]?.focus();
}

// A key may select a model that is out of sight: scroll the list, but not the page.
function show(button) {
  const list = at("models"), row = button.parentElement.getBoundingClientRect(), frame = list.getBoundingClientRect();
  if (row.top < frame.top) list.scrollTop += row.top - frame.top;
  else if (row.bottom > frame.bottom) list.scrollTop += Math.min(row.bottom - frame.bottom, row.top - frame.top);
}

let marked = -1;

export function markModel(index) {
  for (const [number, button] of at("models").querySelectorAll("li > button").entries()) {
    const current = String(number === index);
    if (button.getAttribute("aria-current") !== current) button.setAttribute("aria-current", current);
    if (number === index && index !== marked) show(button);
  }
  marked = index;
}
