// The demo: several people's chats side by side; on a phone one at a time, with a mark where news waits.

const narrow = matchMedia("(max-width: 759px)");
const find = (id) => document.getElementById(id);
const panes = new Map();
const buttons = new Map();
let seats = [];
let open = [];
let current = "";

function remembered() {
  try {
    return JSON.parse(localStorage.getItem("langnghe-demo") ?? "{}");
  } catch {
    return {};
  }
}

function remember() {
  try {
    localStorage.setItem("langnghe-demo", JSON.stringify({ open, current }));
  } catch {
    // a browser that keeps nothing starts with the usual seats
  }
}

function choose(name) {
  if (narrow.matches) current = name;
  else if (open.includes(name)) open = open.filter((other) => other !== name);
  if (!open.includes(name) && (narrow.matches || !panes.has(name))) open.push(name);
  if (!open.includes(current)) current = open.at(-1) ?? "";
  if (open.includes(name)) current = name;
  remember();
  draw();
}

function draw() {
  for (const name of [...panes.keys()].filter((known) => !open.includes(known))) {
    panes.get(name).remove();
    panes.delete(name);
  }
  for (const seat of seats.filter(({ name }) => open.includes(name) && !panes.has(name))) addPane(seat);
  for (const [name, pane] of panes) pane.classList.toggle("current", name === current);
  for (const [name, button] of buttons) {
    button.setAttribute("aria-pressed", String(narrow.matches ? name === current : open.includes(name)));
    if (!narrow.matches || name === current) button.classList.remove("news");
  }
  find("empty").hidden = open.length > 0;
}

// In the order of the seats; a frame that is moved would load again, so the new one is put between the others.
function addPane(seat) {
  const pane = document.createElement("section");
  pane.className = "pane";
  const frame = document.createElement("iframe");
  frame.title = seat.title;
  frame.allow = "geolocation";
  frame.src = `/chat?${new URLSearchParams({ seat: seat.name })}`;
  pane.append(frame);
  const place = seats.findIndex(({ name }) => name === seat.name);
  const next = seats.slice(place + 1).map(({ name }) => panes.get(name)).find(Boolean);
  find("panes").insertBefore(pane, next ?? null);
  panes.set(seat.name, pane);
}

function addButton(seat) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = seat.title;
  button.title = seat.hint;
  button.addEventListener("click", () => choose(seat.name));
  const item = document.createElement("li");
  item.append(button);
  find("seats").append(item);
  buttons.set(seat.name, button);
}

addEventListener("message", ({ origin, data }) => {
  if (origin !== location.origin || typeof data?.news !== "string") return;
  const pane = panes.get(data.news);
  if (narrow.matches && data.news !== current) buttons.get(data.news)?.classList.add("news");
  pane?.classList.remove("news");
  requestAnimationFrame(() => pane?.classList.add("news"));
});
narrow.addEventListener("change", draw);

// one session for all panes, before the first of them asks for its own
await fetch("/chat/session", { method: "POST" });
seats = await (await fetch("/demo/seats")).json();
for (const seat of seats) addButton(seat);
const names = seats.map(({ name }) => name);
const kept = remembered();
open = (kept.open ?? names.slice(0, 3)).filter((name) => names.includes(name));
if (!open.length) open = names.slice(0, 1);
current = open.includes(kept.current) ? kept.current : open[0];
draw();
