// Confidence over time: each row of the results has a small chart of its last ten seconds on the board.

import { draw, make } from "./dom.js";
import { t } from "./text.js";

const LONG_MS = 10000, WIDE = 100, TALL = 20;

// Returns {remember, chart} for one list of results.
export function makeHistory() {
  let times = [], rows = new Map(), title = "";
  return {
    // seen: [{key, score}] of a moment of the board. Another model, or another run, begins anew.
    remember(seen, now, model) {
      if (model !== title || now < times.at(-1)) [times, rows, title] = [[], new Map(), model];
      if (now === times.at(-1)) return;
      times.push(now);
      const gone = times.findIndex((time) => time >= now - LONG_MS);
      times.splice(0, gone);
      const scores = new Map(seen.map(({ key, score }) => [key, score]));
      for (const key of new Set([...rows.keys(), ...scores.keys()])) {
        const line = (rows.get(key) ?? []).slice(gone);
        while (line.length < times.length - 1) line.unshift(0); // before it was seen for the first time
        line.push(scores.get(key) ?? 0);
        if (line.some(Boolean)) rows.set(key, line);
        else rows.delete(key);
      }
    },
    chart(key, label, colour) {
      const line = rows.get(key) ?? [], end = times.at(-1) ?? 0;
      const points = line.map((score, at) => `${(WIDE * (1 - (end - times[at]) / LONG_MS)).toFixed(1)},${(TALL - 1 - (TALL - 2) * score).toFixed(1)}`);
      const text = t("{label}, last 10 s: {low}% to {high}%", {
        label, low: Math.floor(Math.min(...line) * 100), high: Math.floor(Math.max(...line) * 100),
      });
      const picture = draw("svg", { class: "history", viewBox: `0 0 ${WIDE} ${TALL}`, preserveAspectRatio: "none", role: "img", "aria-label": text },
        draw("polyline", { points: points.join(" "), "vector-effect": "non-scaling-stroke" }));
      if (colour) picture.style.color = colour;
      return picture;
    },
  };
}

// One row of a list of results: name, bar, share, and the chart below them. label: the name, unlike that of every other row.
export function resultLine({ key, label, text, score, colour }, history) {
  const line = make("li"), bar = make("meter", "", { min: 0, max: 1, value: score });
  bar.setAttribute("aria-label", label);
  const name = make("span", text, { title: text });
  // The colour of its box or bar on the panel.
  if (colour) name.style.borderColor = colour;
  // As on the panel: of 0.579 it shows 57%.
  line.append(name, bar, history.chart(key, label, colour), make("span", `${Math.floor(score * 100 + 1e-6)}%`));
  return line;
}
