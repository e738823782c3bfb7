// The dialog with the questions about a dropped model: its sentences are those of the command line.

import { at, make, set } from "./dom.js";
import { t } from "./text.js";

let act = { answer() {}, add() {}, cancel() {} };
let open = null; // the questions that are asked
let shown = 0; // the number of the job whose questions were shown
const kept = new Map(); // "model option" -> what a person wrote, for when the command refuses it

const keyOf = ({ model, option }) => `${model} ${option}`;

function listField(question) {
  const field = make("textarea", "", { rows: 5, spellcheck: false });
  field.value = kept.get(keyOf(question)) ?? "";
  field.setAttribute("aria-label", question.option === "labels" ? t("the labels, one a line") : t("the anchors, numbers with commas"));
  field.placeholder = field.getAttribute("aria-label");
  const file = make("input", "", { type: "file" }), button = make("label", "", { className: "button" });
  button.append(make("span", t("From a file")), file);
  file.addEventListener("change", async () => {
    if (file.files[0]) field.value = await file.files[0].text();
    file.value = "";
  });
  return [field, button];
}

function choiceField(question, list) {
  const select = make("select"), other = t("another list");
  select.append(...question.choices.map((choice) => new Option(choice, choice)));
  if (list.length) select.add(new Option(other, ""));
  select.value = question.choices.includes(question.chosen) ? question.chosen : question.choices[0];
  select.setAttribute("aria-label", question.text);
  const turn = () => { for (const element of list) element.hidden = select.value !== ""; };
  select.addEventListener("change", turn);
  turn();
  return select;
}

function row(question, several) {
  const box = make("div", "", { className: "ask-one" });
  const list = question.option === "kind" ? [] : listField(question);
  const select = question.choices.length ? choiceField(question, list) : null;
  if (several) box.append(make("h3", question.model));
  const text = make("p");
  text.append(make("code", question.code), " ", question.text);
  box.append(text, ...(select ? [select] : []), ...list);
  return { box, read: () => {
    const choice = select?.value ?? "";
    const written = choice ? "" : list[0].value.trim();
    kept.set(keyOf(question), written);
    return { model: question.model, option: question.option, choice, text: written };
  } };
}

// Asks the questions of a job. again: also those that a person has seen and put aside.
export function askAbout(state, again = false) {
  if (state.number === shown && !again) return;
  shown = state.number;
  const several = new Set(state.questions.map(({ model }) => model)).size > 1;
  open = state.questions.map((question) => row(question, several));
  set(at("ask-title"), t("Questions about {name}", { name: state.name }));
  at("ask-list").replaceChildren(...open.map(({ box }) => box));
  if (state.text) at("ask-list").append(make("p", state.text));
  set(at("ask-text"), "");
  at("ask-pictures").hidden = !state.pictures;
  at("ask-answer").hidden = !open.length;
  at("ask-others").hidden = !state.others;
  if (!at("ask").open) at("ask").showModal();
  (at("ask-list").querySelector("select, textarea") ?? at("ask-title")).focus();
}

// Closes the dialog. With a text, it opens again if a person has answered: then the answer was refused.
export function closeQuestions(text = "") {
  if (text && open) {
    set(at("ask-text"), text);
    if (!at("ask").open) at("ask").showModal();
  } else if (at("ask").open) at("ask").close();
}

export function forgetQuestions() {
  open = null;
  kept.clear();
  if (at("ask").open) at("ask").close();
}

function answer(more) {
  const answers = open.map(({ read }) => read());
  if (!more && answers.some(({ choice, text }) => !choice && !text)) {
    set(at("ask-text"), t("answer every question first"));
    return;
  }
  at("ask").close();
  act.answer(answers.filter(({ choice, text }) => choice || text), more);
}

export function startQuestions(actions) {
  act = actions;
  const box = at("ask");
  at("ask-answer").addEventListener("click", () => answer());
  at("ask-others").addEventListener("click", () => answer({ partly: true }));
  at("ask-page").addEventListener("click", () => answer({ pictures: "page" }));
  at("ask-noise").addEventListener("click", () => answer({ pictures: "noise" }));
  at("ask-photos").addEventListener("change", () => {
    const files = [...at("ask-photos").files];
    at("ask-photos").value = "";
    if (!files.length) return;
    box.close();
    act.add(files);
  });
  at("ask-cancel").addEventListener("click", () => { open = null; box.close(); act.cancel(); });
  box.addEventListener("cancel", () => { open = null; act.cancel(); });
  // The keys of the board must not hear what is typed here.
  for (const kind of ["keydown", "keyup"]) box.addEventListener(kind, (event) => event.stopPropagation());
  box.addEventListener("close", () => at("drop-files").focus());
}
