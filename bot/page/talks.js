// The conversations of the person at this page: their own with the bot, and their groups. Up to where each was
// read is remembered in this browser.

import { element } from "/page/view.js";

const KEPT = "langnghe-seen";

export class Talks {
  // `on` has news() when something is new in another conversation.
  constructor({ seat, group, nav, list, button, on }) {
    Object.assign(this, { seat, group, nav, list, button, on });
    this.known = [];
    this.news = new Set();
    this.latest = { in: 0, out: 0 };
  }

  // The open group as it was told; undefined for none or before anything was told.
  get open() {
    return this.known.find(({ chat }) => chat === this.group);
  }

  update(groups) {
    this.known = groups;
    if (this.open && !document.hidden) this.read(this.open.last_in, this.open.last_out);
    const news = new Set(groups.filter((talk) => this.isNew(talk)).map(({ chat }) => chat));
    if ([...news].some((chat) => !this.news.has(chat))) this.on.news();
    this.news = news;
    this.draw();
  }

  // Notes that an entry of the open conversation was shown.
  shown({ kind, id }) {
    this.latest[kind] = Math.max(this.latest[kind], id);
    if (!document.hidden) this.readAll();
  }

  readAll() {
    this.read(this.latest.in, this.latest.out);
  }

  read(lastIn, lastOut) {
    const seen = remembered();
    const [knownIn, knownOut] = seen[this.key(this.group)] ?? [0, 0];
    seen[this.key(this.group)] = [Math.max(knownIn, lastIn), Math.max(knownOut, lastOut)];
    try {
      localStorage.setItem(KEPT, JSON.stringify(seen));
    } catch {
      // a browser that keeps nothing marks what was read as new again
    }
  }

  isNew(talk) {
    if (talk.chat === this.group) return false;
    const [seenIn, seenOut] = remembered()[this.key(talk.chat)] ?? [0, 0];
    return talk.last_in > seenIn || talk.last_out > seenOut;
  }

  key(chat) {
    return `${this.seat}|${chat}`;
  }

  titleOf({ chat, title }) {
    return chat ? title : "Trò chuyện riêng với Lắng Nghe";
  }

  address(chat) {
    const query = new URLSearchParams({ ...(this.seat && { seat: this.seat }), ...(chat && { group: chat }) });
    return query.size ? `/chat?${query}` : "/chat";
  }

  draw() {
    const any = this.known.length > 0;
    document.body.classList.toggle("with-groups", any);
    this.nav.hidden = this.button.hidden = !any;
    this.list.replaceChildren(...this.known.map((talk) => this.item(talk)));
    if (!any) return;
    const name = element("span", "now", this.titleOf(this.open ?? { chat: "" }));
    const all = element("span", "all", "Các cuộc trò chuyện");
    const news = this.news.size ? element("em", "badge", "Có tin mới") : "";
    this.button.replaceChildren(name, all, news, element("strong", "", "Đổi ▾"));
  }

  item(talk) {
    const item = element("li");
    const link = element("a");
    link.href = this.address(talk.chat);
    link.append(element("span", "name", this.titleOf(talk)));
    if (this.news.has(talk.chat)) link.append(element("em", "badge", "Tin mới"));
    if (talk.chat === this.group) link.setAttribute("aria-current", "page");
    item.append(link);
    return item;
  }
}

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}");
  } catch {
    return {};
  }
}
