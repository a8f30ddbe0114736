// The chat page: one session, one socket, one queue of what waits to be sent.

import { Sender, Waiting } from "/page/queue.js";
import { Talks } from "/page/talks.js";
import { View, element } from "/page/view.js";

const PHOTOS = 10;
const EDGE = 2560;
const SILENCE = 60_000; // the server says something every 25 seconds
const NOT_A_MEMBER = 4403;
const SIGNED_OUT = 4401;
const LEFT = "#khong-o-trong-nhom";
const find = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
const seat = asked.get("seat") ?? "";
const group = asked.get("group") ?? "";
const coarse = matchMedia("(pointer: coarse)").matches;
const composer = find("composer");
const text = find("text");

let picked = [];
let replyTo = "";
let positions = [];
let live = false;
let unread = 0;
let answersBefore = 0;

function here(path, query = {}) {
  const parts = Object.entries({ group, ...query, seat }).filter(([, value]) => value !== "");
  return `${path}?${new URLSearchParams(parts)}`;
}
const ask = (path, options = {}, query = {}) => fetch(here(path, query), options);

const view = new View({
  list: find("messages"), scroller: find("scroller"), typing: find("typing"), newest: find("newest"),
  mediaUrl: (key) => here(`/media/${key}`),
  pageUrl: (url) => pageUrl(url),
  group: group !== "",
  on: {
    press: (button, button_message, label) => send({ button, button_message, label }),
    locate: () => askPosition(),
    reply: (id, quoted) => startReply(id, quoted),
    look: (url, label) => look(url, label),
  },
});

const talks = new Talks({
  seat, group, nav: find("talks"), list: find("talks-list"), button: find("talks-open"),
  on: { news: () => parent !== window && parent.postMessage({ news: seat }, location.origin) },
});

const waiting = new Waiting(seat);
const sender = new Sender(waiting, ask, {
  sending: () => { answersBefore = view.answers; },
  sent: (item) => {
    tell("");
    view.confirm(item.id);
    if (item.left_out && item.group) tell(NO_FILES, 10_000);
    if (isForBot(item)) view.wait(answersBefore);
  },
  refused: (item) => {
    if (item.left_out && item.group) tell(NO_FILES, 10_000);
    if (item.files.length && !item.text) view.dropOwn(item.id);
    else view.say(item.id, "Không gửi được");
    view.settle();
  },
  waiting: (item, code, seconds) => {
    view.say(item.id, code === "too_fast" ? `Tự gửi sau ${Math.ceil(seconds)} giây` : "Chờ gửi lại");
    if (code === "too_fast") tell("Anh/chị gửi hơi nhanh. Tin của anh/chị được giữ và sẽ tự gửi sau ít giây.");
    else if (code !== "offline") tell("Hệ thống đang bận. Tin của anh/chị được giữ và sẽ tự gửi lại.");
  },
  lost: () => openSession(),
});

// Links within this site stay at the seat; anything but a page is no link.
function pageUrl(url) {
  if (!URL.canParse(url, location.href)) return "";
  const found = new URL(url, location.href);
  if (!/^https?:$/.test(found.protocol)) return "";
  if (found.origin === location.origin && found.pathname === "/chat" && seat) found.searchParams.set("seat", seat);
  return found.href;
}

// In a group most of what is said is meant for people: no answer is to be waited for.
function isForBot({ group: to, text: words, button, reply_to }) {
  return !to || button || /^\d+$/.test(reply_to) || /^\/|(^|\W)@(bot|langnghe)\b/i.test(words);
}

// sending

