// Decodes and predicts photos, away from the thread of the page: one after the other, in the order of the requests.

import * as ort from "../runtime/ort.wasm.min.mjs";
import { fetchChecked, unpack } from "./checked.js";
import { decode } from "./decode.js";
import { encode } from "./features.js";
import { look } from "./occlusion.js";
import { answer, bare } from "./predictions.js";

let session = null;
let model = null; // ModelMeta, as the model file has it
let maxPixels = 0;

const actions = { explain, predict, start };
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
  const { logits, distance } = await run([await pictureOf(file)], features);
  const result = answer({ logits: logits[0], distance: distance?.[0] }, model);
  return { ...result, seconds: (performance.now() - begin) / 1000 };
}

async function explain({ file, features }) {
  const predictAll = async (pictures) => (await run(pictures, features)).logits.map((logits) => bare(logits, model));
  return look(await pictureOf(file), model.dataset.image_size, predictAll);
}

async function pictureOf(file) {
  const { image_size: size, resize, white_level } = model.dataset;
  return (await decode(file, { size, resize, white_level }, maxPixels)).data;
}

// The logits of each picture, and its distance where the model knows it.
async function run(pictures, features) {
  const { image_size: size } = model.dataset;
  const images = new Uint8Array(pictures.length * pictures[0].length);
  pictures.forEach((picture, index) => images.set(picture, index * picture.length));
  const inputs = { images: new ort.Tensor("uint8", images, [pictures.length, size, size, 3]) };
  const encoded = encode(features, model);
  if (encoded.length) {
    const rows = Float32Array.from(pictures.flatMap(() => [...encoded]));
    inputs.features = new ort.Tensor("float32", rows, [pictures.length, encoded.length]);
  }
  const { logits, distance } = await session.run(inputs);
  const width = logits.dims[1];
  return { logits: pictures.map((_, row) => logits.data.subarray(row * width, (row + 1) * width)), distance: distance?.data };
}
