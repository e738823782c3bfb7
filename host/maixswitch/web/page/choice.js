// The board and its firmware: another one starts the board anew.

import { at } from "./dom.js";
import { t } from "./text.js";

let hello = null;

function fill(select, options, chosen) {
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  select.value = chosen;
}

export function writeChoice(message) {
  hello = message;
  at("exchange").hidden = !hello.boards.length;
  fill(at("choose-board"), hello.boards.map((name) => [name, name]), hello.board);
  const named = (name) => (name === hello.usual ? t("{firmware}, the usual one", { firmware: name }) : name);
  fill(at("choose-firmware"), hello.firmwares.map((name) => [name, named(name)]), hello.firmware);
}

export function startChoice(ask) {
  const change = (id, kept, fields) => at(id).addEventListener("change", ({ target }) => {
    ask("board", fields(target.value));
    target.value = hello[kept]; // until the server says that it is done
  });
  // Another board brings the firmware that it most likely has.
  change("choose-board", "board", (name) => ({ name, firmware: "" }));
  change("choose-firmware", "firmware", (firmware) => ({ name: hello.board, firmware }));
}
