() => [...document.querySelectorAll("a[href], button, select, input, summary, [tabindex='0']")]
  .filter(element => !element.disabled && element.checkVisibility() && !element.closest(".spoken, [role=tab][aria-selected=false]") && !element.dataset.visited)
  .map(element => element.id || element.textContent.trim())
