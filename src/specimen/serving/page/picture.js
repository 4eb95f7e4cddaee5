// The photo as the model sees it, and what the model looked at drawn over it.

export const SIDE = 480; // pixels of the square, for screens with two to a point

// From cold to hot, as (share, red, green, blue, opacity); dark at the low end, so that the hot parts stand out.
const STOPS = [
  [0, 20, 11, 53, 0.4],
  [0.35, 120, 28, 109, 0.45],
  [0.7, 237, 105, 37, 0.55],
  [1, 252, 255, 164, 0.65],
];

// Fit a picture into the square as `prepare.resize` does: pad, crop or stretch.
export async function drawPhoto(canvas, source, resize) {
  const picture = await createImageBitmap(source);
  const scale = resize === "crop" ? Math.max : Math.min;
  const factor = scale(SIDE / picture.width, SIDE / picture.height);
  const [width, height] = resize === "stretch" ? [SIDE, SIDE] : [picture.width * factor, picture.height * factor];
  canvas.width = SIDE;
  canvas.height = SIDE;
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
  picture.close();
}

export function drawHeat(canvas, heat) {
  const cells = heat.length;
  const most = Math.max(...heat.flat());
  const small = new OffscreenCanvas(cells, cells);
  const pixels = new ImageData(cells, cells);
  heat.flat().forEach((value, index) => pixels.data.set(colour(most > 0 ? value / most : 0), index * 4));
  small.getContext("2d").putImageData(pixels, 0, 0);
  canvas.width = SIDE;
  canvas.height = SIDE;
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, SIDE, SIDE);
}

function colour(share) {
  const next = Math.max(1, STOPS.findIndex(([stop]) => stop >= share));
  const [from, to] = [STOPS[next - 1], STOPS[next]];
  const part = (share - from[0]) / (to[0] - from[0]);
  const [red, green, blue, opacity] = [1, 2, 3, 4].map((i) => from[i] + part * (to[i] - from[i]));
  return [red, green, blue, opacity * 255];
}

// Which of nine places (top left, top, ... bottom right) holds the hottest cell, and how hot it is.
export function hottest(heat) {
  const flat = heat.flat();
  const most = Math.max(...flat);
  const index = flat.indexOf(most);
  const third = (position) => Math.min(2, Math.floor((3 * (position + 0.5)) / heat.length));
  return { most, place: 3 * third(Math.floor(index / heat.length)) + third(index % heat.length) };
}
