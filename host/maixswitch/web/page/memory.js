// The RAM that the firmware leaves as one bar to scale: Python's heap, the blocks of the system heap, and free memory.

import { at, grouped, kib, make, set } from "./dom.js";
import { t } from "./text.js";

const SHORT_OF_MEMORY = /^(2006|106)\b/; // the app's codes for no room for a model and for a full Python heap

function kindOf(name) {
  if (/^camera/.test(name)) return "camera";
  if (/^lcd/.test(name)) return "lcd";
  if (/main mem/.test(name)) return "main";
  return "model";
}

function title(kind) {
  if (kind === "gc") return t("Python heap");
  if (kind === "camera") return t("camera");
  if (kind === "lcd") return t("panel");
  if (kind === "model") return t("model");
  if (kind === "main") return t("main memory of the model");
  if (kind === "left") return t("left behind by the last model");
  return t("free");
}

// Shows the model's need to the same scale, from the start of the largest free piece: so it extends beyond the RAM.
function showNeed(need, memory) {
  const sum = need.reduce((bytes, [, more]) => bytes + more, 0);
  const ram = memory.gc + memory.capacity, begin = ram - memory.largest, all = Math.max(ram, begin + sum);
  at("memory").style.width = `${100 * ram / all}%`;
  at("needed").hidden = !sum;
  if (!sum) return;
  const [bar, text] = at("needed").children;
  bar.style.marginLeft = `${100 * begin / all}%`;
  bar.style.width = `${100 * sum / all}%`;
  bar.replaceChildren(...need.map(([name, bytes]) => segment(kindOf(name), bytes, name)));
  const parts = need.map(([name, bytes]) => `${name} ${kib(bytes)}`).join(", ");
  set(text, t("needed: {size} ({parts})", { size: kib(sum), parts }));
}

function segment(kind, bytes, name) {
  const part = make("div", "", { className: `m-${kind}`, title: `${name}: ${kib(bytes)}` });
  part.style.flexGrow = bytes;
  return part;
}

let shown = "";

export function forgetMemory() {
  shown = "";
}

export function showMemory({ memory, fault, index }, rows) {
  const model = rows[index];
  const now = JSON.stringify([memory, fault, model?.fits, model?.need]);
  if (now === shown) return;
  shown = now;
  const parts = [["gc", memory.gc, title("gc")]];
  const loaded = memory.blocks.some(([name]) => /^model/.test(name)); // after a failed run the firmware leaves some blocks
  for (const [name, bytes] of memory.blocks) {
    const kind = kindOf(name);
    parts.push([kind === "model" && !loaded ? "left" : kind, bytes, name]);
  }
  parts.push(["free", memory.free, title("free")]);
  at("memory").replaceChildren(...parts.filter(([, bytes]) => bytes > 0).map((part) => segment(...part)));
  const used = make("span", "", { className: "m-used" });
  used.style.width = `${100 * Math.min(1, memory.gc_used / memory.gc)}%`;
  at("memory").querySelector(".m-gc")?.append(used);

  const sums = new Map();
  for (const [kind, bytes] of parts) sums.set(kind, (sums.get(kind) ?? 0) + bytes);
  const lines = [...sums].map(([kind, bytes]) => {
    const line = make("li");
    line.append(make("i", "", { className: `m-${kind}` }), make("span", title(kind)), make("b", kib(bytes)));
    if (kind === "gc" && memory.gc_used > 0) line.append(make("span", t("(pictures in it: {size})", { size: kib(memory.gc_used) })));
    return line;
  });
  at("legend").replaceChildren(...lines);
  at("memory").setAttribute("aria-label", [...sums].map(([kind, bytes]) => `${title(kind)} ${kib(bytes)}`).join(", "));

  const pieces = { free: kib(memory.free), largest: kib(memory.largest) };
  // malloc takes pages of 4 KiB, so even a heap without holes has a little free space after each block.
  set(at("largest"), memory.free - memory.largest < 32 * 1024
    ? t("{free} are free in one piece.", pieces)
    : t("{free} are free, but in pieces: the largest has {largest}, and a model's file needs one piece.", pieces));
  const short = SHORT_OF_MEMORY.test(fault);
  showNeed((short && model?.need) || [], memory);
  at("why").hidden = !short;
  if (short) {
    const name = model?.title ?? t("The model"), needed = (model?.need ?? []).reduce((bytes, [, more]) => bytes + more, 0);
    set(at("why"), needed > memory.largest
      ? t("{title} was refused: there is not enough memory ({why}).", { title: name, why: grouped(model.fits) })
      : t("{title} was refused: there is not enough memory.", { title: name }));
  }
}
