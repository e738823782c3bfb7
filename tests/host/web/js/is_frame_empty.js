address => new Promise(done => {
  const frame = document.createElement("iframe");
  frame.onload = () => setTimeout(() => done(frame.contentDocument === null), 0);
  frame.src = address;
  document.body.append(frame);
})