const NO_FILES = "Trong nhóm chỉ gửi được ảnh (tối đa 12 MB mỗi ảnh). Anh/chị gửi tệp khác ở trò chuyện riêng nhé.";

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID(); // only on https and localhost
  return `m-${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function send(parts) {
  const item = { id: newId(), seat, group, at: Date.now(), text: "", button: "", button_message: "", reply_to: "", files: [], ...parts };
  showWaiting(item);
  view.toEnd();
  return sender.add(item);
}

function showWaiting(item) {
  const place = item.latitude === undefined ? undefined : [item.latitude, item.longitude];
  view.addOwn({
    ...item, at: new Date(item.at), live: true, location: place,
    pictures: item.files.filter(isPicture).map((file) => URL.createObjectURL(file)),
    note: item.files.length ? item.files.map((file) => file.name).join(", ") : "",
  });
  view.say(item.id, "Đang gửi");
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const words = text.value.trim();
  if (!words && !picked.length) return;
  send({ text: words, files: picked.map((photo) => photo.file), reply_to: replyTo });
  text.value = "";
  picked = [];
  cancelReply();
  drawPreviews();
  grow();
  text.focus();
});

text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || coarse) return;
  event.preventDefault();
  composer.requestSubmit();
});
text.addEventListener("input", grow);

// What was begun here is still there when one comes back from another conversation.
const draft = `langnghe-draft|${seat}|${group}`;
addEventListener("pagehide", () => {
  try {
    sessionStorage.setItem(draft, text.value);
  } catch {
    // a browser that keeps nothing begins anew
  }
});
function takeUpDraft() {
  try {
    text.value = sessionStorage.getItem(draft) ?? "";
  } catch {
    text.value = "";
  }
}

function grow() {
  text.style.height = "auto";
  if (text.scrollHeight) text.style.height = `${text.scrollHeight}px`; // a page that is not shown yet has none
  find("send").disabled = !text.value.trim() && !picked.length;
}

function startReply(id, quoted) {
  replyTo = id;
  find("reply-text").textContent = quoted.slice(0, 160);
  find("reply").hidden = false;
  text.focus();
}

function cancelReply() {
  replyTo = "";
  find("reply").hidden = true;
}
find("reply-cancel").addEventListener("click", cancelReply);

// photos

const isPicture = (file) => file.type.startsWith("image/");

find("photo").addEventListener("click", () => find("files").click());
find("files").addEventListener("change", (event) => {
  pick([...event.target.files]);
  event.target.value = "";
});
addEventListener("paste", (event) => pick([...(event.clipboardData?.files ?? [])]));
addEventListener("dragover", (event) => { event.preventDefault(); composer.classList.add("over"); });
addEventListener("dragleave", () => composer.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  composer.classList.remove("over");
  pick([...(event.dataTransfer?.files ?? [])]);
});

async function pick(files) {
  if (!files.length) return;
  if (picked.length + files.length > PHOTOS) tell(`Một tin gửi được nhiều nhất ${PHOTOS} ảnh. Những ảnh sau anh/chị gửi ở tin kế tiếp nhé.`, 8000);
  for (const file of files.slice(0, PHOTOS - picked.length)) {
    const smaller = await shrink(file);
    picked.push({ file: smaller, url: isPicture(smaller) ? URL.createObjectURL(smaller) : "" });
    drawPreviews();
  }
  text.focus();
}

// Saves the sender's data plan; the server checks and cleans every photo anyway.
async function shrink(file) {
  if (!isPicture(file) || (file.size < 1_500_000 && /jpeg|png|webp|gif/.test(file.type))) return file;
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, EDGE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.88));
    return blob ? new File([blob], `${file.name}.jpg`, { type: "image/jpeg" }) : file;
  } catch {
    return file;
  }
}

function drawPreviews() {
  const box = find("previews");
  box.replaceChildren(...picked.map((photo, index) => {
    const preview = element("div", "preview");
    const shown = photo.url ? element("img") : element("span", "name", photo.file.name);
    if (photo.url) Object.assign(shown, { src: photo.url, alt: `Ảnh ${index + 1}, chưa gửi` });
    const away = element("button", "", "✕");
    away.type = "button";
    away.setAttribute("aria-label", `Bỏ ảnh ${index + 1}`);
    away.addEventListener("click", () => { picked.splice(index, 1); drawPreviews(); });
    preview.append(shown, away);
    return preview;
  }));
  box.hidden = !picked.length;
  grow();
}

function look(url, label) {
  Object.assign(find("viewer-image"), { src: url, alt: label });
  find("viewer").showModal();
}
find("viewer").addEventListener("click", () => find("viewer").close());

// position

find("position").addEventListener("click", askPosition);

function askPosition() {
  if (!positions.length) return locate();
  return openSheet("Gửi vị trí", [
    { title: "Vị trí hiện tại của tôi", hint: "Trình duyệt sẽ hỏi anh/chị có cho phép không", act: locate },
    ...positions.map((place) => ({
      title: place.title, hint: "Vị trí mẫu cho bản trình diễn",
      act: () => send({ latitude: place.latitude, longitude: place.longitude }),
    })),
  ]);
}

function locate() {
  const write = "Anh/chị viết giúp tên đường và phường nhé.";
  if (!navigator.geolocation || !isSecureContext) return tell(`Trình duyệt không lấy được vị trí ở trang này. ${write}`, 10_000);
  tell("Đang lấy vị trí…", 16_000);
  return navigator.geolocation.getCurrentPosition(
    ({ coords }) => { tell(""); send({ latitude: coords.latitude, longitude: coords.longitude }); },
    (error) => tell(error.code === error.PERMISSION_DENIED
      ? `Anh/chị chưa cho phép trang này biết vị trí. ${write}`
      : `Chưa lấy được vị trí. Anh/chị thử lại ở chỗ thoáng, hoặc viết giúp tên đường và phường nhé.`, 10_000),
    { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 },
  );
}

// commands

find("menu").addEventListener("click", async () => {
  const answer = await ask("/chat/commands").catch(() => null);
  const commands = answer?.ok ? await answer.json() : [["/trogiup", "Cách dùng"]];
  if (!commands.length) return tell("Trong nhóm, anh/chị trả lời vào một hồ sơ để giao việc, hoặc viết @bot rồi hỏi số liệu.", 10_000);
  return openSheet("Các lệnh", commands.map(([name, description]) => ({
    title: description, hint: name, act: () => send({ text: name }),
  })));
});

find("mention").addEventListener("click", () => {
  text.value = `@bot ${text.value}`;
  grow();
  text.focus();
});

// On a phone the list of conversations comes as a sheet.
find("talks-open").addEventListener("click", () => {
  const list = find("talks-list").cloneNode(true);
  list.removeAttribute("id");
  find("talks-sheet").querySelector("ul")?.remove();
  find("talks-sheet").append(list);
  find("talks-sheet").showModal();
});
find("talks-close").addEventListener("click", () => find("talks-sheet").close());
find("talks-sheet").addEventListener("click", ({ target }) => { if (target === find("talks-sheet")) target.close(); });

function openSheet(title, choices) {
  find("sheet-title").textContent = title;
  find("sheet-list").replaceChildren(...choices.map(({ title: name, hint, act }) => {
    const item = element("li");
    const button = element("button");
    button.type = "button";
    button.append(element("strong", "", name), element("span", "", hint));
    button.addEventListener("click", () => { find("sheet").close(); act(); });
    item.append(button);
    return item;
  }));
  find("sheet").showModal();
}
find("sheet-close").addEventListener("click", () => find("sheet").close());
find("sheet").addEventListener("click", (event) => { if (event.target === find("sheet")) find("sheet").close(); });

// notices

let noticeEnd;
function tell(words, milliseconds = 0) {
  find("notice").textContent = words;
  find("notice").hidden = !words;
  clearTimeout(noticeEnd);
  if (milliseconds) noticeEnd = setTimeout(() => tell(""), milliseconds);
}

function showConnection(state, words) {
  find("connection").className = `connection ${state}`;
  find("connection-text").textContent = words;
}

// session and socket

async function openSession() {
  const open = async () => {
    const answer = await ask("/chat/session", { method: "POST" });
    if (!answer.ok) throw new Error(`session: ${answer.status}`);
    return answer.json();
  };
  // pages that open together must not each start a session of their own
  return navigator.locks ? navigator.locks.request("langnghe-session", open) : open();
}

function introduce({ demo, seat: taken, positions: samples }) {
  positions = samples;
  find("simulated").hidden = !demo;
  document.body.classList.toggle("demo", demo); // each message says so too
  if (!taken) return;
  document.title = `${taken.title} · Lắng Nghe`;
  find("title").textContent = taken.title;
  find("subtitle").textContent = taken.hint || "Lắng Nghe";
  if (taken.examples.length) offer(taken.examples);
  if (taken.examples.some(isCommand)) { // somebody who works here, not somebody who writes to us
    find("welcome-title").textContent = taken.title;
    find("welcome-text").textContent = taken.hint;
    find("welcome-urgent").hidden = true;
  }
}

const isCommand = (words) => words.startsWith("/");

function offer(examples) {
  find("examples").replaceChildren(...examples.map((example) => {
    const button = element("button", "", example);
    button.type = "button";
    button.addEventListener("click", () => {
      if (isCommand(example)) return send({ text: example });
      text.value = example;
      grow();
      return text.focus();
    });
    return button;
  }));
  find("examples").hidden = false;
}

function introduceGroup({ title }) {
  document.title = `${title} · Lắng Nghe`;
  document.body.classList.add("in-group");
  if (find("title").textContent !== title) find("subtitle").textContent = `Nhóm · ${find("title").textContent}`;
  find("title").textContent = title;
  find("welcome-title").textContent = title;
  find("welcome-text").textContent = "Chỉ thành viên của nhóm đọc được. Anh/chị trả lời vào một hồ sơ để giao việc, hoặc viết @bot rồi hỏi số liệu.";
  find("welcome-urgent").hidden = true;
  find("examples").hidden = true;
  find("position").hidden = true;
  find("mention").hidden = false;
  text.placeholder = "Nhắn cho nhóm…";
}

// The server tells whoever is no member (any more) that there is no such group.
async function findGroup() {
  const answer = await ask("/chat/groups");
  if (!answer.ok) throw new Error(`groups: ${answer.status}`);
  const groups = await answer.json();
  if (groups.some(({ chat }) => chat === group)) talks.update(groups);
  return talks.open;
}

// Said once: a page that is loaded again says nothing of it.
const wasLeft = location.hash === LEFT;
if (wasLeft) history.replaceState(null, "", location.pathname + location.search);

function leaveGroup() {
  location.replace(`${talks.address("")}${LEFT}`);
}

let tries = 0;
let failedSince = 0;

async function connect() {
  try {
    introduce(await openSession());
    if (group) {
      const found = await findGroup();
      if (!found) return leaveGroup();
      introduceGroup(found);
    }
  } catch {
    return again();
  }
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}${here("/chat/socket", { after: view.cursor() })}`);
  let watch;
  const alive = () => { clearTimeout(watch); watch = setTimeout(() => socket.close(), SILENCE); };
  socket.addEventListener("open", () => { alive(); connected(); });
  socket.addEventListener("message", ({ data }) => { alive(); receive(JSON.parse(data)); });
  socket.addEventListener("close", ({ code }) => {
    clearTimeout(watch);
    if (code === NOT_A_MEMBER) leaveGroup();
    else if (code === SIGNED_OUT) location.reload();
    else again();
  });
  addEventListener("offline", () => socket.close(), { once: true });
  return undefined;
}

