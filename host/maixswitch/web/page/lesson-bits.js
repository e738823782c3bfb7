// Chapter 4: real numbers in 256 steps; the range decides what is lost.

import { draw, set } from "./dom.js";
import { canvas, round, slider } from "./lesson-tools.js";
import { t } from "./text.js";

const WIDE = 300, TALL = 220, LEFT = 34, FOOT = 24, LEVELS = 255, LOW = -4, HIGH = 12, LOOKED_AT = 6;

// The scale of a range, widened so that 0 is one of its steps, and rounded to even as the converter does.
export function covering(low, high) {
  const from = Math.min(low, 0), to = Math.max(high, 0);
  const steps = LEVELS / (to - from || 1);
  return { steps, zero: even(-from * steps) };
}

function even(value) {
  const floor = Math.floor(value), rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 ? floor + 1 : floor;
}

export function back({ steps, zero }, value) {
  const byte = Math.min(Math.max(even(value * steps) + zero, 0), LEVELS);
  return [byte, (byte - zero) / steps];
}

export function drawBits(place, remembered) {
  const now = remembered("bits", { low: 0, high: 10 });
  const { picture, text } = canvas(WIDE, TALL, t("Numbers and what is read back"));
  const px = (x) => LEFT + (x - LOW) / (HIGH - LOW) * (WIDE - LEFT - 8);
  const py = (y) => 8 + (HIGH - y) / (HIGH - LOW) * (TALL - FOOT - 8);
  for (let at = LOW; at <= HIGH; at += 4) {
    picture.append(draw("line", { class: "grid", x1: px(at), x2: px(at), y1: py(HIGH), y2: py(LOW) }),
      draw("line", { class: "grid", x1: px(LOW), x2: px(HIGH), y1: py(at), y2: py(at) }),
      draw("text", { x: px(at), y: TALL - 6, "text-anchor": "middle" }, String(at)),
      draw("text", { x: LEFT - 6, y: py(at) + 4, "text-anchor": "end" }, String(at)));
  }
  const stairs = draw("polyline", { class: "l-line" }), dot = draw("circle", { class: "l-point", r: 5 });
  const clip = draw("clipPath", { id: "l-bits" }, draw("rect", { x: px(LOW), y: py(HIGH), width: px(HIGH) - px(LOW), height: py(LOW) - py(HIGH) }));
  picture.append(clip, draw("line", { class: "l-truth", x1: px(LOW), y1: py(LOW), x2: px(HIGH), y2: py(HIGH) }),
    draw("g", { "clip-path": "url(#l-bits)" }, stairs), dot);

  const show = () => {
    const scale = covering(now.low, now.high);
    const points = Array.from({ length: 801 }, (_, n) => LOW + (HIGH - LOW) * n / 800)
      .map((x) => `${px(x).toFixed(1)},${py(back(scale, x)[1]).toFixed(1)}`);
    stairs.setAttribute("points", points.join(" "));
    const [byte, read] = back(scale, LOOKED_AT);
    dot.setAttribute("cx", px(LOOKED_AT));
    dot.setAttribute("cy", Math.max(py(read), py(HIGH)));
    set(text, t("a step is {step}, the zero point {zero}; 6 becomes the byte {byte}, read back as {read}",
      { step: round(1 / scale.steps, 4), zero: scale.zero, byte, read: round(read) }));
  };
  const low = slider("lesson-low", t("lowest"), { low: -20, high: 0, step: 0.5, value: now.low }, (value) => { now.low = value; show(); });
  const high = slider("lesson-high", t("highest"), { low: 1, high: 200, step: 1, value: now.high }, (value) => { now.high = value; show(); });
  place.replaceChildren(picture, text, low.row, high.row);
  show();
}
