// JPEG files -> pixels, with the whole numbers of libjpeg-turbo, and at once to 1/2, 1/4 or 1/8 of the size as Pillow lets
// it. Browsers decode the whole photo, each in its own way, and what is then left differs from Python's.
//
// Source: ITU-T T.81. What it does not read (CMYK, 12 bits, arithmetic coding, odd sampling, damaged data) is null, and
// left to the browser.

import { Planes } from "./jpeg_planes.js";
import { DamagedJpeg, decodeScan, ZIGZAG } from "./jpeg_scans.js";

const [BASELINE, EXTENDED, PROGRESSIVE] = [0xc0, 0xc1, 0xc2];

// { width, height, decode(scale) } of a JPEG that is not turned, or null.
export function readJpeg(bytes) {
  try {
    const file = new JpegFile(bytes);
    return file.isReadable() ? file : null;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return null;
  }
}

class JpegFile {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.marks = { jfif: false, transform: null };
    this.frame = null;
    this.#segments(() => null);
    [this.width, this.height] = this.frame ? [this.frame.width, this.frame.height] : [0, 0];
  }

  isReadable() {
    const { frame } = this;
    if (!frame || frame.precision !== 8 || !frame.width || !frame.height) return false;
    if (![BASELINE, EXTENDED, PROGRESSIVE].includes(frame.kind) || ![1, 3].includes(frame.components.length)) return false;
    const [first, ...others] = frame.components;
    if (!others.length) return true;
    // Colours as fine as brightness (4:4:4), or at half across (4:2:2), or across and down (4:2:0).
    return ["1x1", "2x1", "2x2"].includes(`${first.h}x${first.v}`) && others.every(({ h, v }) => h === 1 && v === 1);
  }

  // Return the image divided by 1, 2, 4 or 8, or null where the data are damaged.
  decode(scale) {
    const { frame } = this;
    if (frame.components.length === 1) Object.assign(frame.components[0], { h: 1, v: 1 });
    const most = { h: Math.max(...frame.components.map(({ h }) => h)), v: Math.max(...frame.components.map(({ v }) => v)) };
    frame.across = Math.ceil(frame.width / (8 * most.h));
    frame.down = Math.ceil(frame.height / (8 * most.v));
    for (const component of frame.components) {
      component.width = Math.ceil((frame.width * component.h) / most.h);
      component.height = Math.ceil((frame.height * component.v) / most.v);
      component.blocksAcross = frame.across * component.h;
      component.blocksDown = frame.down * component.v;
      component.coefficients = new Int16Array(64 * component.blocksAcross * component.blocksDown);
    }
    this.tables = { dc: [], ac: [], quantisation: [], restart: 0 };
    try {
      this.#segments((scan) => decodeScan(this.bytes, frame, this.tables, scan));
    } catch (error) {
      if (!(error instanceof DamagedJpeg || error instanceof RangeError)) throw error;
      return null;
    }
    return new Planes(frame, most, scale, this.#isColour()).image();
  }

  // As libjpeg guesses it.
  #isColour() {
    if (this.marks.jfif || this.frame.components.length === 1) return true;
    if (this.marks.transform !== null) return this.marks.transform !== 0;
    return String.fromCharCode(...this.frame.components.map(({ id }) => id)) !== "RGB";
  }

  // Read the segments; `onScan` decodes a scan and returns where its data end.
  #segments(onScan) {
    const { bytes, view } = this;
    for (let at = 2; at < bytes.length; ) {
      if (bytes[at] !== 0xff) at += 1;
      else if (bytes[at + 1] === 0xff) at += 1;
      else if (bytes[at + 1] === 0xd9) return;
      else if (bytes[at + 1] < 0xc0 || (bytes[at + 1] >= 0xd0 && bytes[at + 1] <= 0xd8)) at += 2;
      else {
        const end = at + 2 + view.getUint16(at + 2);
        const next = this.#segment(bytes[at + 1], at + 4, end, onScan);
        if (next === null) return;
        at = next ?? end;
      }
    }
  }

  #segment(marker, start, end, onScan) {
    const { bytes, view } = this;
    const text = String.fromCharCode(...bytes.subarray(start, start + 5));
    if (marker === 0xe0 && text === "JFIF\0") this.marks.jfif = true;
    else if (marker === 0xee && text === "Adobe") this.marks.transform = bytes[start + 11];
    else if (marker === 0xda) return onScan(this.#scan(start, end));
    else if (marker === 0xdb && this.tables) this.#quantisation(start, end);
    else if (marker === 0xc4 && this.tables) this.#huffman(start, end);
    else if (marker === 0xdd && this.tables) this.tables.restart = view.getUint16(start);
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker) && !this.frame) this.#start(marker, start);
    return undefined;
  }

  #start(kind, start) {
    const { bytes, view } = this;
    const components = Array.from({ length: bytes[start + 5] }, (_, index) => {
      const [id, sampling, table] = bytes.subarray(start + 6 + 3 * index);
      return { id, h: sampling >> 4, v: sampling & 15, table };
    });
    const [height, width] = [view.getUint16(start + 1), view.getUint16(start + 3)];
    this.frame = { kind, progressive: kind === PROGRESSIVE, precision: bytes[start], height, width, components };
  }

  #scan(start, end) {
    const { bytes } = this;
    const count = bytes[start];
    if (!this.tables) return null;
    const parts = Array.from({ length: count }, (_, index) => {
      const [id, tables] = bytes.subarray(start + 1 + 2 * index);
      const component = this.frame.components.find((one) => one.id === id);
      // libjpeg takes the table that is there when the first scan of a component begins.
      component.steps ??= this.tables.quantisation[component.table];
      return { component, dc: this.tables.dc[tables >> 4], ac: this.tables.ac[tables & 15] };
    });
    const [first, last, bits] = bytes.subarray(end - 3, end);
    return { parts, first, last, high: bits >> 4, low: bits & 15, start: end };
  }

  #quantisation(start, end) {
    const { bytes, view } = this;
    for (let at = start; at < end; ) {
      const [wide, id] = [bytes[at] >> 4, bytes[at] & 15];
      const steps = new Int32Array(64);
      ZIGZAG.forEach((place, index) => {
        steps[place] = wide ? view.getUint16(at + 1 + 2 * index) : bytes[at + 1 + index];
      });
      this.tables.quantisation[id] = steps;
      at += wide ? 129 : 65;
    }
  }

  #huffman(start, end) {
    const { bytes } = this;
    for (let at = start; at < end; ) {
      const lengths = bytes.subarray(at + 1, at + 17);
      const count = lengths.reduce((sum, one) => sum + one, 0);
      const values = bytes.subarray(at + 17, at + 17 + count);
      this.tables[bytes[at] >> 4 ? "ac" : "dc"][bytes[at] & 15] = lookup(lengths, values);
      at += 17 + count;
    }
  }
}

// By the next 16 bits: the length of the code in them, times 256, and its value; 0 where there is none.
function lookup(lengths, values) {
  const table = new Uint16Array(1 << 16);
  let code = 0;
  let next = 0;
  lengths.forEach((count, index) => {
    for (let one = 0; one < count; one += 1, code += 1, next += 1) {
      table.fill(((index + 1) << 8) | values[next], code << (15 - index), (code + 1) << (15 - index));
    }
    code <<= 1;
  });
  return table;
}
