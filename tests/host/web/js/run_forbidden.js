async address => {
  const results = [];
  try { await fetch(address, {mode: "no-cors"}); results.push("fetched"); } catch { results.push("refused"); }
  const inline = document.createElement("script");
  inline.textContent = "document.title = 'inline'";
  document.head.append(inline);
  results.push(document.title);
  return results;
}
