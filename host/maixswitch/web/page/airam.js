// The KPU's AI RAM over one inference: layers left to right, rows bottom to top, a box for each feature map's life.

import { at, draw, make, onWidth, set } from "./dom.js";
import { t } from "./text.js";

const ROW_BYTES = 64;
const LEFT = 64, RIGHT = 8, NARROWEST = 9;
const BARS_TOP = 16, BARS_TALL = 64, TOP = 112, TALL = 210, FOOT = 38; // how full it is, and below it the map
const STEPS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].map((size) => size * 1024 / ROW_BYTES);
let last = null;
let width = 0;

const size = (rows) => (rows * ROW_BYTES / 1024).toLocaleString("en", { maximumFractionDigits: rows < 160 ? 1 : 0 });

function kindName(kind) {
  if (kind === "input") return t("input");
  if (kind === "conv3") return t("3x3 convolution");
  if (kind === "depthwise") return t("depthwise 3x3");
  if (kind === "conv1") return t("1x1 convolution");
  return t("other (upload, padding)");
}

function lifeOf(born, end) {
  const first = born < 0 ? t("the start") : t("layer {layer}", { layer: born });
  return born === end ? first : t("{first} to layer {last}", { first, last: end });
}

function axes(plan) {
  const made = [];
  for (let rows = plan.low; rows <= plan.high; rows += plan.step) {
    const y = plan.y(rows);
    made.push(draw("line", { class: "grid", x1: LEFT, x2: plan.right, y1: y, y2: y }));
    made.push(draw("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, `${size(rows)}${rows + plan.step > plan.high ? " KiB" : ""}`));
  }
  made.push(draw("text", { x: LEFT, y: TOP - 8 }, plan.close ? t("where the maps lie (the part in use)") : t("where the maps lie")));
  const every = Math.max(1, Math.ceil(34 / plan.column));
  if (plan.column >= 30) {
    made.push(draw("text", { x: plan.x(-1) + plan.column / 2, y: TOP + TALL + 16, "text-anchor": "middle" }, t("input")));
  }
  for (let layer = 0; layer < plan.layers; layer += every) {
    made.push(draw("text", { x: plan.x(layer) + plan.column / 2, y: TOP + TALL + 16, "text-anchor": "middle" }, String(layer)));
  }
  made.push(draw("text", { x: plan.right, y: TOP + TALL + 32, "text-anchor": "end" }, t("layer")));
  return made;
}

// How much is needed while each layer runs, against all there is.
function bars(plan, ram, peak) {
  const base = BARS_TOP + BARS_TALL, y = (rows) => base - BARS_TALL * rows / ram.size, made = [];
  made.push(draw("text", { x: LEFT - 6, y: BARS_TOP + 4, "text-anchor": "end" }, `${size(ram.size)} KiB`));
  made.push(draw("text", { x: LEFT - 6, y: base + 3, "text-anchor": "end" }, "0"));
  made.push(draw("line", { class: "grid", x1: LEFT, x2: plan.right, y1: base, y2: base }));
  for (const [layer, rows] of ram.live.entries()) {
    const bar = draw("rect", {
      class: rows === peak ? "full" : "bar", x: plan.x(layer) + 0.5, y: y(rows), width: Math.max(1, plan.column - 1), height: base - y(rows),
    });
    bar.append(draw("title", {}, t("layer {layer}: {size} KiB", { layer, size: size(rows) })));
    made.push(bar);
  }
  made.push(draw("line", { class: "limit", x1: LEFT, x2: plan.right, y1: BARS_TOP, y2: BARS_TOP }));
  made.push(draw("text", { class: "limit-text", x: LEFT + 2, y: BARS_TOP - 4 }, t("limit: 2 MiB")));
  made.push(draw("text", { x: plan.right, y: BARS_TOP - 4, "text-anchor": "end" }, t("in use, layer by layer")));
  made.push(draw("line", { class: "peak", x1: LEFT, x2: plan.right, y1: y(peak), y2: y(peak) }));
  const below = peak > ram.size * 0.7;
  made.push(draw("text", { class: "peak-text", x: plan.right - 2, y: y(peak) + (below ? 13 : -4), "text-anchor": "end" }, t("peak {size} KiB", { size: size(peak) })));
  return made;
}

function box(plan, [row, rows, born, end, title, kind]) {
  const x = plan.x(born), y = plan.y(row + rows);
  const said = t("{title}; rows {first} to {last}, {size} KiB; needed: {life}", {
    title, first: row, last: row + rows - 1, size: size(rows), life: lifeOf(born, end),
  });
  const shape = draw("rect", {
    class: `a-${kind}`, x: x + 0.5, y, width: Math.max(1, plan.x(end + 1) - x - 1), height: Math.max(1, plan.y(row) - y),
  });
  shape.append(draw("title", {}, said));
  return shape;
}

function paint() {
  const ram = last, frame = at("airam");
  at("airam-legend").replaceChildren();
  frame.hidden = !ram?.layers;
  if (!ram?.layers) {
    frame.replaceChildren();
    set(at("airam-text"), t("No model is loaded."));
    return;
  }
  const peak = Math.max(0, ...ram.live), layer = ram.live.indexOf(peak);
  set(at("airam-text"), peak
    ? t("{title}: at most {peak} of {all} KiB, in layer {layer} of {layers}.", {
      title: ram.title, peak: size(peak), all: size(ram.size), layer, layers: ram.layers,
    })
    : t("{title}: no layer uses the AI RAM.", { title: ram.title }));
  if (!width || !peak) {
    frame.hidden = !peak;
    return;
  }
  const column = Math.min(90, Math.max(NARROWEST, (width - LEFT - RIGHT) / (ram.layers + 1)));
  let low = Math.min(...ram.maps.map(([row]) => row)), high = Math.max(...ram.maps.map(([row, rows]) => row + rows));
  const close = high - low < ram.size / 3; // small networks are shown close up, and the axis says so
  if (!close) [low, high] = [0, Math.max(ram.size, high)];
  const step = STEPS.find((rows) => (high - low) / rows <= 4.5) ?? ram.size; // the axis begins and ends at round numbers
  [low, high] = [Math.floor(low / step) * step, Math.ceil(high / step) * step];
  const right = LEFT + (ram.layers + 1) * column;
  const plan = {
    column, right, low, high, step, close, layers: ram.layers,
    x: (index) => LEFT + (index + 1) * column, y: (rows) => TOP + TALL * (1 - (rows - low) / (high - low)),
  };
  const picture = draw("svg", { width: Math.max(right + RIGHT, Math.min(width, 300)), height: TOP + TALL + FOOT, role: "img", "aria-labelledby": "airam-text" });
  picture.append(...bars(plan, ram, peak), ...axes(plan), ...ram.maps.map((map) => box(plan, map)));
  frame.replaceChildren(picture);
  const kinds = new Set(ram.maps.map((map) => map[5]));
  at("airam-legend").replaceChildren(...[...kinds].map((kind) => {
    const line = make("li");
    line.append(make("i", "", { className: `a-${kind}` }), make("span", kindName(kind)));
    return line;
  }));
}

export function showAiRam(message) {
  if (message) last = message;
  paint();
}

onWidth(at("airam-place"), (found) => { width = found; paint(); });
