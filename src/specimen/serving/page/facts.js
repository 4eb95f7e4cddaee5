// How good the model is, in words.

import { number, percent, text, withUnit } from "./texts.js";

export function facts({ task, metrics, coverage, unit, version }) {
  return [measured(task, metrics, unit), covered(task, coverage), text("version", { version: version.slice(0, 8) })].join(" ");
}

function measured(task, metrics, unit) {
  const samples = number(metrics?.samples ?? 0, {});
  if (task === "regression" && typeof metrics?.mae === "number") {
    return text("measuredNumber", { samples, error: withUnit(number(metrics.mae), unit) });
  }
  if (task === "classification" && typeof metrics?.accuracy === "number") {
    return text("measuredClass", { samples, share: percent(metrics.accuracy) });
  }
  return text("notMeasured");
}

function covered(task, coverage) {
  if (!coverage) return "";
  return text(task === "regression" ? "coverageNumber" : "coverageClass", { share: percent(coverage) });
}
