// The coefficients of a JPEG -> an image of RGB: the inverse transforms of a block to 8, 4, 2 or 1 pixels a side, the
// upsampling of colours and their conversion, as libjpeg-turbo computes them (jidctint.c, jidctred.c, jdsample.c, jdcolor.c).

import { TRANSFORMS } from "./jpeg_transforms.js";
import { newImage } from "./resize.js";

export class Planes {
  // `most` are the largest sampling factors; `isColour`: whether three components are brightness and two of colour.
  constructor(frame, most, scale, isColour) {
    this.isColour = isColour;
    this.width = Math.ceil(frame.width / scale);
    this.height = Math.ceil(frame.height / scale);
    const side = 8 / scale;
    this.planes = frame.components.map((component) => {
      const own = blockSide(component, most, side);
      const plane = transformed(component, own);
      plane.width = Math.ceil((frame.width * component.h * own) / (most.h * 8));
      plane.height = Math.ceil((frame.height * component.v * own) / (most.v * 8));
      const across = (most.h * side) / (component.h * own);
      const down = (most.v * side) / (component.v * own);
      return upsampled(plane, across, down, side > 1);
    });
  }

  image() {
    const image = newImage(this.width, this.height);
    const write = this.planes.length > 1 && this.isColour ? writeColours : writeDirect;
    write(image, this.planes);
    return image;
  }
}

// Pixels of a block: colours that are sampled at half are divided the less, so that they need no upsampling.
function blockSide({ h, v }, most, side) {
  let own = side;
  while (own < 8 && (most.h * side) % (h * own * 2) === 0 && (most.v * side) % (v * own * 2) === 0) own *= 2;
  return own;
}

function transformed({ coefficients, steps, blocksAcross, blocksDown }, side) {
  const stride = blocksAcross * side;
  const data = new Uint8ClampedArray(stride * blocksDown * side);
  const transform = TRANSFORMS[side];
  for (let row = 0; row < blocksDown; row += 1) {
    for (let column = 0; column < blocksAcross; column += 1) {
      transform(coefficients, 64 * (row * blocksAcross + column), steps, data, row * side * stride + column * side, stride);
    }
  }
  return { data, stride };
}

// Twice as many pixels across, or across and down: by a triangle filter where `smooth`, and the plane is wide enough.
function upsampled(plane, across, down, smooth) {
  const gentle = smooth && plane.width > 2;
  if (across === 1) return plane;
  if (down === 1) return doubled(plane, gentle);
  return gentle ? both(plane) : repeated(doubled(plane, false));
}

function doubled({ data, stride, width, height }, smooth) {
  const result = new Uint8Array(2 * width * height);
  for (let y = 0; y < height; y += 1) {
    const [from, to] = [y * stride, 2 * y * width];
    for (let x = 0; x < width; x += 1) {
      const here = data[from + x];
      result[to + 2 * x] = x > 0 && smooth ? (3 * here + data[from + x - 1] + 1) >> 2 : here;
      result[to + 2 * x + 1] = x < width - 1 && smooth ? (3 * here + data[from + x + 1] + 2) >> 2 : here;
    }
  }
  return { data: result, stride: 2 * width, width: 2 * width, height };
}

function repeated({ data, stride, width, height }) {
  const result = new Uint8Array(2 * stride * height);
  for (let y = 0; y < 2 * height; y += 1) {
    const from = (y >> 1) * stride;
    result.set(data.subarray(from, from + stride), y * stride);
  }
  return { data: result, stride, width, height: 2 * height };
}

function both({ data, stride, width, height }) {
  const result = new Uint8Array(4 * width * height);
  const sums = new Int32Array(width);
  for (let y = 0; y < 2 * height; y += 1) {
    const near = (y >> 1) * stride;
    const far = Math.min(Math.max((y >> 1) + (y % 2 ? 1 : -1), 0), height - 1) * stride;
    for (let x = 0; x < width; x += 1) sums[x] = 3 * data[near + x] + data[far + x];
    for (let x = 0; x < width; x += 1) {
      const to = 2 * (y * width + x);
      result[to] = (3 * sums[x] + sums[Math.max(x - 1, 0)] + 8) >> 4;
      result[to + 1] = (3 * sums[x] + sums[Math.min(x + 1, width - 1)] + 7) >> 4;
    }
  }
  return { data: result, stride: 2 * width, width: 2 * width, height: 2 * height };
}

const FIX = 65536;
const fixed = (value) => Math.floor(value * FIX + 0.5);
const half = FIX / 2;
const from128 = (make) => Int32Array.from({ length: 256 }, (_, value) => make(value - 128));
const RED = from128((cr) => (fixed(1.402) * cr + half) >> 16);
const BLUE = from128((cb) => (fixed(1.772) * cb + half) >> 16);
const GREEN_OF_CR = from128((cr) => -fixed(0.71414) * cr);
const GREEN_OF_CB = from128((cb) => -fixed(0.34414) * cb + half);
const byte = (value) => (value < 0 ? 0 : value > 255 ? 255 : value);

function eachPixel({ width, height }, [first, second, third], write) {
  for (let y = 0, to = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1, to += 3) {
      write(to, first.data[y * first.stride + x], second.data[y * second.stride + x], third.data[y * third.stride + x]);
    }
  }
}

function writeColours(image, planes) {
  const { data } = image;
  eachPixel(image, planes, (to, light, cb, cr) => {
    data[to] = byte(light + RED[cr]);
    data[to + 1] = byte(light + ((GREEN_OF_CB[cb] + GREEN_OF_CR[cr]) >> 16));
    data[to + 2] = byte(light + BLUE[cb]);
  });
}

// RGB already, or one plane of grey.
function writeDirect(image, [red, green = red, blue = red]) {
  const { data } = image;
  eachPixel(image, [red, green, blue], (to, first, second, third) => {
    data[to] = first;
    data[to + 1] = second;
    data[to + 2] = third;
  });
}
