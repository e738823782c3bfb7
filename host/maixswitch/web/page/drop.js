// Models and networks that are dropped on the page or chosen: sends them, and shows what becomes of them.

import { askAbout, closeQuestions, forgetQuestions, startQuestions } from "./drop-questions.js";
import { at, make, set } from "./dom.js";
import { t } from "./text.js";

// The files have their contents as name: these are only for formats without a mark, and for damaged files.
const ENDINGS = /\.(kmodel|smodel|emodel|kfpkg|zip|onnx|tflite|h5|keras|pb|pt|pth)$/i;
const MARKS = ["LDM", "DUDE", "PK\x03\x04", "\x89HDF", "\x03\0\0\0", "\0\0\0\x03", "\x01\0\0\0"];
let link = null;
let notice = () => {};
let limits = { bytes: 256 * 1024 * 1024, files: 2000 };
let state = { phase: "idle", card: false };
let sent = null; // what this page sent last: its files and answers, and the number of the job
let toSelect = ""; // the folder of a new model, until the list shows it

async function isModel(file) {
  if (ENDINGS.test(file.name)) return true;
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, 16).arrayBuffer()));
  return MARKS.some((mark) => head.startsWith(mark)) || head.slice(4, 8) === "TFL3" || /^\x08[\x01-\x1f](:|\x12.[a-z])/i.test(head);
}

// Takes the files if a model or a network is among them; returns whether it did.
export async function takesModels(files) {
  const found = await Promise.all(files.map(isModel));
  if (!found.includes(true)) return false;
  forgetQuestions();
  send({ files, answers: [], pictures: "", partly: false });
  return true;
}

async function send(what) {
  const { files, ...rest } = what, size = files.reduce((sum, file) => sum + file.size, 0), mib = 1024 * 1024;
  if (size > limits.bytes) {
    notice(t("{size} MiB in all; at most {most} MiB are taken at once", { size: Math.ceil(size / mib), most: limits.bytes / mib }));
    return;
  }
  if (files.length > limits.files) {
    notice(t("{count} files; expected at most {limit}", { count: files.length, limit: limits.files }));
    return;
  }
  const before = sent, mine = { ...what, number: 0 };
  sent = mine;
  const names = files.map((file) => [file.path || file.webkitRelativePath || file.name, file.size]);
  const head = new TextEncoder().encode(JSON.stringify({ ...rest, files: names }));
  const length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, head.length, true);
  try {
    const answer = await fetch("files", { method: "POST", body: new Blob([length.buffer, head, ...files]) });
    if (answer.ok) {
      mine.number = (await answer.json()).number;
      showIntake(state); // its questions may have come first
    } else {
      sent = before; // its job may still be at work
      notice(await answer.text());
    }
  } catch (error) { // a file that was changed meanwhile, or no connection
    notice(t("the files cannot be sent: {error}", { error: error.message }));
  }
}

const cancel = () => fetch("files/cancel", { method: "POST" }).catch(() => {});

function sentence() {
  const { phase, name, step, added } = state;
  if (phase === "receiving") return t("receiving the files ...");
  if (phase === "working") return step ? `${name}: ${step}` : t("{name}: at work ...", { name });
  if (phase === "asks") return t("{name}: there are questions", { name });
  if (phase === "failed") return state.text;
  if (phase === "done") return t("{name}: added to this simulation as {folders}. The folder of the card stays as it was: download the card.", { name, folders: added.join(", ") });
  return "";
}

function line({ code, level, text }) {
  const item = make("li");
  item.dataset.level = level;
  item.append(make("code", code), " ", text);
  return item;
}

export function showIntake(message) {
  state = message;
  const { phase } = state, busy = phase === "receiving" || phase === "working";
  set(at("drop-text"), sentence());
  at("drop-text").dataset.phase = phase;
  at("drop-bar").hidden = !busy;
  if (typeof state.share === "number") at("drop-bar").value = state.share;
  else at("drop-bar").removeAttribute("value");
  at("drop-cancel").hidden = phase === "idle" || phase === "receiving";
  set(at("drop-cancel"), busy ? t("Cancel") : t("Close"));
  at("drop-files").disabled = busy;
  at("drop-lines").replaceChildren(...(phase === "done" ? state.lines : []).map(line));
  const figures = phase === "done" ? state.figures : [];
  at("drop-figures").hidden = !figures.length;
  at("drop-figures-list").replaceChildren(...figures.map((text) => make("li", text)));
  at("drop-report").hidden = !(phase === "done" && state.report);
  at("drop-card").hidden = !state.card;
  const mine = sent && sent.number === state.number;
  at("drop-answer").hidden = !(phase === "asks" && mine);
  if (!mine) closeQuestions();
  else if (phase === "asks") askAbout(state);
  else if (phase === "failed") closeQuestions(state.text);
  else if (phase === "done") {
    toSelect = state.added[0];
    sent = null;
    forgetQuestions();
  }
}

// Selects a model that this page has added, once the card's list shows it.
export function selectAdded(rows) {
  const index = rows.findIndex(({ folder }) => folder === toSelect);
  if (index < 0) return;
  toSelect = "";
  link.ask("select", { index });
}

// Offers the photos before the camera for a conversion, if there are any.
export function offerPhotos({ source }) {
  at("ask-page").hidden = source.kind !== "photo" && source.kind !== "album";
}

export function limitDrop(newLimits) {
  limits = newLimits;
}

export function startDrop(to, say) {
  [link, notice] = [to, say];
  at("drop-files").addEventListener("change", () => {
    const files = [...at("drop-files").files];
    at("drop-files").value = "";
    forgetQuestions();
    if (files.length) send({ files, answers: [], pictures: "", partly: false });
  });
  at("drop-cancel").addEventListener("click", cancel);
  at("drop-answer").addEventListener("click", () => askAbout(state, true));
  startQuestions({
    // Answers of before stay, because the command starts anew with all of them.
    answer(answers, more = {}) {
      const others = sent.answers.filter((old) => !answers.some(({ model, option }) => model === old.model && option === old.option));
      send({ ...sent, answers: [...others, ...answers], ...more });
    },
    add(files) { send({ ...sent, files: [...sent.files, ...files], pictures: "" }); },
    cancel,
  });
}
