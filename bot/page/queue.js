// What was written but not yet taken by the server. It lies in the browser's database, so it survives a lost
// connection and a closed page, and goes out in order, again with the same id until the server has it.

const PAUSES = [1, 2, 4, 8, 15, 30];

export class Waiting {
  constructor(seat) {
    this.seat = seat;
    this.kept = new Map();
    this.database = openDatabase();
  }

  async load() {
    const items = (await this.run("readonly", (store) => store.getAll())) ?? [];
    for (const item of items) if (item.seat === this.seat) this.kept.set(item.id, item);
    return this.list();
  }

  list() {
    return [...this.kept.values()].sort((one, other) => one.at - other.at);
  }

  async put(item) {
    this.kept.set(item.id, item);
    await this.run("readwrite", (store) => store.put(item));
  }

  async remove(item) {
    this.kept.delete(item.id);
    await this.run("readwrite", (store) => store.delete(item.id));
  }

  // Without a database (private windows of some browsers) the page's memory has to do.
  async run(mode, act) {
    const database = await this.database;
    if (!database) return undefined;
    return new Promise((resolve) => {
      const request = act(database.transaction("waiting", mode).objectStore("waiting"));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(undefined);
    });
  }
}

function openDatabase() {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open("langnghe", 1);
      request.onupgradeneeded = () => request.result.createObjectStore("waiting", { keyPath: "id" });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
}

export class Sender {
  // `on` has sending(item), sent(item), refused(item, code), waiting(item, code, seconds) and lost() for a lost session.
  constructor(waiting, ask, on) {
    this.waiting = waiting;
    this.ask = ask;
    this.on = on;
    this.failures = 0;
    this.running = false;
    addEventListener("online", () => this.hurry());
  }

  async add(item) {
    await this.waiting.put(item);
    this.flush();
  }

  hurry() {
    this.failures = 0;
    this.wake?.();
    this.flush();
  }

  async flush() {
    if (this.running) return;
    this.running = true;
    try {
      for (let item = this.waiting.list()[0]; item; item = this.waiting.list()[0]) await this.tryOnce(item);
    } finally {
      this.running = false;
    }
  }

  async tryOnce(item) {
    this.on.sending(item);
    const { code, seconds } = await this.deliver(item).catch(() => ({ code: "offline" }));
    if (code === "sent" || code === "refused") {
      this.failures = 0;
      await this.waiting.remove(item);
      if (code === "sent") this.on.sent(item);
      else this.on.refused(item);
      return;
    }
    if (code === "no_session") await this.on.lost();
    const pause = seconds ?? PAUSES[Math.min(this.failures++, PAUSES.length - 1)];
    this.on.waiting(item, code, pause);
    await new Promise((resolve) => {
      this.wake = resolve;
      setTimeout(resolve, pause * 1000);
    });
  }

  async deliver(item) {
    if (item.files.length && !item.photos) {
      const uploaded = await this.upload(item);
      if (uploaded.code) return uploaded;
      item.photos = uploaded.photos;
      item.left_out = uploaded.refused;
      await this.waiting.put(item);
      if (!item.photos.length && !item.text) return { code: "refused" }; // the bot says why
    }
    const { id, text, button, button_message, reply_to, latitude, longitude } = item;
    const body = { id, text, button, button_message, reply_to, latitude, longitude, photos: item.photos ?? [] };
    const answer = await this.ask("/chat/messages", { method: "POST", body: JSON.stringify(body) }, toGroup(item));
    if (answer.status === 400 && item.photos?.length && !item.again) {
      Object.assign(item, { photos: null, again: true }); // uploaded in a session that is no more
      return this.deliver(item);
    }
    return outcome(answer);
  }

  async upload(item) {
    const form = new FormData();
    for (const file of item.files) form.append("photo", file, file.name || "photo.jpg");
    const answer = await this.ask("/chat/photos", { method: "POST", body: form }, { id: item.id, ...toGroup(item) });
    return answer.ok ? answer.json() : outcome(answer);
  }
}

// What waits goes where it was written, whichever conversation is open when it goes.
function toGroup({ group }) {
  return { group: group ?? "" };
}

async function outcome(answer) {
  if (answer.ok) return { code: "sent" };
  if ([400, 404, 413].includes(answer.status)) return { code: "refused" };
  const told = await answer.json().catch(() => ({}));
  return { code: told.error ?? "unavailable", seconds: told.retry_after };
}
