// The page: passes messages of the server to the views, and actions of a person to the server.

import { showAiRam } from "./airam.js";
import { startChoice, writeChoice } from "./choice.js";
import { showCompare, startCompare } from "./compare.js";
import { markDiagram, markWay, showDiagram } from "./diagram.js";
import { at, make, set } from "./dom.js";
import { limitDrop, offerPhotos, selectAdded, showIntake, startDrop, takesModels } from "./drop.js";
import { showFaults, startFaults, writeFaults } from "./faults.js";
import { openFrames } from "./frames.js";
import { startFull, writeFull } from "./full.js";
import { markKeys, showKeys, startKeys } from "./keys.js";
import { startLesson, writeLesson } from "./lesson.js";
import { openLink } from "./link.js";
import { forgetMemory, showMemory } from "./memory.js";
import { markModel, showModels } from "./models.js";
import { showFrame } from "./panel.js";
import { showRecording, startRecording } from "./record.js";
import { forgetSource, limitSources, showSource, startSources } from "./sources.js";
import { showShare, startShare } from "./share.js";
import { startTabs } from "./tabs.js";
import { keepLanguage, setTexts, shownLanguage, t, translatePage } from "./text.js";
import { forgetTiming, showTiming } from "./timing.js";
import { stopWebcam } from "./webcam.js";
import * as views from "./views.js";

const NOTICE_MS = 10000;
const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 0];
const NAMES = { en: "English", zh: "\u4e2d\u6587" };
let hello = null;
let status = null;
let models = [];
let intake = null;
let connected = false;
let hiding = 0;

const link = openLink({ onText: hear, onFrame: openFrames(showFrame), onState: turnLink });

function notice(text) {
  set(at("notice-text"), text);
  at("notice").hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { at("notice").hidden = true; }, NOTICE_MS);
}

// Without a connection nobody sees this page's webcam, and the server forgets it: stop it in any case.
function turnLink(up) {
  stopWebcam();
  showLink(up);
}

function showLink(up) {
  connected = up;
  set(at("link"), up ? t("connected") : hello ? t("connection lost; trying again") : t("connecting ..."));
  at("link").toggleAttribute("data-down", !up);
  document.body.toggleAttribute("data-lost", !up && Boolean(hello));
}

function hear(message) {
  if (message.type === "hello") {
    hello = message;
    setTexts(message.texts, message.language);
    limitSources(message.limits, message.desks);
    limitDrop(message.limits.drop);
    at("events").replaceChildren();
    listLanguages();
    showShare(message);
    write();
  } else if (message.type === "board") {
    hello = { ...hello, ...message };
    at("events").replaceChildren();
    write();
  } else if (message.type === "status") {
    status = message;
    show();
  } else if (message.type === "models") {
    models = message.rows;
    selectAdded(models);
    at("models-note").hidden = !message.note;
    set(at("models-note"), message.note ?? "");
    listModels();
  } else if (message.type === "intake") {
    showIntake(intake = message);
  } else if (message.type === "airam") {
    showAiRam(message);
  } else if (message.type === "timing") {
    showTiming(message);
  } else if (message.type === "event") {
    views.showEvent(message);
    if (message.row) markWay(message.row);
  } else if (message.type === "ousted") {
    stopWebcam();
  } else if (message.type === "error" || message.type === "refused") {
    notice(message.text);
  }
}

function listLanguages() {
  // Keep the buttons, one of which has the focus when it has just changed the language.
  if (!at("languages").children.length) {
    at("languages").replaceChildren(...hello.languages.map((name) => {
      const button = make("button", NAMES[name] ?? name, { lang: name });
      button.dataset.language = name;
      button.addEventListener("click", () => { keepLanguage(name); link.ask("language", { name }); });
      return button;
    }));
  }
  for (const button of at("languages").children) {
    button.setAttribute("aria-pressed", String(button.dataset.language === shownLanguage()));
  }
}

function listModels() {
  showModels(models, (index) => link.ask("select", { index }));
  forgetMemory();
  if (status) show();
}

// Redraws everything that depends on the language.
function write() {
  translatePage();
  set(at("about"), t("version {version}; firmware {firmware}", { version: hello.version, firmware: hello.firmware }));
  at("unpowered").hidden = !hello.unpowered;
  set(at("unpowered"), t("The firmware does not set up {chip}, the power chip of this board: a real panel stays dark. Images: {images}.",
    { chip: hello.unpowered, images: hello.images }));
  set(at("silk"), hello.board);
  showLink(connected);
  showKeys(hello.keys);
  writeChoice(hello);
  views.showTable(hello.rows);
  views.forgetState();
  showDiagram(hello.rows);
  writeFaults(hello);
  forgetSource();
  forgetTiming();
  showTiming();
  const kept = at("speed").value; // `show` does not change it while a person is choosing
  at("speed").replaceChildren(...SPEEDS.map((speed) => new Option(speed ? `${speed}x` : t("as fast as possible"), speed)));
  at("speed").value = kept;
  listModels();
  if (intake) showIntake(intake);
  writeFull();
  writeLesson();
}

// What is over the panel while its picture stands still.
function veil({ state, paused }) {
  if (state === "OFF" || state === "STOPPED") return t("Ended: start again with {button}", { button: t("Power off and on") });
  return paused ? t("Paused") : "";
}

function show() {
  at("veil").hidden = !veil(status);
  set(at("veil"), veil(status));
  views.showFacts(status);
  views.showResults(status, hello?.colours ?? []);
  showCompare(status, models, hello?.colours ?? []);
  views.markTable(status.state);
  markDiagram(status.state);
  markModel(status.index);
  markKeys(status.down);
  showMemory(status, models);
  showFaults(status, models);
  showSource(status);
  offerPhotos(status);
  showRecording(status);
  set(at("pause"), status.paused ? t("Go on") : t("Pause"));
  at("pause").setAttribute("aria-pressed", String(status.paused));
  if (document.activeElement !== at("speed")) {
    if (![...at("speed").options].some((option) => Number(option.value) === status.speed)) {
      at("speed").add(new Option(`${status.speed}x`, status.speed));
    }
    at("speed").value = status.speed;
  }
}

const click = (id, act) => at(id).addEventListener("click", act);
click("pause", () => link.ask("pause", { on: !status?.paused }));
click("step", () => link.ask("step"));
click("notice", () => { at("notice").hidden = true; });
addEventListener("keydown", ({ key }) => { if (key === "Escape") at("notice").hidden = true; });
click("power", () => link.ask("power"));
at("speed").addEventListener("change", () => link.ask("speed", { speed: Number(at("speed").value) }));
at("table").addEventListener("toggle", views.forgetState); // a closed table could not scroll to the live rows
translatePage(); // in English until the server has sent its texts
startKeys(link.ask);
startFaults(link.ask);
startCompare(link.ask);
startRecording(link.ask);
startDrop(link, notice);
startSources(link, notice, takesModels);
startTabs(document.querySelector('[role="tablist"]'));
startFull();
startLesson();
startChoice(link.ask);
startShare();
