// Keeps all files of the site on this device, checked by their SHA-256, and answers each request of the page from there.
//
// `tools/make_site.py` puts in the next line what the site consists of: its version, the headers of each answer, and the type,
// size and hash of each file.
const SITE = null;

const PREFIX = `specimen ${registration.scope} `; // other sites of the same owner may share the store
const CACHE = PREFIX + SITE.version;
const DAMAGED =
  "the copy on this device is damaged. Connect to the network and load the page again. / " +
  "Die Kopie auf diesem Gerät ist beschädigt. Verbinden Sie sich mit dem Netz und laden Sie die Seite neu.";

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(takeOver()));
addEventListener("message", ({ data }) => data === "take over" && skipWaiting());
addEventListener("fetch", (event) => event.respondWith(answer(event.request)));

async function install() {
  const cache = await caches.open(CACHE);
  const tell = teller();
  for (const [path, file] of Object.entries(SITE.files)) {
    const older = await fromOlder(path, file);
    if (older) tell(file.bytes);
    await cache.put(path, response(older ?? (await download(path, file, tell)), file));
  }
}

// Tells the open pages, percent by percent, which share of all bytes has come.
function teller() {
  const total = Object.values(SITE.files).reduce((sum, { bytes }) => sum + bytes, 0);
  let come = 0;
  let told = 0;
  return async (bytes) => {
    come += bytes;
    if (come < told + total / 100) return;
    told = come;
    for (const client of await clients.matchAll({ includeUncontrolled: true })) client.postMessage({ progress: told / total });
  };
}

async function takeOver() {
  await clients.claim();
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)));
}

async function answer(request) {
  const url = new URL(request.url);
  if (!url.href.startsWith(registration.scope)) return Response.error(); // nobody else is asked for anything
  const path = decodeURIComponent(url.href.slice(registration.scope.length).split(/[?#]/)[0]) || "index.html";
  const file = SITE.files[path];
  return file ? stored(path, file) : withHeaders(await fetch(request));
}

// A file whose stored bytes have changed is fetched again; without a network there is then no answer.
async function stored(path, file) {
  const cache = await caches.open(CACHE);
  const kept = await bytesOf(await cache.match(path));
  if (kept && (await isRight(kept, file))) return response(kept, file);
  try {
    const content = await download(path, file);
    await cache.put(path, response(content, file));
    return response(content, file);
  } catch {
    return new Response(`${path}: ${DAMAGED}`, { status: 503, headers: { ...SITE.headers, "Content-Type": "text/plain; charset=utf-8" } });
  }
}

async function fromOlder(path, file) {
  for (const name of (await caches.keys()).filter((one) => one.startsWith(PREFIX))) {
    const content = await bytesOf(await (await caches.open(name)).match(path));
    if (content && (await isRight(content, file))) return content;
  }
  return null;
}

async function download(path, file, onBytes = () => null) {
  const answered = await fetch(path, { cache: "reload" }); // not what the browser kept of a visit that failed
  const parts = [];
  for (const reader = answered.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    onBytes(value.length);
  }
  const content = new Uint8Array(await new Blob(parts).arrayBuffer());
  if (!answered.ok || !(await isRight(content, file))) throw new Error(`${path} did not come whole`);
  return content;
}

const bytesOf = async (answered) => answered && new Uint8Array(await answered.arrayBuffer());

async function isRight(content, { bytes, sha256 }) {
  if (content.length !== bytes) return false;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") === sha256;
}

const response = (content, { type }) => new Response(content, { headers: { ...SITE.headers, "Content-Type": type } });

function withHeaders(answered) {
  const headers = new Headers(answered.headers);
  for (const [name, value] of Object.entries(SITE.headers)) headers.set(name, value);
  return new Response(answered.body, { status: answered.status, headers });
}
