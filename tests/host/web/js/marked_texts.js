() => [...document.querySelectorAll("[data-t], [data-t-label]")].map(element => [
  element.dataset.t ?? element.dataset.tLabel, element.dataset.t === undefined ? element.ariaLabel : element.textContent])
