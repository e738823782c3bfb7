() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const marked = [element, element.closest("label")].filter(Boolean).some(one => {
    const style = getComputedStyle(one);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  });
  const box = (element.closest("label.button") ?? element).getBoundingClientRect();
  const seen = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  if (!element.dataset.visited) element.dataset.visited = "1";
  return {name: element.id || element.textContent.trim().slice(0, 30) || element.tagName, marked, seen};
}
