// The details of a photo -> the row of numbers that the model reads, as data/dataset/features.py encodes it.

const MAX_NUMBER = 1e30; // as serving/request_features.py has it

// `values` by the names of features; what is not there is missing. Throws an error with a code for what no model takes.
export function encode(values, { dataset, used_features: names }) {
  return Float32Array.from(names.flatMap((name) => encodeOne(name, values[name], dataset.features[name])));
}

function encodeOne(name, value, feature) {
  if (feature.kind === "category") return feature.categories.map((category) => Number(category === value));
  const missing = value === undefined;
  if (Math.abs(value) > MAX_NUMBER) {
    throw Object.assign(new Error(`${name}: ${value} is too large for a measurement.`), { code: "bad_features" });
  }
  return [((missing ? feature.median : value) - feature.mean) / feature.std, Number(missing)];
}
