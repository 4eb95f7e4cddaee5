// The photo as the model sees it, and the heat map of what the model looked at, drawn over it.

export const SIDE = 480; // pixels of the square, for screens with two to a point

// From cold to hot, as [share, red, green, blue, opacity]; dark at the low end, so that the hot parts stand out.
const STOPS = [
  [0, 20, 11, 53, 0.4],
  [0.35, 120, 28, 109, 0.45],
  [0.7, 237, 105, 37, 0.55],
  [1, 252, 255, 164, 0.65],
];

// Fit a photo into the square as `prepare.resize` does: pad, crop or stretch.
export async function drawPhoto(canvas, source, resize) {
  const photo = await createImageBitmap(source);
  const scale = resize === "crop" ? Math.max : Math.min;
  const factor = scale(SIDE / photo.width, SIDE / photo.height);
  const [width, height] = resize === "stretch" ? [SIDE, SIDE] : [photo.width * factor, photo.height * factor];
  drawingContext(canvas).drawImage(photo, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
  photo.close();
}

// `heat` has the rows of the heat map from the top.
export function drawHeatMap(canvas, heat) {
  const cells = heat.length;
  const hottest = Math.max(...heat.flat());
  const small = new OffscreenCanvas(cells, cells);
  const pixels = new ImageData(cells, cells);
  heat.flat().forEach((value, index) => pixels.data.set(colour(hottest > 0 ? value / hottest : 0), index * 4));
  small.getContext("2d").putImageData(pixels, 0, 0);
  drawingContext(canvas).drawImage(small, 0, 0, SIDE, SIDE);
}

function drawingContext(canvas) {
  canvas.width = SIDE;
  canvas.height = SIDE;
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  return context;
}

function colour(share) {
  const next = Math.max(1, STOPS.findIndex(([stop]) => stop >= share));
  const [from, to] = [STOPS[next - 1], STOPS[next]];
  const weight = (share - from[0]) / (to[0] - from[0]);
  const [red, green, blue, opacity] = [1, 2, 3, 4].map((i) => from[i] + weight * (to[i] - from[i]));
  return [red, green, blue, opacity * 255];
}

// Which of nine regions (0 top left, 1 top, ... 8 bottom right) has the hottest cell.
export function hottestRegion(heat) {
  const values = heat.flat();
  const index = values.indexOf(Math.max(...values));
  const third = (cell) => Math.min(2, Math.floor((3 * (cell + 0.5)) / heat.length));
  return 3 * third(Math.floor(index / heat.length)) + third(index % heat.length);
}
