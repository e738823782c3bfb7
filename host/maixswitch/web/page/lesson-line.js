// Chapter 1: k and b by hand, the loss, and the steps that a program takes.

import { draw, make, set } from "./dom.js";
import { canvas, round, slider } from "./lesson-tools.js";
import { t } from "./text.js";

const POINTS = [[1, 2], [2, 4]];
const WIDE = 300, TALL = 220, LEFT = 30, FOOT = 24, MOST_X = 3, MOST_Y = 7, LOW_Y = -3;
export const RATE = 0.1;

export function loss(k, b) {
  return POINTS.reduce((sum, [x, y]) => sum + (k * x + b - y) ** 2, 0) / POINTS.length;
}

// One step against the slopes of the loss; `rate` is a tenth in the guide.
export function descend(k, b, rate = RATE) {
  let slopeK = 0, slopeB = 0;
  for (const [x, y] of POINTS) {
    const error = k * x + b - y;
    slopeK += 2 * error * x / POINTS.length;
    slopeB += 2 * error / POINTS.length;
  }
  return [k - rate * slopeK, b - rate * slopeB];
}

export function drawLine(place, remembered) {
  const now = remembered("line", { k: 0, b: 0 });
  const { picture, text } = canvas(WIDE, TALL, t("The line and its errors"));
  const px = (x) => LEFT + x / MOST_X * (WIDE - LEFT - 8);
  const py = (y) => 8 + (MOST_Y - y) / (MOST_Y - LOW_Y) * (TALL - FOOT - 8);
  const line = draw("line", { class: "l-line" });
  const gaps = POINTS.map(() => draw("line", { class: "l-gap" }));
  for (let x = 0; x <= MOST_X; x += 1) {
    picture.append(draw("line", { class: "grid", x1: px(x), x2: px(x), y1: py(MOST_Y), y2: py(LOW_Y) }),
      draw("text", { x: px(x), y: TALL - 6, "text-anchor": "middle" }, String(x)));
  }
  for (let y = LOW_Y + 1; y <= MOST_Y; y += 2) {
    picture.append(draw("line", { class: "grid", x1: px(0), x2: px(MOST_X), y1: py(y), y2: py(y) }),
      draw("text", { x: LEFT - 6, y: py(y) + 4, "text-anchor": "end" }, String(y)));
  }
  // What leaves the picture is cut off there.
  const window = draw("clipPath", { id: "l-clip" }, draw("rect", { x: px(0), y: py(MOST_Y), width: px(MOST_X) - px(0), height: py(LOW_Y) - py(MOST_Y) }));
  const inside = draw("g", { "clip-path": "url(#l-clip)" }, ...gaps, line);
  picture.append(window, inside, ...POINTS.map(([x, y]) => draw("circle", { class: "l-point", cx: px(x), cy: py(y), r: 5 })));

  const show = () => {
    const { k, b } = now;
    for (const [name, value] of Object.entries({ x1: px(0), x2: px(MOST_X), y1: py(b), y2: py(k * MOST_X + b) })) line.setAttribute(name, value);
    for (const [number, [x, y]] of POINTS.entries()) {
      for (const [name, value] of Object.entries({ x1: px(x), x2: px(x), y1: py(y), y2: py(k * x + b) })) gaps[number].setAttribute(name, value);
    }
    set(text, t("loss {loss}; for x = 3 the line gives {y}", { loss: round(loss(k, b)), y: round(3 * k + b) }));
  };
  const sliders = {};
  const move = () => { for (const name of ["k", "b"]) sliders[name].put(Math.round(now[name] * 1000) / 1000); show(); };
  for (const name of ["k", "b"]) {
    sliders[name] = slider(`lesson-${name}`, name, { low: -3, high: 4, step: 0.001, value: Math.round(now[name] * 1000) / 1000 },
      (value) => { now[name] = value; show(); });
  }
  const buttons = make("div", "", { className: "row" });
  const step = make("button", t("One step"), { id: "lesson-step" });
  const many = make("button", t("A hundred steps"), { id: "lesson-steps" });
  const again = make("button", t("From the start"), { id: "lesson-again" });
  step.addEventListener("click", () => { [now.k, now.b] = descend(now.k, now.b); move(); });
  many.addEventListener("click", () => { for (let n = 0; n < 100; n += 1) [now.k, now.b] = descend(now.k, now.b); move(); });
  again.addEventListener("click", () => { now.k = now.b = 0; move(); });
  buttons.append(step, many, again);
  place.replaceChildren(picture, text, sliders.k.row, sliders.b.row, buttons);
  show();
}
