// Draws the talk. Everything people wrote is set as plain text, never as HTML.

import { clock, date, dayName, full } from "/page/when.js";

const CODE = /\b([A-Z]{2,4}-[0-9A-Z]{4}-[0-9A-Z]{4})\b/;
const OVERLAP = 20;
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
  constructor({ list, scroller, typing, newest, mediaUrl, on }) {
    Object.assign(this, { list, scroller, typing, newest, mediaUrl, on });
    this.shown = new Set();
    this.own = new Map();
    this.bot = new Map();
    this.lastDay = "";
    this.answers = 0;
    newest.addEventListener("click", () => this.toEnd());
    scroller.addEventListener("scroll", () => { if (this.atEnd()) newest.hidden = true; }, { passive: true });
    new ResizeObserver(() => { if (this.follow) this.toEnd(); }).observe(list);
    new ResizeObserver(() => { if (this.follow) this.toEnd(); }).observe(scroller);
    scroller.addEventListener("scroll", () => { this.follow = this.atEnd(); }, { passive: true });
    this.follow = true;
  }

  // Returns whether the entry was new.
  show(entry, live) {
    const key = `${entry.kind}${entry.id}`;
    if (this.shown.has(key)) return false;
    this.shown.add(key);
    if (entry.kind === "out") this.showBot(entry, live);
    else this.showOwn(entry, live);
    return true;
  }

  showBot(entry, live) {
    this.answers += 1;
    this.settle();
    const { item, bubble } = this.append("bot", new Date(entry.at), live);
    item.dataset.id = entry.id;
    this.bot.set(String(entry.id), item);
    this.quote(bubble, entry.reply_to);
    this.pictures(bubble, (entry.photos ?? []).map(this.mediaUrl));
    if (entry.text) bubble.append(withCodes(element("p", "text"), entry.text));
    this.meta(bubble, new Date(entry.at)).prepend(this.replyButton(entry));
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
      note: UNSUPPORTED[entry.unsupported] ?? (entry.unsupported ? "Một tin chưa đọc được" : ""),
    });
    return this.confirm(entry.message_id);
  }

  addOwn({ id, at, live, label, text, location, reply_to, pictures, note }) {
    const { item, bubble } = this.append("own", at, live);
    this.quote(bubble, reply_to);
    this.pictures(bubble, pictures ?? []);
    const words = label || text || note || (location ? `Vị trí: ${location.map((part) => part.toFixed(5)).join(", ")}` : "");
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
    item.prepend(hidden(kind === "bot" ? "Lắng Nghe:" : "Anh/chị:"));
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

  replyButton(entry) {
    const button = element("button", "", "Trả lời tin này");
    button.type = "button";
    button.addEventListener("click", () => this.on.reply(String(entry.id), entry.text));
    return button;
  }

  quote(bubble, id) {
    const quoted = id && this.bot.get(String(id))?.querySelector(".text")?.textContent;
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
    this.bot.get(String(id))?.querySelector(".choices")?.classList.add("spent");
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
  }
}

function hidden(text) {
  return element("span", "heard", text);
}
