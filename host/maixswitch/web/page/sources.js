// The picture before the board's camera: the drawn scene, a photo, an album of photos, or the webcam.

import { at, make, set } from "./dom.js";
import { watching } from "./share.js";
import { t } from "./text.js";
import { isOn, onWebcam, startWebcam, stopWebcam } from "./webcam.js";

const PICTURES = /\.(png|jpe?g|webp|bmp|gif)$/i;
const MOST_WAITING = 4 * 1024 * 1024;
const MOST_NAME = 200; // bytes: one byte holds the length
const MOST_FILES = 2000; // that are read from a dropped folder
let link = null;
let notice = () => {};
let limits = { bytes: 8 * 1024 * 1024, photos: 100, webcam: 256 * 1024 };
let desks = [];
let listed = "";
let sending = 0;

function nameOf({ kind, name, photos, chosen }) {
  if (kind === "scene") return t("the drawn scene");
  if (kind === "webcam") return t("the webcam");
  if (kind === "photo") return t("a photo");
  if (kind === "album" && chosen < 0) return t("{count} photos in turn", { count: photos.length });
  if (kind === "album") return t("photo {number} of {count}", { number: chosen + 1, count: photos.length });
  return name;
}

export function forgetSource() {
  at("laid").replaceChildren();
  listed = "";
}

function listPhotos({ photos, chosen }) {
  const list = JSON.stringify(photos), other = list !== listed;
  if (other) {
    listed = list;
    at("turn").replaceChildren(new Option(t("changes by itself"), -1), ...photos.map((name, index) => new Option(`${index + 1}. ${name}`, index)));
  }
  if (other || document.activeElement !== at("turn")) at("turn").value = chosen;
}

function deskName(what) {
  if (what === "shapes") return t("shapes");
  if (what === "digits") return t("digits");
  if (what === "colours") return t("coloured cards");
  if (what === "all") return t("everything in turn");
  return t("what suits the model");
}

function showDesk({ kind, desk }) {
  at("lay").hidden = kind !== "scene";
  const list = at("laid");
  if (!list.length) list.replaceChildren(...desks.map((what) => new Option(deskName(what), what)));
  if (document.activeElement !== list) list.value = desk;
}

export function showSource({ source }) {
  showDesk(source);
  set(at("source"), nameOf(source));
  at("scene").disabled = source.kind === "scene";
  at("album").hidden = source.photos.length < 2;
  if (source.photos.length > 1) listPhotos(source);
  showWebcam();
}

function showWebcam() {
  set(at("webcam"), isOn() ? t("Stop the webcam") : t("Use the webcam"));
  at("webcam").setAttribute("aria-pressed", String(isOn()));
}

function shorten(name) {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length <= MOST_NAME) return bytes;
  return new TextEncoder().encode(new TextDecoder().decode(bytes.slice(0, MOST_NAME)).replace(/\ufffd+$/, ""));
}

const isPicture = (file) => PICTURES.test(file.name) || (file.type.startsWith("image/") && !/svg|heic|heif|tiff/.test(file.type));

// Tells which files are refused and why; returns the others in the order of their names.
function sift(files) {
  const all = [...files];
  const pictures = all.filter(isPicture), small = pictures.filter((file) => file.size && file.size <= limits.bytes);
  const most = limits.bytes / 1024 / 1024, messages = [];
  if (pictures.length < all.length) {
    messages.push(t("{count} of {all} files are not photos; expected PNG, JPEG, WebP, BMP or GIF", { count: all.length - pictures.length, all: all.length }));
  }
  if (small.length < pictures.length) {
    messages.push(t("{count} photos are empty or larger than {most} MiB; make them smaller", { count: pictures.length - small.length, most }));
  }
  if (small.length > limits.photos) messages.push(t("only the first {most} photos are taken", { most: limits.photos }));
  if (!all.length) messages.push(t("there was no file in it"));
  if (messages.length) notice(messages.join(". "));
  return small.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true })).slice(0, limits.photos);
}

async function look(files) {
  const photos = sift(files), mine = sending += 1;
  if (!photos.length) return;
  stopWebcam();
  try {
    if (photos.length === 1) {
      link.give("MXP1", await photos[0].arrayBuffer());
      return;
    }
    link.give("MXA0");
    for (const photo of photos) {
      const bytes = await photo.arrayBuffer(), name = shorten(photo.name);
      while (mine === sending && link.waiting() > MOST_WAITING && link.waiting() !== Infinity) await new Promise((go) => { setTimeout(go, 40); });
      if (mine !== sending || !link.give("MXA1", new Uint8Array([name.length]), name, bytes)) return;
    }
  } catch (error) { // a file that was deleted or may not be read
    notice(t("a file cannot be read: {error}", { error: error.message }));
  }
}

// Returns the dropped files, also those in folders. The browser offers the entries only before the first wait.
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const files = [];
  while (entries.length && files.length < MOST_FILES) {
    const entry = entries.shift();
    if (entry.isFile) files.push(Object.assign(await new Promise((done, fail) => { entry.file(done, fail); }), { path: entry.fullPath.slice(1) }));
    else {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((done, fail) => { reader.readEntries(done, fail); });
        if (!some.length) break;
        entries.push(...some.filter(({ name }) => !name.startsWith(".")));
      }
    }
  }
  return files;
}

export function limitSources(newLimits, newDesks) {
  limits = newLimits;
  desks = newDesks;
}

// takesModels: gets the dropped files first, and returns whether it took them.
export function startSources(to, say, takesModels) {
  [link, notice] = [to, say];
  at("folder").hidden = !("webkitdirectory" in make("input"));
  for (const id of ["photo", "photos"]) {
    at(id).addEventListener("change", () => {
      const files = [...at(id).files];
      at(id).value = "";
      if (files.length) look(id === "photos" ? files.filter((file) => isPicture(file) || files.length < 2) : files);
    });
  }
  at("scene").addEventListener("click", () => { sending += 1; stopWebcam(); link.ask("scene"); });
  at("laid").addEventListener("change", () => link.ask("desk", { what: at("laid").value }));
  at("turn").addEventListener("change", () => link.ask("turn", { index: Number(at("turn").value) }));
  at("webcam").addEventListener("click", () => {
    sending += 1;
    if (isOn()) { stopWebcam(); link.ask("scene"); } else startWebcam(link, limits.webcam, notice);
  });
  onWebcam(showWebcam);
  addEventListener("pagehide", stopWebcam);
  addEventListener("dragover", (event) => { event.preventDefault(); document.body.toggleAttribute("data-drop", true); });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.removeAttribute("data-drop"); });
  addEventListener("drop", async (event) => {
    event.preventDefault();
    document.body.removeAttribute("data-drop");
    if (watching() || !event.dataTransfer?.types.includes("Files")) return;
    try {
      const files = await dropped(event.dataTransfer);
      if (!await takesModels(files)) await look(files);
    } catch (error) {
      notice(t("a file cannot be read: {error}", { error: error.message }));
    }
  });
}
