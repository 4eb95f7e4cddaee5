// The conversation with the server.

const ATTEMPTS = 20;
const STORED = "specimen-key"; // for as long as the tab is open
let key = null;

try {
  key = sessionStorage.getItem(STORED);
} catch {
  // A browser may be set to remember nothing.
}

export function setKey(given) {
  key = given;
  try {
    sessionStorage.setItem(STORED, given);
  } catch {
    // It holds until the page is left.
  }
}

export class ServerError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

async function ask(path, options = {}) {
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  for (let attempt = 1; ; attempt += 1) {
    let response;
    try {
      response = await fetch(path, { ...options, headers });
    } catch (error) {
      throw new ServerError("no_server", String(error));
    }
    // The server refuses what it cannot do at once, and says when to come again.
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
  const data = new FormData();
  data.append("images", file, file.name);
  if (Object.keys(features).length) data.append("features", JSON.stringify(features));
  return { method: "POST", body: data };
}

export const getModel = () => ask("model");
export const explain = (file, features) => ask("explain", form(file, features));

export async function predict(file, features) {
  const answer = await ask("predict", form(file, features));
  return { ...answer.results[0], version: answer.version };
}
