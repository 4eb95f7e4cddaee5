// How good the model is, in words; and which it is.

import { duration, number, percent, text, withUnit } from "./texts.js";

export function factsText(model, entries) {
  const { task, metrics, coverage, unit, version, commit, smaller } = model;
  const sentences = [measuredText(task, metrics, unit)];
  if (coverage) sentences.push(text(task === "regression" ? "coverageNumber" : "coverageClass", { share: percent(coverage) }));
  if (smaller) sentences.push(smallerText(smaller, unit));
  // Where answers are computed on this device, they say how long that took.
  const seconds = entries.flatMap(({ result }) => result?.seconds ?? []).sort((one, other) => one - other);
  if (seconds.length) sentences.push(text("speed", { time: duration(seconds[Math.floor(seconds.length / 2)]) }));
  const names = { version: version.slice(0, 8), commit: commit?.slice(0, 8) };
  sentences.push(text(commit ? "versionAndCommit" : "version", names));
  return sentences.join(" ");
}

// What the test photos say of a file with numbers of fewer bits, and of the one that it was made from.
function smallerText({ format, metric, value, exact }, unit) {
  const write = metric === "accuracy" ? percent : (measured) => withUnit(number(measured), unit);
  return text("smaller", { format, metric: metric === "accuracy" ? text("accuracy") : metric.toUpperCase(), value: write(value), exact: write(exact) });
}

function measuredText(task, metrics, unit) {
  const samples = number(metrics?.samples ?? 0, {});
  if (task === "regression" && typeof metrics?.mae === "number") {
    return text("measuredNumber", { samples, error: withUnit(number(metrics.mae), unit) });
  }
  if (task === "classification" && typeof metrics?.accuracy === "number") {
    return text("measuredClass", { samples, share: percent(metrics.accuracy) });
  }
  return text("notMeasured");
}
