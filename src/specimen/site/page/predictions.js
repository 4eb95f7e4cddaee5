// From the outputs of the network to an answer like the server's, as models/regression.py, models/classification.py and
// serving/responses.py make it.

const TOP = 3; // classes in an answer
const UNLIKE_FROM = 1;

const significant = (value) => Number(value.toPrecision(6));
const INVERSE = { none: (value) => value, log1p: Math.expm1, sqrt: (value) => value ** 2 };

// `outputs` are { logits, distance }: those of one photo; `model` are the facts of the model (ModelMeta).
export function answer({ logits, distance }, { task, dataset }) {
  const result = task.name === "regression" ? numberAnswer(logits[0], task, dataset.unit) : classAnswer(logits, task);
  const numbers = task.name === "regression" ? [result.prediction, result.low, result.high] : [result.confidence];
  if (!numbers.every((value) => value === undefined || Number.isFinite(value))) {
    throw Object.assign(new Error("the model computes a value that is not a finite number"), { code: "no_prediction" });
  }
  if (distance !== undefined) result.unlike = !(Math.round(distance * 1000) / 1000 <= UNLIKE_FROM); // NaN is unlike
  return result;
}

function numberAnswer(score, task, unit) {
  const inUnit = (value) => {
    const transformed = value * task.std + task.mean;
    // Both transforms are for targets from 0 up.
    return significant(INVERSE[task.transform](task.transform === "none" ? transformed : Math.max(transformed, 0)));
  };
  const result = { prediction: inUnit(score), unit };
  if (task.half_width === null) return result;
  return { ...result, low: inUnit(score - task.half_width), high: inUnit(score + task.half_width) };
}

// What an explanation compares: the number, or the probability of each class.
export function bare(logits, { task, dataset }) {
  if (task.name === "regression") return { number: numberAnswer(logits[0], task, dataset.unit).prediction };
  return { probabilities: probabilitiesOf(logits, task).map(significant) };
}

function probabilitiesOf(logits, task) {
  const scores = Array.from(logits, (logit) => logit / task.temperature);
  const highest = Math.max(...scores);
  const odds = scores.map((score) => Math.exp(score - highest));
  const sum = odds.reduce((total, one) => total + one, 0);
  return odds.map((one) => one / sum);
}

function classAnswer(logits, task) {
  const classes = probabilitiesOf(logits, task).map((exact, index) => ({ name: task.class_names[index], exact }));
  const ordered = classes.toSorted((one, other) => other.exact - one.exact);
  const result = {
    prediction: ordered[0].name,
    confidence: significant(ordered[0].exact),
    top: ordered.slice(0, TOP).map(({ name, exact }) => ({ name, probability: significant(exact) })),
  };
  if (task.threshold === null) return result;
  const likely = Math.max(1, classes.filter(({ exact }) => exact >= task.threshold).length);
  return { ...result, prediction_set: ordered.slice(0, likely).map(({ name }) => name) };
}