function connected() {
  tries = 0;
  failedSince = 0;
  showConnection("live", "Đã nối");
  if (!wasLeft) tell("");
  sender.hurry();
}

function again() {
  failedSince ||= Date.now();
  showConnection("off", "Mất kết nối");
  tell("Mất kết nối. Anh/chị cứ viết: tin được giữ lại và tự gửi khi nối được.");
  const pause = Math.min(15_000, 500 * 2 ** tries++) * (0.7 + Math.random() * 0.6);
  const retry = () => { clearTimeout(timer); removeEventListener("online", retry); connect(); };
  const timer = setTimeout(retry, pause);
  addEventListener("online", retry);
}

function receive({ entries, groups }) {
  if (groups) talks.update(groups);
  if (!entries) return;
  for (const entry of entries) {
    talks.shown(entry);
    if (view.show(entry, live) && live && (entry.kind === "out" || entry.own === false)) announce();
  }
  if (!live) {
    live = true;
    find("messages").setAttribute("aria-live", "polite");
    for (const item of waiting.list()) if ((item.group ?? "") === group && !view.own.has(item.id)) showWaiting(item);
    view.toEnd();
  }
}

function announce() {
  if (parent !== window) parent.postMessage({ news: seat }, location.origin);
  if (!document.hidden) return;
  const name = document.title.replace(/^\(\d+\) /, "");
  document.title = `(${++unread}) ${name}`;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  talks.readAll();
  unread = 0;
  document.title = document.title.replace(/^\(\d+\) /, "");
});

if (parent !== window) {
  const phone = parent.matchMedia("(max-width: 759px)");
  const fit = () => document.body.classList.toggle("slim", phone.matches);
  document.body.classList.add("embedded");
  phone.addEventListener("change", fit);
  fit();
}
await waiting.load();
takeUpDraft();
grow();
if (wasLeft) tell("Anh/chị không ở trong nhóm đó nên không mở được. Cần vào nhóm, anh/chị hỏi người lập nhóm.", 20_000);
connect();
if (!coarse && parent === window) text.focus();
