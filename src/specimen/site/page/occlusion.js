// What the model looks at: covers on the picture, and how much the prediction falls, as serving/occlusion.py computes it.

import { roundHalfEven } from "./resize.js";

const GRIDS = [4, 8, 16, 32]; // cells in a row and in a column, round by round
const FINEST = GRIDS.at(-1);
const DIVIDED = 4; // the hottest cells of a round

// `picture` has size x size pixels of RGB. `predict` takes pictures and gives for each { number } or { probabilities }.
export async function look(picture, size, predict) {
  const [original] = await predict([picture]);
  const { evidence, loss } = measures(original);
  const heat = new Float64Array(FINEST ** 2);
  const falls = new Float64Array(FINEST ** 2);
  const colour = [0, 1, 2].map((channel) => median(picture.filter((_, index) => index % 3 === channel)));
  let cells = Array.from({ length: GRIDS[0] ** 2 }, (_, index) => [Math.floor(index / GRIDS[0]), index % GRIDS[0]]);
  for (const grid of GRIDS) {
    const predictions = await predict(cells.map((cell) => covered(picture, size, colour, cell, grid)));
    const worth = predictions.map((one) => positive(evidence(one)));
    cells.forEach((cell, index) => {
      warm(heat, cell, grid, worth[index]);
      raise(falls, cell, grid, positive(loss(predictions[index])));
    });
    const order = cells.map((_, index) => index).sort((one, other) => worth[other] - worth[one] || one - other);
    cells = order.slice(0, DIVIDED).flatMap((index) => quarters(cells[index]));
  }
  const hottest = Math.max(...heat);
  const rows = Array.from({ length: FINEST }, (_, row) => [...heat.subarray(row * FINEST, (row + 1) * FINEST)]);
  return {
    heat: rows.map((row) => row.map((value) => (hottest ? Math.round((1000 * value) / hottest) / 1000 : 0))),
    change: hottest ? Number(falls[heat.indexOf(hottest)].toPrecision(6)) : 0,
  };
}

// How much less speaks for the original prediction, and how much lower another one is.
function measures({ number, probabilities }) {
  if (!probabilities) {
    const fall = (other) => number - other.number;
    return { evidence: fall, loss: fall };
  }
  const best = probabilities.indexOf(Math.max(...probabilities));
  return {
    evidence: (other) => logOdds(probabilities, best) - logOdds(other.probabilities, best),
    loss: (other) => probabilities[best] - other.probabilities[best],
  };
}

function logOdds(probabilities, best) {
  const tiny = 2 ** -1022;
  const others = probabilities.reduce((sum, one, index) => (index === best ? sum : sum + one), 0);
  return Math.log(Math.max(probabilities[best], tiny)) - Math.log(Math.max(others, tiny));
}

const positive = (value) => (Number.isFinite(value) ? Math.max(value, 0) : 0);

function warm(heat, [row, column], grid, value) {
  const strengths = [row, column].map((cell) => strengthsOf(cell, grid, FINEST));
  for (let y = 0; y < FINEST; y += 1) {
    for (let x = 0; x < FINEST; x += 1) heat[y * FINEST + x] += grid ** 2 * value * strengths[0][y] * strengths[1][x];
  }
}

function raise(falls, [row, column], grid, fall) {
  const side = FINEST / grid;
  for (let y = row * side; y < (row + 1) * side; y += 1) {
    for (let x = column * side; x < (column + 1) * side; x += 1) falls[y * FINEST + x] = Math.max(falls[y * FINEST + x], fall);
  }
}

const quarters = ([row, column]) => [[0, 0], [0, 1], [1, 0], [1, 1]].map(([down, right]) => [2 * row + down, 2 * column + right]);

// The picture with a cover that is densest in the middle of a cell, and ends in the middles of its neighbours.
function covered(picture, size, colour, [row, column], grid) {
  const result = picture.slice();
  const [down, across] = [row, column].map((cell) => strengthsOf(cell, grid, size));
  for (let y = 0; y < size; y += 1) {
    if (!down[y]) continue;
    for (let x = 0; x < size; x += 1) {
      const strength = down[y] * across[x];
      if (!strength) continue;
      for (let channel = 0, at = 3 * (y * size + x); channel < 3; channel += 1, at += 1) {
        result[at] = roundHalfEven(picture[at] + strength * (colour[channel] - picture[at]));
      }
    }
  }
  return result;
}

function strengthsOf(cell, grid, size) {
  return Float64Array.from({ length: size }, (_, index) => {
    const place = Math.min(Math.max(((index + 0.5) * grid) / size - 0.5, 0), grid - 1);
    return Math.max(0, 1 - Math.abs(place - cell));
  });
}

function median(values) {
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
