named => [...document.querySelectorAll(named)].filter(element => element.checkVisibility())
  .filter(element => !(element.ariaLabel || element.textContent.trim() || element.labels?.[0]?.textContent.trim()
    || document.getElementById(element.getAttribute("aria-labelledby"))?.textContent.trim()))
  .map(element => element.outerHTML.slice(0, 80))
