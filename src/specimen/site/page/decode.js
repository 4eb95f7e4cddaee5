// A file -> the square picture that the model sees, as data/readers/decode.py makes it.

import { readJpeg } from "./jpeg.js";
import { depthOf, formatOf, isWhole, takeOrientation } from "./metadata.js";
import { flatten, isSideways, upright } from "./pixels.js";
import { draftScale, newImage, reduce, scaledSides, square } from "./resize.js";

const BAND = 256; // rows that are read at a time: phones limit the size of a canvas, and their memory
const WHITE_OF_16_BITS = 65535;

const failure = (code, message) => Object.assign(new Error(message), { code });

// `view` says how the model sees photos: { size, resize, white_level }. Throws errors with the codes of the server.
export async function decode(file, view, maxPixels) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const format = formatOf(bytes);
  if (!format) throw failure("not_an_image", "none of the formats BMP, JPEG, PNG, WEBP");
  if (!isWhole(bytes, format)) throw failure("damaged", "the file is truncated");
  if (depthOf(bytes, format) > 8 && (view.white_level ?? WHITE_OF_16_BITS) !== WHITE_OF_16_BITS) {
    throw failure("too_deep", `16 bits whose white is ${view.white_level}`);
  }
  const { orientation, parts } = takeOrientation(bytes, format);
  const jpeg = format === "JPEG" ? readJpeg(bytes) : null;
  if (jpeg) checkSides(jpeg, maxPixels);
  const picture = jpeg && jpegToSquare(jpeg, view, orientation);
  if (picture) return picture;
  const bitmap = await open(parts);
  try {
    checkSides(bitmap, maxPixels);
    return toSquare([bitmap.width, bitmap.height], (...band) => readBand(bitmap, ...band), { ...view, format, orientation });
  } finally {
    bitmap.close();
  }
}

function checkSides({ width, height }, maxPixels) {
  if (width * height > maxPixels) throw failure("too_many_pixels", `${width} x ${height} pixels`);
}

// Null where the data are damaged.
export function jpegToSquare(jpeg, { size, resize }, orientation) {
  const [scaled, scale] = sizes([jpeg.width, jpeg.height], size, resize, orientation);
  const image = jpeg.decode(scale);
  return image && square(upright(image, orientation), scaled, size);
}

// To which sides a stored image is scaled once it is upright, and by what a JPEG is divided while it is decoded.
function sizes(sides, size, resize, orientation) {
  const turned = isSideways(orientation);
  const scaled = scaledSides(turned ? sides.toReversed() : sides, size, resize);
  return [scaled, draftScale(sides, turned ? scaled.toReversed() : scaled)];
}

async function open(parts) {
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  try {
    return await createImageBitmap(new Blob(parts), options);
  } catch (error) {
    throw failure("damaged", String(error));
  }
}

function readBand(bitmap, top, height) {
  const canvas = new OffscreenCanvas(bitmap.width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  context.imageSmoothingEnabled = false;
  context.drawImage(bitmap, 0, top, bitmap.width, height, 0, 0, bitmap.width, height);
  return context.getImageData(0, 0, bitmap.width, height);
}

// From a stored image of these sides, read band by band as RGBA, to the square.
export function toSquare(sides, read, { size, resize, format, orientation }) {
  const [scaled, divisor] = sizes(sides, size, resize, orientation);
  // A JPEG that libjpeg decodes to 1/2, 1/4 or 1/8: each pixel is then about the mean of 2 x 2, 4 x 4 or 8 x 8.
  const scale = format === "JPEG" ? divisor : 1;
  const image = newImage(...sides.map((side) => Math.ceil(side / scale)));
  for (let top = 0; top < sides[1]; top += BAND) {
    const band = reduce(flatten(read(top, Math.min(BAND, sides[1] - top))), [scale, scale]);
    image.data.set(band.data, 3 * (top / scale) * image.width);
  }
  return square(upright(image, orientation), scaled, size);
}
