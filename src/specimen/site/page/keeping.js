// Photos are written to the device one by one, and what changes of them. What cannot be written stays in the open page, and
// says so.

import { freeBytes, isPersisted, openStore, persist } from "./store.js";

let store = null; // null: this browser keeps nothing
let places = 0; // of photos that have none on the device
let lasting = null; // a promise of whether the browser will not clear this away

export const device = {
  free: Infinity, // bytes, as far as the browser says it
  isLasting: true,
  batch: null, // the name of what is exported next
};

// Returns the photos of earlier visits; none where nothing is kept, such as in a private window.
export async function openDevice() {
  try {
    store = await openStore();
    device.free = await freeBytes();
    const entries = await store.all();
    device.batch = entries[0]?.batch ?? null;
    if (entries.length) device.isLasting = await isPersisted();
    return entries;
  } catch {
    return [];
  }
}

// All photos until the next cleaning are one batch. Each export of it has this name, so that a later one takes the place of
// an earlier one; two devices on one day make two batches.
export const batchName = () => (device.batch ??= `${isoTime(new Date()).slice(0, 10)}-${randomMark()}`);

export const isKept = ({ id, writing, unkept }) => Boolean(id) && !writing && !unkept;

export async function add(entry) {
  entry.taken ??= isoTime(new Date());
  places += 1;
  entry.place = places;
  await written(entry, async () => {
    device.free = await freeBytes();
    if (entry.file.size > device.free) throw new DOMException("no room", "QuotaExceededError");
    entry.id = await store.add(entry.file, facts(entry));
    // A phone may remove the file of its camera at any time.
    entry.file = (await store.photo(entry.id)) ?? entry.file;
    device.free -= entry.file.size;
    device.isLasting = await (lasting ??= persist());
  });
}

// Write what is known of a photo by then. What changes before that needs no write of its own.
export function write(entry) {
  entry.queued ??= written(entry, () => {
    entry.queued = null;
    return store.change(entry.id, facts(entry));
  });
  return entry.queued;
}

export async function remove(entries) {
  await Promise.all(entries.map(({ writing }) => writing));
  const ids = entries.flatMap(({ id }) => id ?? []);
  if (ids.length) await store.remove(ids).catch(() => reopened(() => store.remove(ids)));
}

// What an entry needs to be found again.
function facts({ name, measured, details, taken, result, exported }) {
  return { name, measured, details, taken, result, exported, batch: batchName() };
}

// Of an entry, one write follows the other.
async function written(entry, change) {
  const before = entry.writing;
  const now = (async () => {
    await before;
    try {
      if (!store) throw new DOMException("nothing is kept", "InvalidStateError");
      await change().catch((error) => reopened(change, error));
      entry.unkept = null;
    } catch (error) {
      entry.unkept = error.name === "QuotaExceededError" ? "full" : "nowhere";
    }
  })();
  entry.writing = now;
  await now;
  if (entry.writing === now) entry.writing = null;
}

// Safari closes the store of a page that was in the background for long.
async function reopened(change, error = null) {
  if (error?.name === "QuotaExceededError") throw error;
  store = await openStore();
  return change();
}

const SIGNS = "abcdefghjkmnpqrstuvwxyz23456789";
const randomMark = () => [...crypto.getRandomValues(new Uint8Array(4))].map((byte) => SIGNS[byte % SIGNS.length]).join("");

// 2026-11-26T14:05:09+01:00
function isoTime(now) {
  const offset = -now.getTimezoneOffset();
  const local = new Date(now.getTime() + offset * 60_000).toISOString().slice(0, 19);
  const two = (value) => String(Math.floor(Math.abs(value))).padStart(2, "0");
  return `${local}${offset < 0 ? "-" : "+"}${two(offset / 60)}:${two(offset % 60)}`;
}
