// The keys of the board: pressed and let go by mouse, touch and keyboard; none stays down when the page loses sight.

import { t } from "./text.js";

const box = document.getElementById("keys");
const fingers = new Map(); // key number -> what holds it
let ask = () => {};

function press(number, finger) {
  if (fingers.has(number) || number > box.children.length) return;
  fingers.set(number, finger);
  ask("key", { key: number, down: true });
}

function release(number, finger) {
  if (fingers.get(number) !== finger) return;
  fingers.delete(number);
  ask("key", { key: number, down: false });
}

export function showKeys(keys) {
  box.replaceChildren(...keys.map((key) => {
    const button = document.createElement("button");
    const name = document.createElement("b"), what = document.createElement("small");
    name.textContent = `${key.number} ${key.role}`;
    what.textContent = `${t("press")}: ${key.short}` + (key.long ? `, ${t("hold")}: ${key.long}` : "");
    button.append(name, what);
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
  }));
  box.setAttribute("aria-label", t("Keys"));
}

export function markKeys(down) {
  for (const [index, button] of [...box.children].entries()) button.toggleAttribute("data-down", down.includes(index + 1));
}

function keyOf(event) {
  const place = event.target;
  if (event.ctrlKey || event.altKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(place.tagName)) return 0;
  if (place.parentElement === box && (event.key === " " || event.key === "Enter")) return [...box.children].indexOf(place) + 1;
  if (event.key === " ") return place.tagName === "BUTTON" ? 0 : 1;
  return /^[1-4]$/.test(event.key) ? Number(event.key) : 0;
}

export function startKeys(send) {
  ask = send;
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
  const letGo = () => { for (const [number, finger] of [...fingers]) release(number, finger); held.clear(); };
  addEventListener("blur", letGo);
  document.addEventListener("visibilitychange", () => { if (document.hidden) letGo(); });
}
