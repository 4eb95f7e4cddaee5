// Files of the site, used only if they have the bytes that the site was built with.

// Fetch a file, and say how many bytes have come in. Throws an error with a code.
export async function fetchChecked(path, { sha256, bytes }, onBytes) {
  const content = await download(path, onBytes);
  if (content.length !== bytes || (await sha256Of(content)) !== sha256) throw failure("damaged_copy", path);
  return content;
}

const failure = (code, message) => Object.assign(new Error(message), { code });

async function download(path, onBytes) {
  const response = await fetch(path).catch((error) => {
    throw failure("no_file", `${path}: ${error}`);
  });
  // The service worker answers so where its copy is damaged, and there is no network.
  if (!response.ok) throw failure(response.status === 503 ? "damaged_copy" : "no_file", path);
  const parts = [];
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
    parts.push(value);
    onBytes(value.length);
  }
}

export async function unpack(content) {
  const stream = new Blob([content]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Browsers hash for pages that came by https, or from this machine. For a lab's plain server it is done here.
async function sha256Of(content) {
  const digest = globalThis.crypto?.subtle ? new Uint8Array(await crypto.subtle.digest("SHA-256", content)) : slowSha256(content);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// FIPS 180-4: the constants are the fractions of the square and cube roots of the first primes.
const PRIMES = Array.from({ length: 312 }, (_, n) => n).filter((n) => n > 1 && !Array.from({ length: n - 2 }, (_, d) => d + 2).some((d) => n % d === 0));
const fraction = (root) => ((root - Math.floor(root)) * 2 ** 32) | 0;

export function slowSha256(content) {
  const blocks = Math.ceil((content.length + 9) / 64);
  const state = Int32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
  const constants = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)));
  const words = new Int32Array(64);
  const tail = new Uint8Array(128);
  const whole = content.length - (content.length % 64);
  tail.set(content.subarray(whole));
  tail[content.length - whole] = 0x80;
  const tailBlocks = blocks - whole / 64;
  const length = new DataView(tail.buffer, 64 * tailBlocks - 8);
  length.setUint32(0, Math.floor(content.length / 2 ** 29));
  length.setUint32(4, (content.length * 8) % 2 ** 32);
  for (let block = 0; block < blocks; block += 1) {
    const [source, start] = block < whole / 64 ? [content, 64 * block] : [tail, 64 * block - whole];
    for (let i = 0; i < 16; i += 1) {
      const at = start + 4 * i;
      words[i] = (source[at] << 24) | (source[at + 1] << 16) | (source[at + 2] << 8) | source[at + 3];
    }
    mixIn(state, words, constants);
  }
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, index) => digest.setInt32(4 * index, word));
  return new Uint8Array(digest.buffer);
}

const turn = (word, bits) => (word >>> bits) | (word << (32 - bits));

function mixIn(state, words, constants) {
  for (let i = 16; i < 64; i += 1) {
    const [near, far] = [words[i - 2], words[i - 15]];
    const small = turn(far, 7) ^ turn(far, 18) ^ (far >>> 3);
    words[i] = (words[i - 16] + small + words[i - 7] + (turn(near, 17) ^ turn(near, 19) ^ (near >>> 10))) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const first = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + words[i]) | 0;
    const second = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, index) => {
    state[index] = (state[index] + word) | 0;
  });
}
