// Where answers come from: the server of this page. In the site for devices without a network, a module of the same name
// computes them in the browser (specimen/site/page/answers.js).

const ATTEMPTS = 20;
const ATTEMPTS_WITHOUT_ANSWER = 2; // a busy server may close a connection before it has read all of a photo
const STORED_KEY = "specimen-key"; // kept while the tab is open
let apiKey = null;

try {
  apiKey = sessionStorage.getItem(STORED_KEY);
} catch {
  // The browser may be set to store nothing.
}

export function setKey(key) {
  apiKey = key.trim();
  try {
    sessionStorage.setItem(STORED_KEY, apiKey);
  } catch {
    // The key is lost when the page is left.
  }
}

export class ServerError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const pause = (seconds) => new Promise((resume) => setTimeout(resume, seconds * 1000 * (0.5 + Math.random())));

async function request(path, options = {}) {
  // A browser does not send such a key, and no server has one.
  if (/[^ -~]/.test(apiKey ?? "")) throw new ServerError("no_key", "the key has characters that no key has");
  const headers = apiKey ? { Authorization: `Bearer ${apiKey}` } : {};
  for (let attempt = 1; ; attempt += 1) {
    let response;
    try {
      response = await fetch(path, { ...options, headers });
    } catch (error) {
      if (attempt >= ATTEMPTS_WITHOUT_ANSWER) throw new ServerError("no_server", String(error));
      await pause(1);
      continue;
    }
    // A busy server refuses at once, and says when to retry.
    if (response.status === 429 && attempt < ATTEMPTS) {
      await pause(Number(response.headers.get("Retry-After")) || 1);
      continue;
    }
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new ServerError(answer.code ?? "other", answer.message ?? `status ${response.status}`);
    return answer;
  }
}

function form(file, features) {
  const body = new FormData();
  body.append("images", file, file.name);
  if (Object.keys(features).length) body.append("features", JSON.stringify(features));
  return { method: "POST", body };
}

export const onNewer = () => null; // this page is always that of its server
export const words = { en: {}, de: {} };

export const getModel = () => request("model");
export const explain = (file, features) => request("explain", form(file, features));

export async function predict(file, features) {
  const answer = await request("predict", form(file, features));
  return { ...answer.results[0], version: answer.version };
}
