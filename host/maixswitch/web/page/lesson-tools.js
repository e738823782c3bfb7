// What the parts of the lesson are made of: sliders, a choice, a drawing with a sentence below it.

import { draw, make, set } from "./dom.js";

// One slider with its name and its value. `change` gets the new number while the thumb moves.
export function slider(id, name, { low, high, step, value }, change) {
  const row = make("div", "", { className: "slider" });
  const label = make("label", name), input = make("input", "", { type: "range", min: low, max: high, step, id });
  const output = make("output", String(value));
  input.value = value;
  label.htmlFor = id;
  output.htmlFor.add(id);
  const tell = () => { set(output, String(Number(input.value))); };
  input.addEventListener("input", () => { tell(); change(Number(input.value)); });
  row.append(label, input, output);
  return { row, put: (number) => { input.value = number; tell(); } };
}

// A drawing that fills its place: `width` and `height` are units and not pixels.
export function canvas(width, height, name) {
  const text = make("p", "", { className: "lesson-says" });
  text.setAttribute("role", "status");
  return { picture: draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": name }), text };
}

export function choice(id, name, options, chosen, change) {
  const row = make("div", "", { className: "slider" });
  const label = make("label", name), list = make("select", "", { id });
  label.htmlFor = id;
  list.replaceChildren(...options.map((text, number) => new Option(text, number)));
  list.value = chosen;
  list.addEventListener("change", () => change(Number(list.value)));
  row.append(label, list);
  return row;
}

export const round = (value, digits = 3) => {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : text;
};
