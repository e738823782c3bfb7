() => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), texts = [];
  while (walk.nextNode()) texts.push(walk.currentNode.data.trim());
  return [...texts, ...[...document.querySelectorAll("[aria-label]")].map(element => element.ariaLabel)].filter(Boolean);
}
