// Pixels as the browser has them, RGBA -> RGB as Pillow has them: transparency onto white, and turned upright.

import { newImage } from "./resize.js";

// Image.alpha_composite onto white, with Pillow's whole numbers.
export function flatten({ width, height, data }) {
  const image = newImage(width, height);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    const alpha = data[from + 3];
    for (let channel = 0; channel < 3; channel += 1) {
      image.data[to + channel] = alpha === 255 ? data[from + channel] : onWhite(data[from + channel], alpha);
    }
  }
  return image;
}

function onWhite(value, alpha) {
  if (alpha === 0) return 255;
  const share = Math.trunc((alpha * 255 * 255 * 128) / (alpha * 255 + 255 * (255 - alpha)));
  const sum = value * share + 255 * (255 * 128 - share) + (128 << 7);
  return ((sum >> 8) + sum) >> 8 >> 7;
}

// How each EXIF orientation finds the pixel for a place of the upright image, in a stored image of W x H.
const TURNS = {
  2: (x, y, W) => [W - 1 - x, y],
  3: (x, y, W, H) => [W - 1 - x, H - 1 - y],
  4: (x, y, W, H) => [x, H - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y, W, H) => [y, H - 1 - x],
  7: (x, y, W, H) => [W - 1 - y, H - 1 - x],
  8: (x, y, W) => [W - 1 - y, x],
};

export const isSideways = (orientation) => orientation >= 5 && orientation <= 8;

export function upright(image, orientation) {
  const turn = TURNS[orientation];
  if (!turn) return image;
  const { width, height, data } = image;
  const result = isSideways(orientation) ? newImage(height, width) : newImage(width, height);
  const [x0, y0] = turn(0, 0, width, height);
  const [right, below] = [turn(1, 0, width, height), turn(0, 1, width, height)];
  const stepRight = 3 * (right[0] - x0 + (right[1] - y0) * width);
  const stepDown = 3 * (below[0] - x0 + (below[1] - y0) * width);
  for (let y = 0, to = 0; y < result.height; y += 1) {
    let from = 3 * (y0 * width + x0) + y * stepDown;
    for (let x = 0; x < result.width; x += 1, to += 3, from += stepRight) {
      result.data[to] = data[from];
      result.data[to + 1] = data[from + 1];
      result.data[to + 2] = data[from + 2];
    }
  }
  return result;
}
