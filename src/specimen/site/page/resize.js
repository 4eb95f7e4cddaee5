// From the pixels of a photo to the square that the model sees, as Pillow and data/readers/decode.py make it: the same
// filter, with the same whole numbers. Tests compare the levels with Pillow's.
//
// An image is { width, height, data }, with three bytes of RGB for each pixel.

const REDUCING_GAP = 2; // as decode.py has it
const BITS = 22; // of the fractions of Pillow's coefficients

export const newImage = (width, height) => ({ width, height, data: new Uint8Array(3 * width * height) });

// Python rounds halves to the even neighbour.
export function roundHalfEven(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  return floor + (rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? 1 : 0);
}

// [width, height] to which an upright photo of these sides is scaled, before it is padded or cropped.
export function scaledSides([width, height], size, resize) {
  if (resize === "stretch") return [size, size];
  const scale = size / (resize === "pad" ? Math.max(width, height) : Math.min(width, height));
  return [width, height].map((side) => Math.max(1, roundHalfEven(side * scale)));
}

// By which of 1, 2, 4 and 8 Pillow lets a JPEG of the stored sides be divided while it is decoded.
export function draftScale(sides, scaled) {
  const most = Math.min(Math.floor(sides[0] / scaled[0]), Math.floor(sides[1] / scaled[1]));
  return [8, 4, 2].find((scale) => most >= scale) ?? 1;
}

// Scale an upright image, then pad it with black or, where it is larger than the square, keep its centre.
export function square(image, scaled, size) {
  const inner = scaled.map((side) => Math.min(side, size));
  const width = (image.width * inner[0]) / scaled[0];
  const height = (image.height * inner[1]) / scaled[1];
  const left = (image.width - width) / 2;
  const top = (image.height - height) / 2;
  const part = resample(image, inner, [left, top, left + width, top + height]);
  if (part.width === size && part.height === size) return part;
  const result = newImage(size, size);
  const x = Math.floor((size - part.width) / 2);
  const y = Math.floor((size - part.height) / 2);
  for (let row = 0; row < part.height; row += 1) {
    const line = part.data.subarray(3 * row * part.width, 3 * (row + 1) * part.width);
    result.data.set(line, 3 * ((y + row) * size + x));
  }
  return result;
}

// Image.resize(sides, BILINEAR, box, reducing_gap): a large image is first divided by whole numbers.
function resample(image, sides, box) {
  const [width, height] = sides;
  if (image.width === width && image.height === height && box[0] === 0 && box[1] === 0) return image;
  const spans = [box[2] - box[0], box[3] - box[1]];
  const factors = spans.map((span, axis) => Math.trunc(span / sides[axis] / REDUCING_GAP) || 1);
  if (factors[0] === 1 && factors[1] === 1) return convolve(image, sides, box);
  const rims = spans.map((span, axis) => (0.5 * span) / sides[axis]); // the filter's support of 1 is half a pixel more
  const safe = [
    Math.max(0, Math.trunc(box[0] - rims[0])),
    Math.max(0, Math.trunc(box[1] - rims[1])),
    Math.min(image.width, Math.ceil(box[2] + rims[0])),
    Math.min(image.height, Math.ceil(box[3] + rims[1])),
  ];
  const smaller = reduce(image, factors, safe);
  const inside = box.map((edge, index) => (edge - safe[index % 2]) / factors[index % 2]);
  return convolve(smaller, sides, inside);
}

// Image.reduce: the mean of each cell of pixels, of fewer at the right and lower rims.
export function reduce(image, [across, down], [left, top, right, bottom] = [0, 0, image.width, image.height]) {
  const result = newImage(Math.ceil((right - left) / across), Math.ceil((bottom - top) / down));
  const { data } = image;
  for (let y = 0; y < result.height; y += 1) {
    const firstRow = top + y * down;
    const lastRow = Math.min(firstRow + down, bottom);
    for (let x = 0; x < result.width; x += 1) {
      const first = left + x * across;
      const last = Math.min(first + across, right);
      const count = (last - first) * (lastRow - firstRow);
      let [red, green, blue] = [count >> 1, count >> 1, count >> 1];
      for (let row = firstRow; row < lastRow; row += 1) {
        const end = 3 * (row * image.width + last);
        for (let at = 3 * (row * image.width + first); at < end; at += 3) {
          red += data[at];
          green += data[at + 1];
          blue += data[at + 2];
        }
      }
      // Pillow multiplies and shifts where others divide.
      const multiplier = Math.trunc(Math.fround(2 ** 32 / Math.fround(256 * count)));
      const to = 3 * (y * result.width + x);
      result.data[to] = (red * multiplier) / 2 ** 24;
      result.data[to + 1] = (green * multiplier) / 2 ** 24;
      result.data[to + 2] = (blue * multiplier) / 2 ** 24;
    }
  }
  return result;
}

// The two passes of Pillow's resampling: across, rounded to bytes, then down. Where it is faster, Pillow begins with down;
// rounded there, a level may be another by 1.
function convolve(image, [width, height], box) {
  const [left, top, right, bottom] = box.map(Math.fround);
  const rows = filters(image.height, top, bottom, height);
  let result = image;
  if (width !== image.width || left !== 0 || right !== width) {
    result = across(image, filters(image.width, left, right, width), rows);
  }
  return height !== image.height || top !== 0 || bottom !== height ? down(result, rows) : result;
}

// For each pixel of the result, the first pixel that it is made of, and their shares as whole numbers.
function filters(length, from, to, count) {
  const scale = Math.fround(to - from) / count;
  const support = Math.max(scale, 1);
  return Array.from({ length: count }, (_, index) => {
    const centre = from + (index + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const last = Math.min(length, Math.trunc(centre + support + 0.5));
    const shares = new Float64Array(last - first);
    let sum = 0;
    for (let at = 0; at < shares.length; at += 1) {
      shares[at] = Math.max(0, 1 - Math.abs((at + first - centre + 0.5) * (1 / support)));
      sum += shares[at];
    }
    const whole = Int32Array.from(shares, (share) => Math.trunc(0.5 + (sum ? share / sum : share) * 2 ** BITS));
    return { first, shares: whole };
  });
}

function across(image, columns, rows) {
  const result = newImage(columns.length, image.height);
  const start = rows[0].first;
  const end = rows.at(-1).first + rows.at(-1).shares.length;
  for (let y = start; y < end; y += 1) {
    columns.forEach(({ first, shares }, x) => {
      mix(result.data, 3 * (y * result.width + x), image.data, 3 * (y * image.width + first), 3, shares);
    });
  }
  return result;
}

function down(image, rows) {
  const result = newImage(image.width, rows.length);
  const line = 3 * image.width;
  rows.forEach(({ first, shares }, y) => {
    for (let x = 0; x < line; x += 3) mix(result.data, y * line + x, image.data, first * line + x, line, shares);
  });
  return result;
}

// Write the weighted sum of pixels that are `step` bytes apart.
function mix(to, place, from, start, step, shares) {
  let red = 1 << (BITS - 1);
  let [green, blue] = [red, red];
  for (let at = start, index = 0; index < shares.length; index += 1, at += step) {
    const share = shares[index];
    red += from[at] * share;
    green += from[at + 1] * share;
    blue += from[at + 2] * share;
  }
  to[place] = Math.min(red >> BITS, 255);
  to[place + 1] = Math.min(green >> BITS, 255);
  to[place + 2] = Math.min(blue >> BITS, 255);
}
