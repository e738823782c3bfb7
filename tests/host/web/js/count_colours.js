canvas => {
  const {width, height} = canvas, pen = canvas.getContext("2d");
  return [...new Set(new Uint32Array(pen.getImageData(0, 0, width, height).data.buffer))].length;
}
