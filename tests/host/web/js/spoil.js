() => {
  const at = id => document.getElementById(id);
  at("fact-model").style.color = "#888a";
  at("step").style.minHeight = at("step").style.height = "20px";
  at("source").style.cssText = "display: inline-block; width: 3000px";
  at("pause").style.outline = "none";
  at("heal").tabIndex = -1;
}
