// What can be said of a file before it is sent.

// The first bytes of a file. A folder, or a file that has been deleted, is noticed here; in a request it would look like
// a server that is down.
async function begin(file) {
  try {
    return new Uint8Array(await file.slice(0, 12).arrayBuffer());
  } catch {
    throw Object.assign(new Error(file.name), { code: "unreadable" });
  }
}

// Throw an error with a code for a file that the server cannot read.
export async function checkFile(file) {
  const first = await begin(file);
  // HEIC, whatever its name: phones rename it when they share it. The brand follows the word "ftyp".
  const words = String.fromCharCode(...first.slice(4));
  if (/^ftyp(hei[cfmsx]|hev[cmsx]|mif1|msf1)/.test(words)) throw Object.assign(new Error("a HEIC file"), { code: "heic" });
  return file;
}
