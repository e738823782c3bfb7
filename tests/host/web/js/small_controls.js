([controls, least]) => [...document.querySelectorAll(controls)]
  .filter(element => element.checkVisibility() && element.getClientRects().length)
  .map(element => [element.id || element.textContent.trim(), element.getBoundingClientRect()])
  .filter(([, {width, height}]) => Math.min(width, height) < least - 0.5)
  .map(([name, {width, height}]) => `${name}: ${width.toFixed(1)} x ${height.toFixed(1)}`)
