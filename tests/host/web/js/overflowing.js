() => [...document.querySelectorAll("body *")].filter(element => {
  const box = element.getBoundingClientRect();
  if (!box.width || !element.checkVisibility() || element.closest(".slide, .scroll, .skip, .spoken, #events")) return false;
  return box.right > document.documentElement.clientWidth + 1 || box.left < -1;
}).map(element => element.id || `${element.tagName} ${element.textContent.trim().slice(0, 30)}`)
