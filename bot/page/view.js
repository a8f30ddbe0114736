// Draws the talk. Everything people wrote is set as plain text, never as HTML.

import { clock, date, dayName, full } from "/page/when.js";

const CODE = /\b([A-Z]{2,4}-[0-9A-Z]{4}-[0-9A-Z]{4})\b/;
const OVERLAP = 20;
const NAMELESS = "Tin có ảnh hoặc tệp";
const UNSUPPORTED = { large_photo: "Một ảnh quá lớn", file: "Một tệp không phải ảnh" };

export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Tracking codes stand out and are not broken at the end of a line.
function withCodes(paragraph, text) {
  text.split(CODE).forEach((part, index) => {
    paragraph.append(index % 2 ? element("span", "code", part) : part);
  });
  return paragraph;
}

export class View {
  // `on` has press(button, messageId, label), locate(), reply(messageId, text), look(url, label).
  constructor({ list, scroller, typing, newest, mediaUrl, pageUrl, group, on }) {
    Object.assign(this, { list, scroller, typing, newest, mediaUrl, pageUrl, group, on });
    this.shown = new Set();
    this.own = new Map();
    this.bot = new Map();
    this.said = new Map();
    this.lastDay = "";
    this.answers = 0;
    newest.addEventListener("click", () => this.toEnd());
    scroller.addEventListener("scroll", () => { if (this.atEnd()) newest.hidden = true; }, { passive: true });
    new ResizeObserver(() => { if (this.follow) this.toEnd(); }).observe(list);
    new ResizeObserver(() => { if (this.follow) this.toEnd(); }).observe(scroller);
    // A picture that loads between a jump to the end and its event must not look as if somebody scrolled up.
    scroller.addEventListener("scroll", () => {
      if (scroller.scrollTop !== this.jumpedTo) this.follow = this.atEnd();
    }, { passive: true });
    this.follow = true;
  }

  // Returns whether the entry was new.
  show(entry, live) {
    const key = `${entry.kind}${entry.id}`;
    if (this.shown.has(key)) return false;
    this.shown.add(key);
    if (entry.kind === "out") this.showBot(entry, live);
    else if (entry.own === false) this.showMember(entry, live);
    else this.showOwn(entry, live);
    return true;
  }

  showBot(entry, live) {
    this.answers += 1;
    this.settle();
    const { item, bubble } = this.append("bot", new Date(entry.at), live);
    item.dataset.id = entry.id;
    this.bot.set(String(entry.id), item);
    if (this.group) this.author(bubble, "Lắng Nghe", "");
    this.quote(bubble, entry.reply_to);
    const photos = entry.photos ?? [];
    if (photos.some((key) => key.endsWith(".png"))) item.classList.add("chart"); // what people send is kept as JPEG
    this.pictures(bubble, photos.map(this.mediaUrl));
    if (entry.text) bubble.append(withCodes(element("p", "text"), entry.text));
    this.files(bubble, entry.files ?? []);
    this.remember(String(entry.id), entry.text || NAMELESS);
    this.meta(bubble, new Date(entry.at)).prepend(this.replyButton(String(entry.id)));
    this.links(item, entry.links ?? []);
    const rows = [...(entry.buttons ?? [])];
    if (rows.length || entry.ask_location) item.append(this.choices(entry, rows));
    if (entry.replace) this.spend(entry.replace);
    this.scroll(live);
  }

  showOwn(entry, live) {
    if (entry.button) this.choose(entry.button_message, entry.button);
    const mine = this.own.get(entry.message_id);
    if (mine) return this.confirm(entry.message_id);
    const at = new Date(entry.at);
    const label = entry.button ? this.labelOf(entry.button_message, entry.button) : "";
    if (entry.button && !label) return undefined;
    this.addOwn({
      id: entry.message_id, at, live, label,
      text: entry.text, location: entry.location, reply_to: entry.reply_to,
      pictures: (entry.photos ?? []).map(this.mediaUrl),
      note: wordsFor({ unsupported: entry.unsupported }),
    });
    return this.confirm(entry.message_id);
  }

