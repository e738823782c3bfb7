// Shows a status: state, facts, results, the table of the state machine and the events.

import { at, draw, make, set } from "./dom.js";
import { makeHistory, resultLine } from "./history.js";
import { t } from "./text.js";

const MOST_EVENTS = 200;
const MOST_RESULTS = 5;

const CARD_READ = 108; // the app's code for a card that answers with errors

function meaning({ state, card, code }) {
  if (state === "NO_CARD") return card ? t("The card in the board is not read yet, or damaged.") : t("There is no card in the board.");
  if (state === "EMPTY") return code === CARD_READ ? t("The card is damaged: its models cannot be read.") : t("The card holds no model.");
  if (state === "UNLOADED") return t("The selected model is loaded next.");
  if (state === "RUNNING") return t("The model looks at every frame.");
  if (state === "FAULT") return t("Something failed. A key press goes on.");
  if (state === "STOPPED") return t("The app has ended.");
  if (state === "SCRIPT") return t("A script runs in place of the app.");
  if (state === "OFF") return t("Stands still; switch the power off and on.");
  return "";
}

export function showFacts(status) {
  set(at("state"), status.state);
  set(at("state-text"), meaning(status));
  document.body.dataset.state = status.state;
  at("state").dataset.state = status.state;
  set(at("fact-model"), status.title || "-");
  set(at("fact-time"), `${(status.now / 1000).toFixed(1)} s`);
  set(at("fact-frames"), `${status.frames} (${status.fps} fps)`);
  at("fault").hidden = !status.fault;
  set(at("fault-text"), status.fault);
  at("panel").setAttribute("aria-label", `${t("panel of the board")}: ${status.state} ${status.title}`);
}

const list = (className, ...items) => {
  const line = make("li", "", { className });
  line.append(...items);
  return line;
};

// The points in a frame of the view's shape, as the panel has them over the picture.
function pointsLine(points, [width, height], text) {
  const dots = [];
  for (let i = 0; i + 1 < points.length; i += 2) {
    dots.push(draw("circle", { cx: points[i], cy: points[i + 1], r: width / 90 }));
  }
  const frame = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": text }, ...dots);
  return list("extra points", frame, make("span", text));
}

// One output: its range as text, and on a scale of its values the place of the largest one.
function outputLine([elements, , , largest], text) {
  const x = elements > 1 ? 100 * largest / (elements - 1) : 50;
  const scale = draw("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    draw("rect", { class: "scale", x: 0, y: 4, width: 100, height: 2 }),
    draw("rect", { class: "largest", x: Math.min(Math.max(x - 1, 0), 98), y: 0, width: 2, height: 10 }));
  return list("extra output", make("span", text), scale);
}

function learntLine(names, results) {
  const seen = new Set(results.slice(0, 1).map(([label]) => label));
  const marks = names.map((name) => {
    const mark = make("b", name, { title: name });
    mark.toggleAttribute("data-seen", seen.has(name));
    return mark;
  });
  return list("extra learnt", make("span", names.length ? t("learnt:") : t("nothing learnt yet:")), ...marks,
    make("small", t("press the key twice, quickly, to learn what is in the middle")));
}

function extraLines({ lines, points, outputs, view }) {
  const texts = [...lines], found = [];
  if (points.length > 1 && view[0]) found.push(pointsLine(points, view, texts.shift()));
  for (const row of outputs) found.push(outputLine(row, texts.shift()));
  return [...found, ...texts.map((text) => make("li", text, { className: "extra" }))];
}

// Results keep their rows while they are seen: a row that jumps with every frame cannot be read.
const seats = {}; // name of a list -> the keys of its rows

// Returns the rows of a list of results: [{key, label, score, colour}], no more than the page shows.
export function seat(list, results, classes, colours) {
  const counts = new Map();
  const seen = results.map(([label, score], at) => {
    const nth = (counts.get(label) ?? 0) + 1, number = classes[at];
    counts.set(label, nth);
    const colour = number >= 0 && colours.length ? colours[number % colours.length] : "";
    return { key: `${nth} ${label}`, label: nth > 1 ? `${label} ${nth}` : label, text: label, score, colour };
  });
  const before = (seats[list] ?? []).filter((key) => seen.some((one) => one.key === key));
  seats[list] = [...before, ...seen.map(({ key }) => key).filter((key) => !before.includes(key))];
  return seats[list].map((key) => seen.find((one) => one.key === key)).slice(0, MOST_RESULTS);
}

const history = makeHistory();

export function showResults({ results, classes, extras, learnt, now, title }, colours) {
  const rows = seat("first", results, classes, colours);
  history.remember(rows, now, title);
  const lines = rows.map((row) => resultLine(row, history));
  lines.push(...extraLines(extras));
  if (learnt) lines.push(learntLine(learnt, results));
  at("results").replaceChildren(...(lines.length ? lines : [make("li", t("nothing detected"), { className: "none" })]));
}

export function showTable(rows) {
  at("rows").tBodies[0].replaceChildren(...rows.map(([from, event, actions, to]) => {
    const line = make("tr");
    line.append(...[from, event, actions.join(", "), to].map((text) => make("td", text)));
    Object.assign(line.dataset, { from, event });
    return line;
  }));
}

let liveState = "";

export function markTable(state) {
  if (state === liveState) return;
  liveState = state;
  let first = null;
  for (const line of at("rows").tBodies[0].rows) {
    const live = line.dataset.from === state;
    line.toggleAttribute("data-live", live);
    if (live && !first) first = line;
  }
  if (first) at("table-frame").scrollTop = first.offsetTop - first.offsetHeight - 6;
}

export function forgetState() {
  liveState = "";
}

// The list stays at its end, also when it gets smaller, until a person scrolls back.
let follows = true;

function toEnd() {
  if (follows) at("events").scrollTop = at("events").scrollHeight;
}

at("events").addEventListener("scroll", ({ target }) => { follows = target.scrollHeight - target.scrollTop - target.clientHeight < 40; });
new ResizeObserver(toEnd).observe(at("events"));

export function showEvent(message) {
  const list = at("events");
  const line = make("li");
  line.dataset.kind = message.kind;
  line.append(make("time", `${(message.t / 1000).toFixed(2)} s`), message.text);
  list.append(line);
  while (list.children.length > MOST_EVENTS) list.firstChild.remove();
  toEnd();
  if (!message.row) return;
  for (const row of at("rows").tBodies[0].rows) {
    row.toggleAttribute("data-last", row.dataset.from === message.row[0] && row.dataset.event === message.row[1]);
  }
}
