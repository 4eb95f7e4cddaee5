// The requests to the server.

const ATTEMPTS = 20;
const STORED_KEY = "specimen-key"; // kept while the tab is open
let apiKey = null;

try {
  apiKey = sessionStorage.getItem(STORED_KEY);
} catch {
  // The browser may be set to store nothing.
}

export function setKey(key) {
  apiKey = key;
  try {
    sessionStorage.setItem(STORED_KEY, key);
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

async function request(path, options = {}) {
  const headers = apiKey ? { Authorization: `Bearer ${apiKey}` } : {};
  for (let attempt = 1; ; attempt += 1) {
    let response;
    try {
      response = await fetch(path, { ...options, headers });
    } catch (error) {
      throw new ServerError("no_server", String(error));
    }
    // A busy server refuses at once, and says when to retry.
    if (response.status === 429 && attempt < ATTEMPTS) {
      const seconds = Number(response.headers.get("Retry-After")) || 1;
      await new Promise((resume) => setTimeout(resume, seconds * 1000 * (0.5 + Math.random())));
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

export const getModel = () => request("model");
export const explain = (file, features) => request("explain", form(file, features));

export async function predict(file, features) {
  const answer = await request("predict", form(file, features));
  return { ...answer.results[0], version: answer.version };
}