  // What another member of the group wrote or pressed.
  showMember(entry, live) {
    const label = entry.button ? this.labelOf(entry.button_message, entry.button) : "";
    if (entry.button && !label) return;
    const { item, bubble } = this.append("member", new Date(entry.at), live);
    if (this.lastAuthor === entry.name) item.classList.add("same");
    this.lastAuthor = entry.name;
    this.author(bubble, entry.name, entry.post);
    this.quote(bubble, entry.reply_to);
    this.pictures(bubble, (entry.photos ?? []).map(this.mediaUrl));
    const words = label || entry.text || wordsFor(entry);
    if (words) bubble.append(withCodes(element("p", "text"), words));
    this.remember(entry.message_id, words || NAMELESS);
    this.meta(bubble, new Date(entry.at)).prepend(this.replyButton(entry.message_id));
    this.scroll(live);
  }

  author(bubble, name, post) {
    const line = element("p", "author");
    line.append(element("strong", "", name));
    if (post) line.append(element("span", "", post));
    bubble.append(line);
  }

  remember(id, words) {
    this.said.set(id, words);
  }

  addOwn({ id, at, live, label, text, location, reply_to, pictures, note }) {
    const { item, bubble } = this.append("own", at, live);
    this.quote(bubble, reply_to);
    this.pictures(bubble, pictures ?? []);
    const words = label || text || note || wordsFor({ location });
    this.remember(id, words || NAMELESS);
    if (words) bubble.append(withCodes(element("p", "text"), words));
    const state = element("span", "state");
    this.meta(bubble, at).append(state);
    this.own.set(id, { item, state });
    this.scroll(true);
  }

  say(id, words) {
    const mine = this.own.get(id);
    if (mine) mine.state.textContent = words;
  }

  confirm(id) {
    this.say(id, "✓");
    this.own.get(id)?.state.setAttribute("aria-label", "Đã gửi");
  }

  dropOwn(id) {
    this.own.get(id)?.item.remove();
    this.own.delete(id);
  }

  // Not the last message but one a few before: some become visible late. What is known is left out again.
  cursor() {
    const ids = [...this.bot.keys()];
    return ids.at(-OVERLAP) ?? 0;
  }

  // Shows that an answer is being made, unless one came since there were so many.
  wait(answers) {
    if (this.answers > answers) return;
    this.typing.hidden = false;
    this.scroll(true);
    clearTimeout(this.patience);
    this.patience = setTimeout(() => { this.typing.hidden = true; }, 20_000);
  }

  append(kind, at, live) {
    const day = date(at);
    if (day !== this.lastDay) this.list.append(element("li", "day", dayName(at)));
    const next = this.lastDay === day && this.list.lastElementChild?.classList.contains(kind);
    this.lastDay = day;
    const item = element("li", `message ${kind}${next ? " next" : ""}${live ? " fresh" : ""}`);
    const bubble = element("div", "bubble");
    item.append(bubble);
    if (kind !== "member") {
      this.lastAuthor = "";
      if (kind === "own" || !this.group) item.prepend(hidden(kind === "bot" ? "Lắng Nghe:" : "Anh/chị:"));
    }
    this.list.append(item);
    return { item, bubble };
  }

  meta(bubble, at) {
    const line = element("p", "meta");
    const time = element("time", "", clock(at));
    time.dateTime = at.toISOString();
    time.title = full(at);
    line.append(time);
    bubble.append(line);
    return line;
  }

  replyButton(id) {
    const button = element("button", "", "Trả lời tin này");
    button.type = "button";
    button.addEventListener("click", () => this.on.reply(id, this.said.get(id)));
    return button;
  }

  quote(bubble, id) {
    const quoted = id && this.said.get(String(id));
    if (quoted) bubble.append(element("p", "quote", quoted.slice(0, 120)));
  }

  pictures(bubble, urls) {
    if (!urls.length) return;
    const box = element("div", `pictures${urls.length > 1 ? " several" : ""}`);
    urls.forEach((url, index) => {
      const label = urls.length > 1 ? `Ảnh ${index + 1} trong ${urls.length}` : "Ảnh";
      const button = element("button");
      button.type = "button";
      button.setAttribute("aria-label", `Xem ${label.toLowerCase()}`);
      const image = element("img");
      image.alt = label;
      image.src = url;
      image.decoding = "async";
      button.append(image);
      button.addEventListener("click", () => this.on.look(url, label));
      box.append(button);
    });
    bubble.append(box);
  }

