// Chapter 3: a kernel of 3x3 over a small picture; the window can be moved, by sliders or by a click on a pixel.

import { draw, make, set } from "./dom.js";
import { canvas, choice, round, slider } from "./lesson-tools.js";
import { t } from "./text.js";

const SIDE = 8, SIZE = 26, GAP = 28;
const DARK = 20, BRIGHT = 200;
const third = 1 / 3, ninth = 1 / 9;
export const KERNELS = [
  [0, 0, 0, 0, 1, 0, 0, 0, 0],
  Array(9).fill(ninth),
  [-third, 0, third, -third, 0, third, -third, 0, third],
  [-third, -third, -third, 0, 0, 0, third, third, third],
  [0, -1, 0, -1, 5, -1, 0, -1, 0],
];
const PIXELS = Array.from({ length: SIDE * SIDE }, (_, n) => {
  const inside = (place) => place >= 2 && place < 6;
  return inside(n % SIDE) && inside(Math.floor(n / SIDE)) ? BRIGHT : DARK;
});

// The sum of one window; beyond the border there is 0, as in the KPU.
export function sum(kernel, row, column) {
  return kernel.reduce((total, weight, n) => {
    const y = row + Math.floor(n / 3) - 1, x = column + n % 3 - 1;
    const inside = y >= 0 && y < SIDE && x >= 0 && x < SIDE;
    return total + (inside ? weight * PIXELS[y * SIDE + x] : 0);
  }, 0);
}

const grey = (value) => Math.min(Math.max(Math.round(value), 0), 255);

function grid(left, values) {
  return values.map((value, n) => draw("rect", {
    x: left + n % SIDE * SIZE, y: Math.floor(n / SIDE) * SIZE, width: SIZE, height: SIZE, fill: `rgb(${value},${value},${value})`, class: "l-pixel",
  }));
}

export function drawWindow(place, remembered) {
  const now = remembered("window", { kernel: 2, row: 3, column: 2 });
  const wide = 2 * SIDE * SIZE + GAP, right = SIDE * SIZE + GAP;
  const { picture, text } = canvas(wide, SIDE * SIZE, t("The picture, the window in it, and the map"));
  const pixels = grid(0, PIXELS), map = grid(right, PIXELS);
  const frame = draw("rect", { class: "l-frame", width: 3 * SIZE, height: 3 * SIZE });
  const spot = draw("rect", { class: "l-frame", width: SIZE, height: SIZE });
  picture.append(...pixels, ...map, frame, spot);
  const weights = make("table", "", { className: "l-kernel" });

  const show = () => {
    const kernel = KERNELS[now.kernel];
    for (let n = 0; n < SIDE * SIDE; n += 1) {
      const value = grey(sum(kernel, Math.floor(n / SIDE), n % SIDE));
      map[n].setAttribute("fill", `rgb(${value},${value},${value})`);
    }
    frame.setAttribute("x", (now.column - 1) * SIZE);
    frame.setAttribute("y", (now.row - 1) * SIZE);
    spot.setAttribute("x", right + now.column * SIZE);
    spot.setAttribute("y", now.row * SIZE);
    weights.replaceChildren(...[0, 3, 6].map((start) => {
      const row = make("tr");
      row.append(...kernel.slice(start, start + 3).map((weight) => make("td", round(weight, 2))));
      return row;
    }));
    const total = sum(kernel, now.row, now.column);
    set(text, t("row {row}, column {column}: the sum is {sum}, held within 0 to 255: {byte}",
      { row: now.row + 1, column: now.column + 1, sum: round(total, 1), byte: grey(total) }));
  };
  const row = slider("lesson-row", t("row"), { low: 1, high: SIDE, step: 1, value: now.row + 1 }, (value) => { now.row = value - 1; show(); });
  const column = slider("lesson-column", t("column"), { low: 1, high: SIDE, step: 1, value: now.column + 1 }, (value) => { now.column = value - 1; show(); });
  for (const [n, pixel] of [...pixels.entries(), ...map.entries()]) {
    pixel.addEventListener("click", () => {
      [now.row, now.column] = [Math.floor(n / SIDE), n % SIDE];
      row.put(now.row + 1);
      column.put(now.column + 1);
      show();
    });
  }
  const names = [t("leave as it is"), t("blur"), t("brighter to the right"), t("brighter below"), t("sharpen")];
  const kernels = choice("lesson-kernel", t("kernel"), names, now.kernel, (value) => { now.kernel = value; show(); });
  place.replaceChildren(picture, text, kernels, weights, row.row, column.row);
  show();
}
