// How good the model is, in words.

import { number, percent, text, withUnit } from "./texts.js";

export function factsText({ task, metrics, coverage, unit, version }) {
  const sentences = [measuredText(task, metrics, unit)];
  if (coverage) sentences.push(text(task === "regression" ? "coverageNumber" : "coverageClass", { share: percent(coverage) }));
  sentences.push(text("version", { version: version.slice(0, 8) }));
  return sentences.join(" ");
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
