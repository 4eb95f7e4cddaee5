// Decodes and predicts photos, away from the thread of the page: one after the other, in the order of the requests.

import * as ort from "../runtime/ort.wasm.min.mjs";
import { fetchChecked, unpack } from "./checked.js";
import { decode } from "./decode.js";
import { encode } from "./features.js";
import { answer } from "./predictions.js";

let session = null;
let model = null; // ModelMeta, as the model file has it
let maxPixels = 0;

const actions = { start, predict };
let last = Promise.resolve();

addEventListener("message", ({ data: { id, action, values } }) => {
  last = last.then(async () => {
    try {
      postMessage({ id, result: await actions[action](values) });
    } catch (error) {
      postMessage({ id, error: { code: error.code ?? codeOf(error), message: String(error.message ?? error) } });
    }
  });
});

const codeOf = (error) => (error instanceof RangeError || /memory|allocat/i.test(String(error)) ? "no_memory" : "other");

async function start({ runtime, file, meta, pixels, threads }) {
  [model, maxPixels] = [meta, pixels];
  const total = runtime.bytes + file.bytes;
  let come = 0;
  const onBytes = (bytes) => {
    come += bytes;
    postMessage({ progress: come / total });
  };
  const [packed, weights] = await Promise.all([runtime, file].map((one) => fetchChecked(`../${one.path}`, one, onBytes)));
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmBinary = await unpack(packed);
  ort.env.wasm.wasmPaths = { mjs: new URL("../runtime/ort-wasm-simd-threaded.mjs", import.meta.url).href };
  session = await ort.InferenceSession.create(weights, { executionProviders: ["wasm"] });
}

async function predict({ file, features }) {
  const begin = performance.now();
  const { image_size: size, resize, white_level } = model.dataset;
  const picture = await decode(file, { size, resize, white_level }, maxPixels);
  const inputs = { images: new ort.Tensor("uint8", picture.data, [1, size, size, 3]) };
  const encoded = encode(features, model);
  if (encoded.length) inputs.features = new ort.Tensor("float32", encoded, [1, encoded.length]);
  const { logits, distance } = await session.run(inputs);
  const result = answer({ logits: logits.data, distance: distance?.data[0] }, model);
  return { file: file.name, ...result, seconds: (performance.now() - begin) / 1000 };
}
