// The recording of a run: starts and ends it, shows its size, and offers the file.

import { at, kib, set } from "./dom.js";
import { t } from "./text.js";

let now = null;
let last = null; // the last running recording that this page saw

const figures = ({ ms, frames, bytes }) =>
  t("{seconds} s, {size}, camera pictures: {frames}", { seconds: (ms / 1000).toFixed(1), frames, size: kib(bytes) });

export function showRecording({ recording }) {
  now = recording;
  const { on, ready, note } = recording;
  set(at("record"), on ? t("Stop recording") : t("Record"));
  at("record").toggleAttribute("data-on", on);
  at("record").setAttribute("aria-pressed", String(on));
  if (on) last = recording;
  set(at("record-text"), on || (ready && last) ? figures(last) : t("restarts the board and records from there"));
  at("record-note").hidden = !note;
  set(at("record-note"), note);
  at("recorded").hidden = !ready || on;
}

export function startRecording(ask) {
  at("record").addEventListener("click", () => ask("record", { on: !now?.on }));
}
