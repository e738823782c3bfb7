// The lesson: three pictures with sliders, for chapters 1, 3 and 4 of docs/guide. It computes here and asks no server.

import { at } from "./dom.js";
import { drawBits } from "./lesson-bits.js";
import { drawLine } from "./lesson-line.js";
import { drawWindow } from "./lesson-window.js";

const PARTS = [
  { id: "line", draw: drawLine },
  { id: "window", draw: drawWindow },
  { id: "bits", draw: drawBits },
];
const shown = new Map(); // id -> the numbers of its sliders

function remembered(id, usual) {
  if (!shown.has(id)) shown.set(id, { ...usual });
  return shown.get(id);
}

// Builds all parts anew, in the language of the moment; what the sliders said stays.
export function writeLesson() {
  for (const part of PARTS) part.draw(at(`lesson-${part.id}`), remembered);
}

export function startLesson() {
  const box = at("lesson"), button = at("lesson-open");
  button.addEventListener("click", () => { writeLesson(); box.showModal(); at("lesson-title").focus(); });
  at("lesson-close").addEventListener("click", () => box.close());
  // A click beside the dialog closes it: only there the dialog itself is what was hit, because its parts fill it.
  box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
  // The keys of the board must not hear what is typed here.
  for (const kind of ["keydown", "keyup"]) box.addEventListener(kind, (event) => event.stopPropagation());
  box.addEventListener("close", () => button.focus());
}
