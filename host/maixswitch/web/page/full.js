// Full screen for a projector: only the board and what it sees, as large as there is room.

import { at, set } from "./dom.js";
import { t } from "./text.js";

function show(on) {
  document.body.toggleAttribute("data-full", on);
  writeFull();
  dispatchEvent(new Event("resize")); // the panel takes the room that it has now
}

export function writeFull() {
  const on = document.body.hasAttribute("data-full");
  at("full").setAttribute("aria-pressed", String(on));
  set(at("full"), on ? t("Leave full screen") : t("Full screen"));
}

export function startFull() {
  at("full").addEventListener("click", () => {
    const on = !document.body.hasAttribute("data-full");
    show(on);
    // A browser that refuses still shows the large board in its window.
    if (on) document.documentElement.requestFullscreen?.().catch(() => {});
    else if (document.fullscreenElement) document.exitFullscreen();
  });
  document.addEventListener("fullscreenchange", () => show(Boolean(document.fullscreenElement)));
}
