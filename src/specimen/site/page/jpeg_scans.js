// The coded data of a JPEG -> the coefficients of its blocks (ITU-T T.81, annexes F and G).

// The order in which a block is stored.
export const ZIGZAG = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35, 42,
  49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];
export class DamagedJpeg extends Error {}
const damaged = (message) => new DamagedJpeg(message);

// Decode one scan into the coefficients of its components; return where its data end.
export function decodeScan(bytes, frame, tables, scan) {
  const bits = new Bits(bytes, scan.start);
  const block = frame.progressive ? progressive(bits, scan) : sequential(bits);
  const reset = () => {
    for (const part of scan.parts) part.before = 0;
    bits.run = 0;
  };
  reset();
  const units = scan.parts.length > 1 ? interleaved(frame, scan) : alone(scan.parts[0]);
  let left = tables.restart;
  for (let unit = 0; unit < units.count; unit += 1) {
    if (tables.restart && left === 0) {
      bits.restart();
      reset();
      left = tables.restart;
    }
    units.each(unit, block);
    left -= 1;
  }
  return bits.end();
}

// Units of several components have all blocks of a part of the picture.
function interleaved(frame, { parts }) {
  const each = (unit, block) => {
    const row = Math.floor(unit / frame.across);
    const column = unit - row * frame.across;
    for (const part of parts) {
      const { component } = part;
      for (let y = 0; y < component.v; y += 1) {
        const start = (row * component.v + y) * component.blocksAcross + column * component.h;
        for (let x = 0; x < component.h; x += 1) block(part, 64 * (start + x));
      }
    }
  };
  return { count: frame.across * frame.down, each };
}

// Of one component, a unit is a block, and those beyond the picture are left out.
function alone(part) {
  const { width, height, blocksAcross } = part.component;
  const across = Math.ceil(width / 8);
  const each = (unit, block) => {
    const row = Math.floor(unit / across);
    block(part, 64 * (row * blocksAcross + unit - row * across));
  };
  return { count: across * Math.ceil(height / 8), each };
}

class Bits {
  constructor(bytes, start) {
    this.bytes = bytes;
    this.at = start;
    this.buffer = 0;
    this.count = 0;
    this.missing = 0; // zeros that stand for bits behind the end
    this.run = 0; // blocks that are at their end already
  }

  // At least 16 bits in the buffer.
  fill() {
    while (this.count <= 16) {
      let byte = this.bytes[this.at];
      if (byte === 0xff && this.bytes[this.at + 1] !== 0) byte = undefined; // a marker
      if (byte === undefined) {
        byte = 0;
        this.missing += 8;
      } else this.at += byte === 0xff ? 2 : 1;
      this.buffer = (this.buffer << 8) | byte;
      this.count += 8;
    }
  }

  // The value of the next code of a table.
  code(table) {
    if (this.count < 16) this.fill();
    const entry = table[(this.buffer >>> (this.count - 16)) & 0xffff];
    if (!entry) throw damaged("no such code");
    this.count -= entry >> 8;
    return entry & 255;
  }

  take(count) {
    if (!count) return 0;
    if (this.count < count) this.fill();
    this.count -= count;
    return (this.buffer >>> this.count) & ((1 << count) - 1);
  }

  // A number of so many bits, with its sign.
  number(count) {
    const value = this.take(count);
    return count && value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
  }

  restart() {
    this.check();
    if (this.bytes[this.at] !== 0xff || (this.bytes[this.at + 1] & 0xf8) !== 0xd0) throw damaged("no restart");
    this.at += 2;
    [this.buffer, this.count, this.missing] = [0, 0, 0];
  }

  end() {
    this.check();
    return this.at;
  }

  check() {
    if (this.missing > this.count) throw damaged("bits are missing");
    // What is left over is at most the rest of a byte.
    if (this.count - this.missing >= 8) throw damaged("bits are left over");
  }
}

function sequential(bits) {
  return (part, at) => {
    const { coefficients } = part.component;
    part.before += bits.number(bits.code(part.dc));
    coefficients[at] = part.before;
    for (let index = 1; index < 64; index += 1) {
      const code = bits.code(part.ac);
      const [zeros, size] = [code >> 4, code & 15];
      if (!size && zeros < 15) return;
      index += zeros;
      if (size) coefficients[at + placeOf(index)] = bits.number(size);
    }
  };
}

function placeOf(index) {
  if (index > 63) throw damaged("a block is too long");
  return ZIGZAG[index];
}

// A progressive scan brings some coefficients, or one more bit of each.
function progressive(bits, scan) {
  if (scan.first === 0) return scan.high === 0 ? firstDc(bits, scan) : nextDc(bits, scan);
  return scan.high === 0 ? firstAc(bits, scan) : nextAc(bits, scan);
}

function firstDc(bits, { low }) {
  return (part, at) => {
    part.before += bits.number(bits.code(part.dc));
    part.component.coefficients[at] = part.before << low;
  };
}

function nextDc(bits, { low }) {
  return (part, at) => {
    if (bits.take(1)) part.component.coefficients[at] |= 1 << low;
  };
}

function firstAc(bits, { first, last, low }) {
  return (part, at) => {
    if (bits.run > 0) {
      bits.run -= 1;
      return;
    }
    for (let index = first; index <= last; index += 1) {
      const code = bits.code(part.ac);
      const [zeros, size] = [code >> 4, code & 15];
      if (!size && zeros < 15) {
        bits.run = (1 << zeros) + bits.take(zeros) - 1;
        return;
      }
      index += zeros;
      if (size) part.component.coefficients[at + placeOf(index)] = bits.number(size) << low;
    }
  };
}

function nextAc(bits, { first, last, low }) {
  const step = 1 << low;
  // One more bit of a coefficient that is not zero.
  const refine = (coefficients, at) => {
    if (bits.take(1) && !(Math.abs(coefficients[at]) & step)) coefficients[at] += coefficients[at] > 0 ? step : -step;
  };
  return ({ component: { coefficients }, ac }, at) => {
    let index = first;
    while (index <= last && bits.run === 0) {
      const code = bits.code(ac);
      let zeros = code >> 4;
      let value = 0;
      if (code & 15) value = bits.take(1) ? step : -step;
      else if (zeros < 15) {
        bits.run = (1 << zeros) + bits.take(zeros);
        break;
      }
      for (; index <= last; index += 1) {
        const place = at + ZIGZAG[index];
        if (coefficients[place]) refine(coefficients, place);
        else if (zeros === 0) {
          coefficients[place] = value;
          break;
        } else zeros -= 1;
      }
      index += 1;
    }
    if (bits.run === 0) return;
    for (; index <= last; index += 1) {
      if (coefficients[at + ZIGZAG[index]]) refine(coefficients, at + ZIGZAG[index]);
    }
    bits.run -= 1;
  };
}
