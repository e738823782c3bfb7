// What the page shows of a status: facts, results, models, memory, the table of the state machine and the events.

import { t } from "./text.js";

const MOST_EVENTS = 200;
const MOST_RESULTS = 5;
const at = (id) => document.getElementById(id);
const kib = (bytes) => `${Math.round(bytes / 1024)} KiB`;

// Texts of a card's models are anybody's: they only ever become text, never markup.
function make(tag, text = "", fields = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  Object.assign(made, fields);
  return made;
}

function set(place, text) {
  if (place.textContent !== text) place.textContent = text; // an unchanged live region stays silent
}

export function showFacts(status) {
  set(at("state"), status.state);
  at("state").dataset.state = status.state;
  const rows = [
    [t("model"), status.title || "-"],
    [t("board time"), `${(status.now / 1000).toFixed(1)} s`],
    [t("frames"), `${status.frames} (${status.fps} fps)`],
  ];
  at("facts").replaceChildren(...rows.flatMap(([name, value]) => [make("dt", name), make("dd", value)]));
  at("fault").hidden = !status.fault;
  set(at("fault-text"), status.fault);
  at("panel").setAttribute("aria-label", `${t("panel of the board")}: ${status.state} ${status.title}`);
}

export function showResults(results) {
  const lines = results.slice(0, MOST_RESULTS).map(([label, score]) => {
    const line = make("li"), bar = make("meter", "", { min: 0, max: 1, value: score });
    bar.setAttribute("aria-label", label);
    line.append(make("span", label, { title: label }), bar, make("span", score.toFixed(2)));
    return line;
  });
  at("results").replaceChildren(...(lines.length ? lines : [make("li", t("nothing detected"), { className: "none" })]));
}

export function showModels(titles, select) {
  const lines = titles.map((title, index) => {
    const line = make("li"), button = make("button", `${index + 1}. ${title}`);
    button.addEventListener("click", () => select(index));
    line.append(button);
    return line;
  });
  at("models").replaceChildren(...(lines.length ? lines : [make("li", t("no models"))]));
}

export function markModel(index) {
  for (const [place, button] of at("models").querySelectorAll("button").entries()) {
    button.setAttribute("aria-current", String(place === index));
  }
}

export function showMemory(memory) {
  const names = { gc: t("Python heap"), screen: t("camera and panel"), model: t("model"), free: t("free") };
  const parts = Object.entries(names);
  if (!at("memory").children.length) {
    at("memory").replaceChildren(...parts.map(([part]) => make("div", "", { className: part })));
  }
  for (const [index, [part]] of parts.entries()) at("memory").children[index].style.flexGrow = memory[part];
  at("legend").replaceChildren(...parts.map(([part, name]) => {
    const line = make("li");
    line.append(make("i", "", { className: part }), `${name} ${kib(memory[part])}`);
    return line;
  }));
  at("memory").setAttribute("aria-label", parts.map(([part, name]) => `${name} ${kib(memory[part])}`).join(", "));
}

export function showTable(rows) {
  const lines = rows.map(([from, event, actions, to]) => {
    const line = make("tr");
    line.append(...[from, event, actions.join(", "), to].map((text) => make("td", text)));
    Object.assign(line.dataset, { from, event });
    return line;
  });
  at("rows").tBodies[0].replaceChildren(...lines);
  const states = [...new Set(rows.flatMap(([from, , , to]) => [from, to]))];
  at("states").replaceChildren(...states.map((state) => make("li", state)));
  at("table-frame").setAttribute("aria-label", t("State machine"));
}

let liveState = "";

export function markState(state) {
  if (state === liveState) return;
  liveState = state;
  for (const line of at("states").children) {
    if (line.textContent === state) line.setAttribute("aria-current", "true");
    else line.removeAttribute("aria-current");
  }
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

export function showEvent(message) {
  const list = at("events");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const line = make("li");
  line.dataset.kind = message.kind;
  line.append(make("time", `${(message.t / 1000).toFixed(2)} s`), message.text);
  list.append(line);
  while (list.children.length > MOST_EVENTS) list.firstChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
  if (!message.row) return;
  for (const row of at("rows").tBodies[0].rows) {
    row.toggleAttribute("data-last", row.dataset.from === message.row[0] && row.dataset.event === message.row[1]);
  }
}
