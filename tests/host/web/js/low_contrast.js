([text, large]) => {
  const pen = Object.assign(document.createElement("canvas"), {width: 1, height: 1})
    .getContext("2d", {willReadFrequently: true});
  const read = colour => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => top.slice(0, 3).map((part, at) => part * top[3] + under[at] * (1 - top[3]));
  const light = colour => {
    const [r, g, b] = colour.map(part => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((one, two) => one - two);
    return (high + 0.05) / (low + 0.05);
  };
  const ground = element => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const box = at.matches("g.node") ? at.querySelector("rect") : null;
      const colour = read(box ? getComputedStyle(box).fill : getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reduceRight((under, top) => over(top, under), [255, 255, 255]);
  };
  const faults = [];
  for (const element of document.body.querySelectorAll("*")) {
    const content = [...element.childNodes].filter(node => node.nodeType === 3).map(node => node.data.trim()).join("");
    if (!content || !element.checkVisibility({visibilityProperty: true})) continue;
    if (element.closest(":disabled, .spoken, option")) continue;
    const style = getComputedStyle(element), under = ground(element), size = parseFloat(style.fontSize);
    const drawn = element instanceof SVGElement;
    const colour = over(read(drawn ? style.fill : style.color), under);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? large : text;
    const is = ratio(colour, under);
    if (is < least) faults.push(`${element.tagName} "${content.slice(0, 40)}" ${is.toFixed(2)}`);
  }
  return faults;
}
