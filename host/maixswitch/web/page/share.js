// An address for a class: shows the owner its QR code, and tells a page that only watches what it cannot do.

import { at, draw, set } from "./dom.js";
import { t } from "./text.js";

let shared = null; // {url, control, rows} on the owner's page if there is such an address

export const watching = () => document.body.hasAttribute("data-watch");

// Black on white by day and night: a camera needs the contrast.
function qr(rows) {
  const size = rows.length;
  const path = rows.flatMap((row, y) => [...row].map((dark, x) => (dark === "1" ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return draw("svg", { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": t("QR code of the address"), "shape-rendering": "crispEdges" },
    draw("rect", { width: size, height: size, fill: "#fff" }), draw("path", { d: path, fill: "#000" }));
}

export function showShare({ watch, share }) {
  shared = share;
  document.body.toggleAttribute("data-watch", watch);
  at("watching").hidden = !watch;
  at("share-open").hidden = !shared;
  if (!shared) return;
  at("share-code").replaceChildren(qr(shared.rows));
  set(at("share-url"), shared.url);
  set(at("share-text"), shared.control
    ? t("Whoever opens this address sees the board, presses its keys and uses everything on the page.")
    : t("Whoever opens this address sees the board and cannot change anything."));
}

export function startShare() {
  const box = at("share"), button = at("share-open");
  button.addEventListener("click", () => { box.showModal(); at("share-title").focus(); });
  at("share-close").addEventListener("click", () => box.close());
  box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
  for (const kind of ["keydown", "keyup"]) box.addEventListener(kind, (event) => event.stopPropagation());
  box.addEventListener("close", () => button.focus());
}
