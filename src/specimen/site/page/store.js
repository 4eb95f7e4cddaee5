// The photos of a day on this device, in IndexedDB: each is written at once, so that an empty battery costs nothing.
//
// Photos and what is known of them are in two stores, so that a changed name does not write the photo again.

const STORES = ["photos", "facts"];
const DURABLE = { durability: "strict" }; // a write counts when it is on the disk

const result = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const done = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error ?? new DOMException("aborted", "AbortError"));
  });

// Sites in other folders of one address have stores of their own.
export async function openStore() {
  const opening = indexedDB.open(`specimen ${new URL(".", location).pathname}`, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("photos", { autoIncrement: true });
    opening.result.createObjectStore("facts");
  };
  return new Store(await result(opening));
}

class Store {
  constructor(database) {
    this.database = database;
  }

  // Returns the number of the photo, which no other gets, also when this one is removed.
  async add(photo, facts) {
    const transaction = this.database.transaction(STORES, "readwrite", DURABLE);
    const finished = done(transaction);
    const adding = transaction.objectStore("photos").add(photo);
    adding.onsuccess = () => transaction.objectStore("facts").put(facts, adding.result);
    await finished;
    return adding.result;
  }

  photo(id) {
    return result(this.database.transaction("photos", "readonly").objectStore("photos").get(id));
  }

  // What is known of a photo, unless it has been removed in the meantime, maybe in another tab.
  async change(id, facts) {
    const transaction = this.database.transaction("facts", "readwrite", DURABLE);
    const store = transaction.objectStore("facts");
    const finished = done(transaction);
    const counting = store.count(id);
    counting.onsuccess = () => counting.result && store.put(facts, id);
    await finished;
  }

  async remove(ids) {
    const transaction = this.database.transaction(STORES, "readwrite", DURABLE);
    const finished = done(transaction);
    for (const id of ids) for (const store of STORES) transaction.objectStore(store).delete(id);
    await finished;
  }

  // The photos are files on the disk, which are not read here.
  async all() {
    const transaction = this.database.transaction(STORES, "readonly");
    const [photos, facts] = STORES.map((name) => transaction.objectStore(name));
    const [ids, files, known] = await Promise.all([photos.getAllKeys(), photos.getAll(), facts.getAll()].map(result));
    return ids.map((id, index) => ({ id, file: files[index], ...known[index] }));
  }
}

// How many bytes there is room for, as far as the browser says it.
export async function freeBytes() {
  const { quota, usage } = (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
  return quota === undefined ? Infinity : quota - usage;
}

export const isPersisted = async () => Boolean(await navigator.storage?.persisted?.().catch(() => false));

// Ask the browser not to clear this away when space is short; it may refuse.
export const persist = async () => Boolean(await navigator.storage?.persist?.().catch(() => false));
