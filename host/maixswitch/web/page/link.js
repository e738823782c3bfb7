// The connection to the simulator: reconnects by itself, and drops what a person does while it is down.

import { watching } from "./share.js";
import { keptLanguage } from "./text.js";

const FIRST_MS = 500;
const LONGEST_MS = 8000;

export function openLink({ onText, onFrame, onState }) {
  let socket = null;
  let wait = FIRST_MS;

  function connect() {
    socket = new WebSocket(`ws://${location.host}/live?language=${encodeURIComponent(keptLanguage())}`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => onState(true);
    socket.onmessage = (event) => {
      if (typeof event.data !== "string") { onFrame(event.data); return; }
      const message = JSON.parse(event.data);
      if (message.type === "hello") wait = FIRST_MS; // a page that is accepted only to be refused must not retry twice a second
      onText(message);
    };
    socket.onclose = () => {
      onState(false);
      setTimeout(connect, wait);
      wait = Math.min(wait * 2, LONGEST_MS);
    };
  }

  connect();
  const ready = () => socket && socket.readyState === WebSocket.OPEN;
  return {
    // The server refuses all else from a page that only watches.
    ask(command, fields = {}) { if (ready() && (!watching() || command === "language")) socket.send(JSON.stringify({ do: command, ...fields })); },
    // Sends four letters that name the kind of message, then its parts; returns false without a connection.
    give(letters, ...parts) {
      if (!ready() || watching()) return false;
      socket.send(new Blob([letters, ...parts]));
      return true;
    },
    // Returns the bytes that wait to be sent: a sender of many bytes waits for them first.
    waiting() { return ready() ? socket.bufferedAmount : Infinity; },
  };
}
