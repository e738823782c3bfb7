async address => {
  const results = {};
  results.socket = await new Promise(done => {
    const socket = new WebSocket(address.replace("http", "ws") + "live");
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
  });
  for (const [name, path, options] of [["page", "", {}], ["script", "main.js", {}], ["recording", "recording", {}],
      ["blind", "", {mode: "no-cors"}]]) {
    try {
      const answer = await fetch(address + path, options);
      results[name] = `${answer.status} ${(await answer.text()).slice(0, 20)}`;
    } catch (error) {
      results[name] = error.name;
    }
  }
  results.module = await new Promise(done => {
    const script = document.createElement("script");
    script.src = address + "text.js";
    script.onload = () => done("loaded");
    script.onerror = () => done("refused");
    document.head.append(script);
  });
  results.picture = await new Promise(done => {
    const picture = new Image();
    picture.onload = () => done("loaded");
    picture.onerror = () => done("refused");
    picture.src = address + "icon.svg";
  });
  return results;
}
