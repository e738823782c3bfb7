// Tabs: one of their panels is shown. The arrow keys, Home and End move among them, as in every list of tabs.

function choose(tabs, chosen) {
  for (const tab of tabs) {
    tab.setAttribute("aria-selected", String(tab === chosen));
    tab.tabIndex = tab === chosen ? 0 : -1; // Tab leads to the chosen one only, and from there into its panel
    document.getElementById(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
  }
}

export function startTabs(list) {
  const tabs = [...list.querySelectorAll('[role="tab"]')];
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener("click", () => choose(tabs, tab));
    tab.addEventListener("keydown", (event) => {
      const next = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: -1 }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      const other = tabs.at(next % tabs.length);
      choose(tabs, other);
      other.focus();
    });
  }
  choose(tabs, tabs[0]);
}
