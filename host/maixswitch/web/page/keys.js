// The keys of the board: pressed and released by mouse, touch and keyboard, and released when the page loses focus.

import { watching } from "./share.js";
import { t } from "./text.js";

const ORDER = ["prev", "primary", "next"]; // left to right, as a hand expects them
const TAKES_KEYS = /^(INPUT|SELECT|TEXTAREA)$/; // these elements need every key themselves
const KEPT = "maixswitch.shortcuts"; // "off" if this browser's keyboard must not press the board's keys
const TAKES_SPACE = /^(BUTTON|SUMMARY|A)$/;
const box = document.getElementById("keys");
const shortcuts = document.getElementById("shortcuts");
const fingers = new Map(); // key number -> what holds it
let ask = () => {};

const numberOf = (button) => Number(button.dataset.key);
const known = (number) => [...box.children].some((button) => numberOf(button) === number);

function press(number, finger) {
  if (fingers.has(number) || !known(number) || watching()) return;
  fingers.set(number, finger);
  ask("key", { key: number, down: true });
}

function release(number, finger) {
  if (fingers.get(number) !== finger) return;
  fingers.delete(number);
  ask("key", { key: number, down: false });
}

function effect(event) {
  if (event === "NEXT") return t("next model");
  if (event === "PREVIOUS") return t("previous model");
  if (event === "RELOAD") return t("load again");
  return event;
}

// With two keys their order decides what they do, and not their roles: the one that a board calls "next" goes back.
function nameOf(key, count) {
  const role = count === 2 && key.short ? (key.short === "NEXT" ? "next" : "prev") : key.role;
  if (role === "next") return t("next");
  if (role === "prev") return t("previous");
  if (role === "primary") return t("primary");
  return role;
}

function cap(key, count) {
  const button = document.createElement("button");
  const name = document.createElement("b"), pressText = document.createElement("small");
  button.dataset.key = key.number;
  button.dataset.role = key.role;
  button.disabled = watching();
  name.textContent = `${key.number} ${nameOf(key, count)}`;
  pressText.textContent = key.short ? t("press: {effect}", { effect: effect(key.short) }) : `IO${key.pin}`;
  button.append(name, pressText);
  if (key.long) {
    const hold = document.createElement("small");
    hold.textContent = t("hold: {effect}", { effect: effect(key.long) });
    button.append(hold);
  }
  button.title = `IO${key.pin}: ${[key.short, key.long].filter(Boolean).join(", ")}`;
  button.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    button.setPointerCapture(event.pointerId);
    press(key.number, "pointer");
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    button.addEventListener(end, () => release(key.number, "pointer"));
  }
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  // A screen reader clicks without a pointer: that is a short press.
  button.addEventListener("click", (event) => {
    if (event.detail || fingers.has(key.number)) return;
    press(key.number, "click");
    setTimeout(() => release(key.number, "click"), 120);
  });
  return button;
}

function letGo() {
  for (const [number, finger] of [...fingers]) release(number, finger);
}

export function showKeys(keys) {
  letGo(); // a removed button never learns that the finger on it came up
  const sorted = [...keys].sort((a, b) => ORDER.indexOf(a.role) - ORDER.indexOf(b.role) || a.number - b.number);
  box.replaceChildren(...(keys.length > 2 ? sorted : keys).map((key) => cap(key, keys.length)));
}

export function markKeys(down) {
  for (const button of box.children) button.toggleAttribute("data-down", down.includes(numberOf(button)));
}

function keyOf(event) {
  const { target } = event;
  if (event.ctrlKey || event.altKey || event.metaKey || TAKES_KEYS.test(target.tagName) || target.isContentEditable) return 0;
  if (target.parentElement === box && (event.key === " " || event.key === "Enter")) return numberOf(target);
  // Elsewhere a key may scroll a list or belong to a dialog.
  const free = target === document.body || box.contains(target) || TAKES_SPACE.test(target.tagName);
  if (!shortcuts.checked || !free || target.closest("dialog")) return 0;
  if (event.key === " ") return TAKES_SPACE.test(target.tagName) ? 0 : 1;
  return /^[1-8]$/.test(event.key) && known(Number(event.key)) ? Number(event.key) : 0;
}

export function startKeys(send) {
  ask = send;
  shortcuts.checked = localStorage.getItem(KEPT) !== "off";
  shortcuts.addEventListener("change", () => localStorage.setItem(KEPT, shortcuts.checked ? "on" : "off"));
  const held = new Map(); // event.code -> key number: the focus may move before the key comes up
  addEventListener("keydown", (event) => {
    const number = keyOf(event);
    if (!number) return;
    event.preventDefault();
    if (event.repeat) return;
    held.set(event.code, number);
    press(number, event.code);
  });
  addEventListener("keyup", (event) => {
    if (!held.has(event.code)) return;
    event.preventDefault();
    release(held.get(event.code), event.code);
    held.delete(event.code);
  });
  // After a click on "Record" the next space would go to that button: give the keyboard back to the board.
  addEventListener("click", (event) => {
    const button = document.activeElement;
    if (event.detail && TAKES_SPACE.test(button.tagName) && button.parentElement !== box) button.blur();
  });
  const releaseAll = () => { letGo(); held.clear(); };
  addEventListener("blur", releaseAll);
  document.addEventListener("visibilitychange", () => { if (document.hidden) releaseAll(); });
}
