// The fault bench: orders faults, shows those that are ordered, and heals them.

import { at, set } from "./dom.js";
import { t } from "./text.js";

let now = null;
let names = new Map();

function fill(id, options, initial) {
  const select = at(id), kept = select.value || String(initial);
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  if ([...select.options].some((option) => option.value === kept)) select.value = kept;
}

export function writeFaults(hello) {
  names = new Map(hello.codes);
  const codes = hello.codes.map(([number, name]) => [number, `${number} ${name}`]);
  fill("code", codes, 2006);
  fill("runcode", codes, 2008);
  fill("slow", hello.slows.map((factor) => [factor, factor === 1 ? t("at its usual speed") : t("{factor} times as slow", { factor })]), 1);
}

function ordered({ orders }, rows) {
  const sentences = [], title = (code) => `${code} ${names.get(code) ?? ""}`.trim();
  if (orders.load) sentences.push(t("The next load will fail with {code}.", { code: title(orders.load) }));
  if (orders.run) sentences.push(t("The next run will fail with {code}.", { code: title(orders.run) }));
  const broken = orders.damaged.map((index) => rows[index]?.title ?? `${index + 1}`);
  if (broken.length) sentences.push(t("Damaged on the card: {titles}.", { titles: broken.join(", ") }));
  if (orders.slow !== 1) sentences.push(t("The card is {factor} times as slow.", { factor: orders.slow }));
  return sentences.join(" ");
}

export function showFaults(status, rows) {
  now = status;
  set(at("card"), status.card ? t("Take the card out") : t("Put the card in"));
  set(at("camera"), status.camera ? t("Unplug the camera") : t("Plug the camera in"));
  set(at("ordered"), ordered(status, rows));
  const damaged = status.orders.damaged.includes(status.index), title = rows[status.index]?.title;
  at("damage").disabled = !title;
  at("damage").setAttribute("aria-pressed", String(damaged));
  set(at("damage"), t("Damage the model"));
  at("damage").title = title ? t("Damage the file of {title}", { title }) : "";
  if (document.activeElement !== at("slow")) at("slow").value = status.orders.slow;
}

export function startFaults(ask) {
  const click = (id, act) => at(id).addEventListener("click", act);
  click("card", () => ask("card", { in: !now?.card }));
  click("camera", () => ask("camera", { on: !now?.camera }));
  click("fail", () => ask("fail", { what: "load", code: Number(at("code").value) }));
  click("failrun", () => ask("fail", { what: "run", code: Number(at("runcode").value) }));
  click("damage", () => ask("damage", { index: now.index, on: !now.orders.damaged.includes(now.index) }));
  click("heal", () => ask("heal"));
  at("slow").addEventListener("change", () => ask("slow", { factor: Number(at("slow").value) }));
}
