// The inverse cosine transforms of libjpeg: from the 64 coefficients of a block to 8 x 8, 4 x 4, 2 x 2 pixels, or one.
//
// The algorithm is that of C. Loeffler, A. Ligtenberg and G. Moschytz, "Practical fast 1-D DCT algorithms with 11
// multiplications", ICASSP 1989; the smaller ones give the means of its neighbouring results. Constants have 13 bits after the
// point, results of the first pass 2, so that each sum is rounded as in libjpeg.

const BITS = 13;
const PASS_BITS = 2;
const fix = (value) => Math.round(value * (1 << BITS));
const round = (value, bits) => (value + (1 << (bits - 1))) >> bits;

const block = new Int32Array(64);
const work = new Int32Array(64);
const ended = new Int32Array(8);

// Columns first, then rows; the second pass also divides by 8. `line` reads 8 values that are `step` apart, and writes `side`
// values that are `jump` apart.
function twoPasses(side, line, columns) {
  const extra = Math.log2(8 / side);
  return (coefficients, at, steps, pixels, place, stride) => {
    for (const column of columns) {
      for (let index = column; index < 64; index += 8) block[index] = coefficients[at + index] * steps[index];
      line(block, column, 8, work, column, 8, BITS - PASS_BITS + extra);
    }
    for (let row = 0; row < side; row += 1) {
      line(work, 8 * row, 1, ended, 0, 1, BITS + PASS_BITS + 3 + extra);
      for (let column = 0; column < side; column += 1) pixels[place + row * stride + column] = ended[column] + 128;
    }
  };
}

const [A0, A1, A2] = [0.541196100, 1.847759065, 0.765366865].map(fix);
const [B0, B1, B2, B3, B4] = [1.175875602, 0.899976223, 2.562915447, 1.961570560, 0.390180644].map(fix);
const [C1, C3, C5, C7] = [1.501321110, 3.072711026, 2.053119869, 0.298631336].map(fix);

function eight(from, at, step, to, place, jump, bits) {
  const [v0, v1, v2, v3] = [from[at], from[at + step], from[at + 2 * step], from[at + 3 * step]];
  const [v4, v5, v6, v7] = [from[at + 4 * step], from[at + 5 * step], from[at + 6 * step], from[at + 7 * step]];
  const even = (v2 + v6) * A0;
  const [a, b] = [even - v6 * A1, even + v2 * A2];
  const [sum, difference] = [(v0 + v4) << BITS, (v0 - v4) << BITS];
  const common = (v7 + v3 + v5 + v1) * B0;
  const [y1, y2] = [-(v7 + v1) * B1, -(v5 + v3) * B2];
  const [y3, y4] = [common - (v7 + v3) * B3, common - (v5 + v1) * B4];
  write(to, place, place + 7 * jump, sum + b, v1 * C1 + y1 + y4, bits);
  write(to, place + jump, place + 6 * jump, difference + a, v3 * C3 + y2 + y3, bits);
  write(to, place + 2 * jump, place + 5 * jump, difference - a, v5 * C5 + y2 + y4, bits);
  write(to, place + 3 * jump, place + 4 * jump, sum - b, v7 * C7 + y1 + y3, bits);
}

function write(to, first, last, even, odd, bits) {
  to[first] = round(even + odd, bits);
  to[last] = round(even - odd, bits);
}

const [D1, D3, D5, D7] = [1.061594337, 2.172734803, 1.451774981, 0.211164243].map(fix);
const [E1, E3, E5, E7] = [2.562915447, 0.899976223, 0.601344887, 0.509795579].map(fix);

function four(from, at, step, to, place, jump, bits) {
  const [v1, v3, v5, v7] = [from[at + step], from[at + 3 * step], from[at + 5 * step], from[at + 7 * step]];
  const even = from[at + 2 * step] * A1 - from[at + 6 * step] * A2;
  const first = from[at] << (BITS + 1);
  write(to, place, place + 3 * jump, first + even, v1 * E1 + v3 * E3 - v5 * E5 - v7 * E7, bits);
  write(to, place + jump, place + 2 * jump, first - even, v1 * D1 - v3 * D3 + v5 * D5 - v7 * D7, bits);
}

const [F1, F3, F5, F7] = [3.624509785, 1.272758580, 0.850430095, 0.720959822].map(fix);

function two(from, at, step, to, place, jump, bits) {
  const odd = from[at + step] * F1 - from[at + 3 * step] * F3 + from[at + 5 * step] * F5 - from[at + 7 * step] * F7;
  write(to, place, place + jump, from[at] << (BITS + 2), odd, bits);
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
