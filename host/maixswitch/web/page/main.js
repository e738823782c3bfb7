// The page: what the server says goes to the views, what a person does goes to the server.

import { markKeys, showKeys, startKeys } from "./keys.js";
import { openLink } from "./link.js";
import { showFrame } from "./panel.js";
import { setLanguage, setTexts, t, translatePage } from "./text.js";
import * as views from "./views.js";

const MOST_BYTES = 8 * 1024 * 1024;
const NOTICE_MS = 8000;
const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 0];
const NAMES = { en: "English", zh: "\u4e2d\u6587" };
const at = (id) => document.getElementById(id);
let hello = null;
let status = null;
let titles = [];
let connected = false;
let hiding = 0;

const link = openLink({ onText: hear, onFrame: showFrame, onState: showLink });

function notice(text) {
  at("notice").textContent = text;
  at("notice").hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { at("notice").hidden = true; }, NOTICE_MS);
}

function showLink(up) {
  connected = up;
  at("link").textContent = up ? t("connected") : hello ? t("connection lost; trying again") : t("connecting ...");
  at("link").toggleAttribute("data-down", !up);
}

function hear(message) {
  if (message.type === "hello") {
    hello = message;
    setTexts(message.texts);
    at("events").replaceChildren();
    write();
  } else if (message.type === "status") {
    status = message;
    if (setLanguage(message.language)) write();
    else show();
  } else if (message.type === "models") {
    titles = message.titles;
    views.showModels(titles, (index) => link.ask("select", { index }));
  } else if (message.type === "event") {
    views.showEvent(message);
  } else if (message.type === "error" || message.type === "refused") {
    notice(message.text);
  }
}

// Everything that depends on the language, anew.
function write() {
  translatePage();
  at("about").textContent = `${hello.board}, ${hello.firmware}, ${hello.version}`;
  showLink(connected);
  showKeys(hello.keys);
  views.showTable(hello.rows);
  views.forgetState();
  views.showModels(titles, (index) => link.ask("select", { index }));
  at("speed").replaceChildren(...SPEEDS.map((speed) => new Option(speed ? `${speed}x` : t("as fast as possible"), speed)));
  const code = at("code").value || "2006";
  at("code").replaceChildren(...hello.codes.map(([number, name]) => new Option(`${number} ${name}`, number)));
  at("code").value = code;
  at("languages").replaceChildren(...hello.languages.map((name) => {
    const button = document.createElement("button");
    button.textContent = NAMES[name];
    button.lang = name;
    button.dataset.language = name;
    button.addEventListener("click", () => link.ask("language", { name }));
    return button;
  }));
  if (status) show();
}

function show() {
  views.showFacts(status);
  views.showResults(status.results);
  views.markModel(status.index);
  views.showMemory(status.memory);
  views.markState(status.state);
  markKeys(status.down);
  at("pause").textContent = status.paused ? t("Go on") : t("Pause");
  at("pause").setAttribute("aria-pressed", String(status.paused));
  if (document.activeElement !== at("speed")) {
    if (!SPEEDS.includes(status.speed) && ![...at("speed").options].some((o) => Number(o.value) === status.speed)) {
      at("speed").add(new Option(`${status.speed}x`, status.speed));
    }
    at("speed").value = status.speed;
  }
  at("card").textContent = status.card ? t("Take the card out") : t("Put the card in");
  at("camera").textContent = status.camera ? t("Unplug the camera") : t("Plug the camera in");
  at("source").textContent = status.source;
  at("scene").disabled = status.drawn;
  const ordered = status.fail ? `${t("the next load will fail with")} ${status.fail}` : "";
  if (at("ordered").textContent !== ordered) at("ordered").textContent = ordered;
  for (const button of at("languages").children) {
    button.setAttribute("aria-pressed", String(button.dataset.language === status.language));
  }
}

async function look(file) {
  if (!file) return;
  if (file.size > MOST_BYTES) notice(t("the file is larger than 8 MiB; wanted a smaller photo"));
  else link.give(await file.arrayBuffer());
}

const click = (id, act) => at(id).addEventListener("click", act);
click("pause", () => link.ask("pause", { on: !status?.paused }));
click("step", () => link.ask("step"));
click("power", () => link.ask("power"));
click("card", () => link.ask("card", { in: !status?.card }));
click("camera", () => link.ask("camera", { on: !status?.camera }));
click("fail", () => link.ask("fail", { code: Number(at("code").value) }));
click("heal", () => link.ask("heal"));
click("scene", () => link.ask("scene"));
at("speed").addEventListener("change", () => link.ask("speed", { speed: Number(at("speed").value) }));
at("photo").addEventListener("change", () => { look(at("photo").files[0]); at("photo").value = ""; });
addEventListener("dragover", (event) => { event.preventDefault(); document.body.toggleAttribute("data-drop", true); });
addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.removeAttribute("data-drop"); });
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.removeAttribute("data-drop");
  look(event.dataTransfer.files[0]);
});
startKeys(link.ask);
