// What the phone keeps: one IndexedDB for each officer; every change is one durable transaction.
//
// Inside a transaction only its own promises may be awaited: whatever else takes time (digests, signatures, the
// network) is done before it begins, since the browser ends a transaction that has nothing to do.

import { Full, isFull } from "./full.js";

const VERSION = 2;
const STORES = {
  setting: { keyPath: "name" },
  op: { keyPath: "op_id", indexes: ["state", "seq"] },
  batch: { keyPath: "batch_id" },
  abandoned: { keyPath: "seq" },
  receipt: { keyPath: "op_id" },
  medium: { keyPath: "id", indexes: ["state", "draft_id"] },
  row: { keyPath: ["e", "id"], indexes: ["e"] },
  draft: { keyPath: "id" },
  slice: { keyPath: ["draft_id", "recording_id", "place"] },
};
export const EVERYTHING = Object.keys(STORES);

export class Store {
  // Open the officer's store, or make it. Another tab that holds an older shape of it is asked to let go, and so is this
  // one: `onended` hears when nothing can be read or written here any more.
  static async open(name) {
    const request = indexedDB.open(name, VERSION);
    request.onupgradeneeded = () => shape(request.result);
    const db = await promised(request);
    const store = new Store(db);
    db.onversionchange = db.onclose = () => store.#end();
    return store;
  }

  constructor(db) {
    this.db = db;
    this.isEnded = false;
    this.onended = () => null;
  }

  #end() {
    this.db.close();
    this.isEnded = true;
    this.onended();
  }

  close() {
    this.db.close();
  }

  read(names, work) {
    return this.#run(names, "readonly", work);
  }

  // Do everything that `work` does, or nothing of it; resolves once it is on disk.
  write(names, work) {
    return this.#run(names, "readwrite", work);
  }

  find(name) {
    return this.read(["setting"], (tx) => tx.find(name));
  }

  keep(settings) {
    return this.write(["setting"], (tx) => tx.keep(settings));
  }

  forget(...names) {
    return this.write(["setting"], (tx) => tx.forget(...names));
  }

  async #run(names, mode, work) {
    try {
      return await this.#done(names, mode, work);
    } catch (error) {
      throw isFull(error) ? new Full() : error;
    }
  }

  async #done(names, mode, work) {
    const tx = this.db.transaction(names, mode, { durability: "strict" });
    const done = completed(tx);
    let result;
    try {
      result = await work(new Transaction(tx));
    } catch (error) {
      aborted(tx);
      await done.catch(() => null);
      throw error;
    }
    await done;
    return result;
  }
}

class Transaction {
  constructor(tx) {
    this.tx = tx;
  }

  get = (store, key) => promised(this.tx.objectStore(store).get(key));
  put = (store, value) => promised(this.tx.objectStore(store).put(value));
  remove = (store, key) => promised(this.tx.objectStore(store).delete(key));
  clear = (store) => promised(this.tx.objectStore(store).clear());
  all = (store, index, value) => promised(this.#source(store, index).getAll(value));
  count = (store, index, value) => promised(this.#source(store, index).count(value));

  async find(name) {
    return (await this.get("setting", name))?.value ?? null;
  }

  async keep(settings) {
    for (const [name, value] of Object.entries(settings)) await this.put("setting", { name, value });
  }

  async forget(...names) {
    for (const name of names) await this.remove("setting", name);
  }

  #source(store, index) {
    const all = this.tx.objectStore(store);
    return index === undefined ? all : all.index(index);
  }
}

// Whatever an older version has made stays as it is.
function shape(db) {
  for (const [name, { keyPath, indexes = [] }] of Object.entries(STORES)) {
    if (db.objectStoreNames.contains(name)) continue;
    const store = db.createObjectStore(name, { keyPath });
    for (const index of indexes) store.createIndex(index, index);
  }
}

const promised = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const completed = (tx) =>
  new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error || new DOMException("aborted", "AbortError"));
  });

function aborted(tx) {
  try {
    tx.abort();
  } catch {
    // it has ended by itself: the failing request aborted it
  }
}