  // Recordings can be heard at once; everything else is saved under its name.
  files(bubble, files) {
    for (const { key, kind, name, size } of files) {
      if (kind === "voice") {
        const player = element("audio", "voice");
        Object.assign(player, { controls: true, preload: "none", src: this.mediaUrl(key) });
        player.setAttribute("aria-label", name || "Tin thoại");
        bubble.append(player);
        continue;
      }
      const link = element("a", "file");
      Object.assign(link, { href: this.mediaUrl(key), download: name || key });
      const words = element("span", "name", name || "Tệp đính kèm");
      link.append(words, element("span", "size", ["Tải về", bytes(size)].filter(Boolean).join(" · ")));
      bubble.append(link);
    }
  }

  links(item, links) {
    const box = element("div", "choices links");
    for (const { label, url } of links) {
      const address = this.pageUrl(url);
      if (!address) continue;
      const link = element("a", "", label);
      link.href = address;
      if (new URL(address).origin !== location.origin) Object.assign(link, { target: "_blank", rel: "noopener noreferrer" });
      box.append(link);
    }
    if (box.childElementCount) item.append(box);
  }

  choices(entry, rows) {
    const led = rows.length > 1 && rows[0].length === 1 && rows.slice(1).some((row) => row.length > 1);
    const box = element("div", `choices${led ? " led" : ""}`);
    if (entry.ask_location) box.append(this.line([{ label: entry.ask_location }], () => this.on.locate()));
    for (const row of rows) {
      box.append(this.line(row, (choice) => {
        this.choose(entry.id, choice.data);
        this.freeze(box);
        this.on.press(choice.data, String(entry.id), choice.label);
      }));
    }
    return box;
  }

  line(row, act) {
    const line = element("div", row.length > 3 ? "line many" : "line");
    for (const choice of row) {
      const button = element("button", "", choice.label);
      button.type = "button";
      button.dataset.data = choice.data ?? "";
      button.addEventListener("click", () => act(choice));
      line.append(button);
    }
    return line;
  }

  buttonsOf(id) {
    return [...(this.bot.get(String(id))?.querySelectorAll(".choices button") ?? [])];
  }

  labelOf(id, data) {
    return this.buttonsOf(id).find((button) => button.dataset.data === data)?.textContent ?? "";
  }

  choose(id, data) {
    for (const button of this.buttonsOf(id)) button.classList.toggle("chosen", button.dataset.data === data);
  }

  // Until the bot has answered, a second tap would only be stale.
  freeze(box) {
    this.frozen = box;
    for (const button of box.querySelectorAll("button")) button.disabled = true;
  }

  settle() {
    this.typing.hidden = true;
    if (this.frozen && !this.frozen.classList.contains("spent")) {
      for (const button of this.frozen.querySelectorAll("button")) button.disabled = false;
    }
    this.frozen = null;
  }

  spend(id) {
    this.bot.get(String(id))?.querySelector(".choices:not(.links)")?.classList.add("spent");
    for (const button of this.buttonsOf(id)) button.disabled = true;
  }

  atEnd() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < 90;
  }

  scroll(live) {
    if (this.follow || !live) this.toEnd();
    else this.newest.hidden = false;
  }

  toEnd() {
    if (!this.list.childElementCount) return; // the welcome is read from its beginning
    this.follow = true;
    this.newest.hidden = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.jumpedTo = this.scroller.scrollTop;
  }
}

function wordsFor({ location, unsupported }) {
  if (location) return `Vị trí: ${location.map((part) => part.toFixed(5)).join(", ")}`;
  return UNSUPPORTED[unsupported] ?? (unsupported ? "Một tin chưa đọc được" : "");
}

function bytes(size) {
  if (!size) return "";
  return size < 1_000_000 ? `${Math.max(1, Math.round(size / 1000))} KB` : `${(size / 1_000_000).toFixed(1).replace(".", ",")} MB`;
}

function hidden(text) {
  return element("span", "heard", text);
}
