controls => [...document.querySelectorAll(controls)].filter(element => element.checkVisibility() && !element.disabled).map(element => {
  const style = getComputedStyle(element);
  const grounds = [];
  for (let at = element.parentElement; at; at = at.parentElement) grounds.push(getComputedStyle(at).backgroundColor);
  return [element.id || element.textContent, style.borderTopWidth, style.borderTopColor, style.backgroundColor, ...grounds];
})
