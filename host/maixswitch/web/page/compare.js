// The threshold of the running model, and a second model that looks at the same pictures.

import { at, make, set } from "./dom.js";
import { makeHistory, resultLine } from "./history.js";
import { seat } from "./views.js";
import { t } from "./text.js";

const PATIENCE_MS = 1500; // until the board has taken a threshold, or never will
let wish = null; // what a person has set and the board does not have yet
let known = ""; // the models that the choice lists
const history = makeHistory();

function showThreshold(threshold) {
  at("tune").hidden = !threshold;
  if (!threshold) return;
  if (wish === null || threshold.value === wish) {
    wish = null;
    at("threshold").value = threshold.value;
  }
  set(at("threshold-value"), `${Math.round(at("threshold").value * 100)}%`);
  at("keep").disabled = threshold.kept;
}

function listModels(models) {
  const choice = [t("no second model"), ...models.map(({ title }) => title)];
  if (choice.join("\n") === known) return;
  known = choice.join("\n");
  at("compare").replaceChildren(...choice.map((text, index) => new Option(text, index - 1)));
}

export function showCompare({ threshold, second, now }, models, colours) {
  showThreshold(threshold);
  listModels(models);
  const index = second ? models.findIndex(({ folder }) => folder === second.folder) : -1;
  if (document.activeElement !== at("compare")) at("compare").value = index;
  at("second").hidden = !second;
  if (!second) return;
  const title = models[index]?.title ?? second.folder;
  set(at("second-title"), t("{title} sees", { title }));
  const rows = seat("second", second.results, second.classes, colours);
  history.remember(rows, now, title);
  const lines = [...rows.map((row) => resultLine(row, history)), ...second.lines.map((text) => make("li", text, { className: "extra" }))];
  const none = make("li", second.fault || t("nothing detected"), { className: "none" });
  at("second-results").replaceChildren(...(lines.length ? lines : [none]));
}

export function startCompare(ask) {
  at("threshold").addEventListener("input", () => {
    wish = Number(at("threshold").value);
    set(at("threshold-value"), `${Math.round(wish * 100)}%`);
  });
  at("threshold").addEventListener("change", () => {
    ask("threshold", { value: wish });
    setTimeout(() => { wish = null; }, PATIENCE_MS);
  });
  at("keep").addEventListener("click", () => ask("keep"));
  at("compare").addEventListener("change", () => ask("compare", { index: Number(at("compare").value) }));
}
