// Where answers come from: this device. In the page of a server, a module of the same name asks that server.

import { keepOnDevice } from "./install.js";

const MAX_THREADS = 4; // as many fast cores as a phone has

let site = null;
let worker = null;
let version = null;
let lastRequest = 0;
let newer = () => null;
const waiting = new Map();

export const setKey = () => null;

// `callback` gets a function that loads the newer site, once there is one.
export function onNewer(callback) {
  newer = callback;
}

export async function getModel(onProgress = () => null) {
  const asked = new URLSearchParams(location.search);
  if (!site) {
    await keepOnDevice(onProgress, (load) => newer(load));
    site = await (await fetch("site.json")).json();
  }
  const chosen = site.formats[asked.get("format")] ?? site.formats[site.format];
  if (!version) await startWorker(chosen, Number(asked.get("threads")), onProgress);
  version = chosen.facts.version;
  return { ...chosen.facts, sheet: site.sheet };
}

export const explain = (file, features) => ask("explain", { file, features });

export async function predict(file, features) {
  return { ...(await ask("predict", { file, features })), version };
}

async function startWorker({ file, facts }, threads, onProgress) {
  worker?.terminate();
  worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data: { id, result, error, progress } }) => {
    if (progress !== undefined) return onProgress(progress);
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    return error ? reject(Object.assign(new Error(error.message), { code: error.code })) : resolve(result);
  });
  worker.addEventListener("error", ({ message }) => {
    for (const { reject } of waiting.values()) reject(Object.assign(new Error(message), { code: "no_worker" }));
    waiting.clear();
  });
  const most = crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, MAX_THREADS) : 1;
  const values = { runtime: site.runtime, file, meta: site.model, pixels: facts.limits.pixels };
  await ask("start", { ...values, threads: Math.min(threads || most, most) });
}

function ask(action, values) {
  lastRequest += 1;
  const id = lastRequest;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    worker.postMessage({ id, action, values });
  });
}

// What is said in another way where there is no server.
export const words = {
  en: {
    formats: "JPEG, PNG, WebP or BMP, up to {size} each. Photos do not leave this device.",
    errors: {
      not_an_image: "This file cannot be read as a photo. Use JPEG, PNG, WebP or BMP.",
      no_memory: "This device does not have enough memory for this photo. Close other pages, or use a smaller photo.",
      too_deep: "This picture has 16 bits per sample on a scale of its own. It cannot be read here; python src/predict.py can.",
      half_loaded: "The files of this page did not come whole. Check the network and reload the page.",
      damaged_copy: "The copy of the model on this device is damaged ({message}). Connect to the network and reload the page; if that does not help, the site must be uploaded again.",
      no_file: "A file of this page cannot be loaded: {message}. Check the network and reload the page.",
      no_worker: "The model cannot be run in this browser: {message}. Try a newer one.",
    },
  },
  de: {
    formats: "JPEG, PNG, WebP oder BMP, höchstens {size} pro Foto. Die Fotos verlassen dieses Gerät nicht.",
    errors: {
      not_an_image: "Diese Datei lässt sich nicht als Foto öffnen. Möglich sind JPEG, PNG, WebP und BMP.",
      no_memory: "Dieses Gerät hat zu wenig Speicher für dieses Foto. Schließen Sie andere Seiten oder nehmen Sie ein kleineres Foto.",
      too_deep: "Dieses Bild hat 16 Bit pro Wert mit eigener Skala. Hier lässt es sich nicht lesen, mit python src/predict.py schon.",
      half_loaded: "Die Dateien dieser Seite sind nicht vollständig angekommen. Prüfen Sie das Netz und laden Sie die Seite neu.",
      damaged_copy: "Die Kopie des Modells auf diesem Gerät ist beschädigt ({message}). Verbinden Sie sich mit dem Netz und laden Sie die Seite neu; hilft das nicht, muss die Seite neu hochgeladen werden.",
      no_file: "Eine Datei dieser Seite lässt sich nicht laden: {message}. Prüfen Sie das Netz und laden Sie die Seite neu.",
      no_worker: "Das Modell läuft in diesem Browser nicht: {message}. Versuchen Sie es mit einem neueren.",
    },
  },
};
