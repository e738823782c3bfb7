// Shows a status: state, facts, results, the table of the state machine and the events.

import { at, make, set } from "./dom.js";
import { t } from "./text.js";

const MOST_EVENTS = 200;
const MOST_RESULTS = 5;

function meaning(state) {
  if (state === "NO_CARD") return t("There is no card in the board.");
  if (state === "EMPTY") return t("The card holds no model.");
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
  set(at("state-text"), meaning(status.state));
  document.body.dataset.state = status.state;
  at("state").dataset.state = status.state;
  set(at("fact-model"), status.title || "-");
  set(at("fact-time"), `${(status.now / 1000).toFixed(1)} s`);
  set(at("fact-frames"), `${status.frames} (${status.fps} fps)`);
  at("fault").hidden = !status.fault;
  set(at("fault-text"), status.fault);
  at("panel").setAttribute("aria-label", `${t("panel of the board")}: ${status.state} ${status.title}`);
}

export function showResults(results, extras = []) {
  const lines = results.slice(0, MOST_RESULTS).map(([label, score]) => {
    const line = make("li"), bar = make("meter", "", { min: 0, max: 1, value: score });
    bar.setAttribute("aria-label", label);
    line.append(make("span", label, { title: label }), bar, make("span", score.toFixed(2)));
    return line;
  });
  lines.push(...extras.map((text) => make("li", text, { className: "extra" })));
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
