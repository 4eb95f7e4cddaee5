// The inverse cosine transforms of libjpeg: from the 64 coefficients of a block to 8 x 8, 4 x 4, 2 x 2 pixels, or one.
//
// The algorithm is that of C. Loeffler, A. Ligtenberg and G. Moschytz, "Practical fast 1-D DCT algorithms with 11
// multiplications", ICASSP 1989; the smaller ones give the means of its neighbouring results. Constants have 13 bits after the
// point, results of the first pass 2, so that each sum is rounded as in libjpeg.

const BITS = 13;
const PASS_BITS = 2;
const fix = (value) => Math.round(value * (1 << BITS));
const round = (value, bits) => (value + (1 << (bits - 1))) >> bits;
const work = new Int32Array(64);

// Columns first, then rows; the second pass also divides by 8. `line` reads 8 values and writes `side`.
function twoPasses(side, line, columns) {
  const extra = Math.log2(8 / side);
  return (coefficients, at, steps, pixels, place, stride) => {
    for (const column of columns) {
      line((row) => coefficients[at + 8 * row + column] * steps[8 * row + column], BITS - PASS_BITS + extra, (row, value) => {
        work[8 * row + column] = value;
      });
    }
    for (let row = 0; row < side; row += 1) {
      line((column) => work[8 * row + column], BITS + PASS_BITS + 3 + extra, (column, value) => {
        pixels[place + row * stride + column] = value + 128;
      });
    }
  };
}

function eight(read, bits, write) {
  const even = (read(2) + read(6)) * fix(0.541196100);
  const [a, b] = [even - read(6) * fix(1.847759065), even + read(2) * fix(0.765366865)];
  const [sum, difference] = [(read(0) + read(4)) << BITS, (read(0) - read(4)) << BITS];
  const outer = [sum + b, difference + a, difference - a, sum - b];
  const [z1, z2, z3, z4] = [read(7) + read(1), read(5) + read(3), read(7) + read(3), read(5) + read(1)];
  const common = (z3 + z4) * fix(1.175875602);
  const [y1, y2] = [-z1 * fix(0.899976223), -z2 * fix(2.562915447)];
  const [y3, y4] = [common - z3 * fix(1.961570560), common - z4 * fix(0.390180644)];
  const inner = [
    read(1) * fix(1.501321110) + y1 + y4,
    read(3) * fix(3.072711026) + y2 + y3,
    read(5) * fix(2.053119869) + y2 + y4,
    read(7) * fix(0.298631336) + y1 + y3,
  ];
  for (let index = 0; index < 4; index += 1) {
    write(index, round(outer[index] + inner[index], bits));
    write(7 - index, round(outer[index] - inner[index], bits));
  }
}

function four(read, bits, write) {
  const even = read(2) * fix(1.847759065) - read(6) * fix(0.765366865);
  const first = read(0) << (BITS + 1);
  const near = read(5) * fix(1.451774981) - read(7) * fix(0.211164243) - read(3) * fix(2.172734803) + read(1) * fix(1.061594337);
  const far = read(3) * fix(0.899976223) - read(7) * fix(0.509795579) - read(5) * fix(0.601344887) + read(1) * fix(2.562915447);
  write(0, round(first + even + far, bits));
  write(1, round(first - even + near, bits));
  write(2, round(first - even - near, bits));
  write(3, round(first + even - far, bits));
}

function two(read, bits, write) {
  const first = read(0) << (BITS + 2);
  const odd = read(5) * fix(0.850430095) - read(7) * fix(0.720959822) - read(3) * fix(1.272758580) + read(1) * fix(3.624509785);
  write(0, round(first + odd, bits));
  write(1, round(first - odd, bits));
}

function one(coefficients, at, steps, pixels, place) {
  pixels[place] = round(coefficients[at] * steps[0], 3) + 128;
}

export const TRANSFORMS = {
  8: twoPasses(8, eight, [0, 1, 2, 3, 4, 5, 6, 7]),
  4: twoPasses(4, four, [0, 1, 2, 3, 5, 6, 7]),
  2: twoPasses(2, two, [0, 1, 3, 5, 7]),
  1: one,
};
