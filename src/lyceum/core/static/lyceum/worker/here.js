// What this browser keeps of the one person who is signed in, for pages and the service worker alike.
// Everything is under the person's id, and all of it goes when they sign out or somebody else comes.
{
  const STORES = ["people", "lists", "messages", "outbox"];
  let opened = null;

  const done = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });

  function open() {
    opened ??= new Promise((resolve, reject) => {
      const request = indexedDB.open("lyceum", 1);
      request.onupgradeneeded = () => STORES.forEach((name) => request.result.createObjectStore(name));
      request.onsuccess = () => {
        // Another version of the page may need to change it.
        request.result.onversionchange = () => {
          request.result.close();
          opened = null;
        };
        resolve(request.result);
      };
      request.onerror = () => {
        opened = null;
        reject(request.error);
      };
    });
    return opened;
  }

  async function change(stores, act) {
    const transaction = (await open()).transaction(stores, "readwrite");
    act(...stores.map((name) => transaction.objectStore(name)));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  }

  const read = async (store, act) => done(act((await open()).transaction(store).objectStore(store)));
  const ofPerson = (person) => IDBKeyRange.bound([person], [person, []]);

  globalThis.lyceumHere = {
    put: (store, person, id, value) => change([store], (rows) => rows.put(value, [person, id])),
    remove: (store, person, id) => change([store], (rows) => rows.delete([person, id])),
    get: (store, person, id) => read(store, (rows) => rows.get([person, id])),
    all: (store, person) => read(store, (rows) => rows.getAll(ofPerson(person))),
    ids: async (store, person) => (await read(store, (rows) => rows.getAllKeys(ofPerson(person)))).map(([, id]) => id),

    // Who is signed in here, as the last page of theirs knew them.
    person: async () => (await read("people", (rows) => rows.getAll()))[0] ?? null,

    // Lets this person in, and everybody else's go.
    async admit(person) {
      if ((await this.person())?.id !== person.id) await this.forget(person.id);
      await this.put("people", person.id, "me", person);
    },

    // Clears all, or all but what is under one person's id.
    forget: (except = "") =>
      change(STORES, (...stores) => {
        for (const rows of stores) {
          if (!except) rows.clear();
          else {
            rows.delete(IDBKeyRange.upperBound([except], true));
            rows.delete(IDBKeyRange.lowerBound([except, []], true));
          }
        }
      }),
  };
}
