// The line to the simulator: reconnects by itself, and never queues what a person did while it was down.

const FIRST_MS = 500;
const LONGEST_MS = 8000;

export function openLink({ onText, onFrame, onState }) {
  let socket = null;
  let wait = FIRST_MS;

  function connect() {
    socket = new WebSocket(`ws://${location.host}/live`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => onState(true);
    socket.onmessage = (event) => {
      if (typeof event.data !== "string") { onFrame(event.data); return; }
      const message = JSON.parse(event.data);
      if (message.type === "hello") wait = FIRST_MS; // a page that is let in only to be refused must not try twice a second
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
    ask(what, fields = {}) { if (ready()) socket.send(JSON.stringify({ do: what, ...fields })); },
    // Four letters that say what it is, then its parts; false when the line is down.
    give(letters, ...parts) {
      if (!ready()) return false;
      socket.send(new Blob([letters, ...parts]));
      return true;
    },
    // Bytes that wait to be sent: who makes many waits for them first.
    waiting() { return ready() ? socket.bufferedAmount : Infinity; },
  };
}
