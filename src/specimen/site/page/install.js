// Keeps the site on this device, and offers a newer one when there is one.

const RELOADED = "specimen-reloaded";

// Resolves once all files are here, or at once where the browser or the address does not allow it (plain http).
// `onProgress` hears which share of them has come.
export async function keepOnDevice(onProgress, onNewer) {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  const hear = ({ data }) => onProgress(data.progress);
  workers.addEventListener("message", hear);
  let registration;
  try {
    registration = await workers.register("sw.js", { updateViaCache: "none" });
  } catch {
    return; // stored by the browser's own cache alone, if at all
  }
  if (!registration.active && (await settled(registration)) === "redundant") {
    throw Object.assign(new Error("the files did not come whole"), { code: "half_loaded" });
  }
  workers.removeEventListener("message", hear); // a newer site comes without a word
  offerNewer(registration, onNewer);
  await isolate();
}

async function settled(registration) {
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  while (!["activated", "redundant"].includes(worker.state)) {
    await new Promise((resume) => worker.addEventListener("statechange", resume, { once: true }));
  }
  return worker.state;
}

// A page that came from the network knows neither the policy of the stored one, nor several threads: load it from there.
async function isolate() {
  if (navigator.serviceWorker.controller && crossOriginIsolated) {
    sessionStorage.removeItem(RELOADED);
    return;
  }
  if (sessionStorage.getItem(RELOADED)) return;
  sessionStorage.setItem(RELOADED, "yes");
  location.reload();
  await new Promise(() => null);
}

function offerNewer(registration, onNewer) {
  const offer = () => registration.waiting && onNewer(() => load(registration.waiting));
  offer();
  registration.addEventListener("updatefound", () => {
    registration.installing.addEventListener("statechange", offer);
  });
  // A page that stays open for days asks again when it is looked at.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") registration.update().catch(() => null);
  });
}

function load(waiting) {
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  waiting.postMessage("take over");
}
