// The time of the last 60 frames as stacked bars, in ms of the board.

import { at, draw, onWidth, set } from "./dom.js";
import { t } from "./text.js";

const MOST = 60, LEFT = 44, TOP = 8, TALL = 110, FOOT = 20;
const KINDS = ["camera", "kpu", "screen"];
const STEPS = [10, 20, 40, 60, 80, 100, 150, 200, 300, 400, 600, 800, 1000, 2000, 5000, 10000];
let frames = [];
let width = 0;
let bars = [];
let grid = null;
let top = 0;

// Builds the chart once for a width; the five messages per second only change its bars.
function build() {
  const column = (width - LEFT) / MOST;
  const picture = draw("svg", { width, height: TOP + TALL + FOOT, role: "img", "aria-labelledby": "timing-text" });
  grid = draw("g");
  bars = Array.from({ length: MOST }, (_, slot) => KINDS.map((kind) => draw("rect", {
    class: `t-${kind}`, x: (LEFT + slot * column + 0.5).toFixed(1), width: Math.max(1, column - 1).toFixed(1), height: 0,
  })));
  picture.append(grid, ...bars.flat(),
    draw("text", { x: LEFT, y: TOP + TALL + 15 }, t("oldest")),
    draw("text", { x: width, y: TOP + TALL + 15, "text-anchor": "end" }, t("newest")));
  at("timing").replaceChildren(picture);
  top = 0;
}

function scale(longest) {
  const newTop = STEPS.find((step) => step >= longest) ?? Math.ceil(longest / 10000) * 10000;
  if (newTop === top) return;
  top = newTop;
  grid.replaceChildren(...[0, 0.5, 1].flatMap((share) => {
    const y = TOP + TALL * (1 - share);
    return [
      draw("line", { class: "grid", x1: LEFT, x2: width, y1: y, y2: y }),
      draw("text", { x: LEFT - 5, y: y + 4, "text-anchor": "end" }, share === 1 ? `${top} ms` : String(top * share)),
    ];
  }));
}

export function forgetTiming() {
  grid = null;
}

export function showTiming(message) {
  if (message) frames = message.frames.slice(-MOST);
  const mean = (column) => (frames.reduce((sum, frame) => sum + frame[column], 0) / Math.max(1, frames.length)).toFixed(1);
  set(at("timing-text"), frames.length
    ? t("On average {total} ms on the board, and {host} ms on this PC; frames: {count}.", {
      count: frames.length, host: mean(4), total: (Number(mean(1)) + Number(mean(2)) + Number(mean(3))).toFixed(1),
    })
    : t("No frame has been shown yet."));
  for (const [number, kind] of KINDS.entries()) set(at(`mean-${kind}`), frames.length ? `${mean(number + 1)} ms` : "");
  if (!width) return;
  if (!grid) build();
  scale(Math.max(1, ...frames.map((frame) => frame[1] + frame[2] + frame[3])));
  for (const [slot, rects] of bars.entries()) {
    const frame = frames[slot - (MOST - frames.length)];
    let base = TOP + TALL;
    for (const [kind, rect] of rects.entries()) {
      const height = frame ? TALL * frame[kind + 1] / top : 0;
      base -= height;
      rect.setAttribute("y", base.toFixed(1));
      rect.setAttribute("height", height.toFixed(1));
    }
  }
}

onWidth(at("timing"), (newWidth) => { width = newWidth; build(); showTiming(); });
