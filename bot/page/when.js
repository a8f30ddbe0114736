// Times as people here read them: "17:00 thứ Tư 25/11", in Vietnam's time wherever the browser is.

const WEEKDAYS = { Mon: "thứ Hai", Tue: "thứ Ba", Wed: "thứ Tư", Thu: "thứ Năm", Fri: "thứ Sáu", Sat: "thứ Bảy", Sun: "Chủ nhật" };

const format = new Intl.DateTimeFormat("en-US", {
  timeZone: "Asia/Ho_Chi_Minh", hourCycle: "h23", weekday: "short",
  year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit",
});

function parts(at) {
  return Object.fromEntries(format.formatToParts(at).map((part) => [part.type, part.value]));
}

export function clock(at) {
  const { hour, minute } = parts(at);
  return `${hour}:${minute}`;
}

export function date(at, now = new Date()) {
  const { weekday, day, month, year } = parts(at);
  const otherYear = year === parts(now).year ? "" : `/${year}`;
  return `${WEEKDAYS[weekday]} ${day}/${month}${otherYear}`;
}

export function dayName(at, now = new Date()) {
  const yesterday = new Date(now.getTime() - 86_400_000);
  if (date(at) === date(now)) return "Hôm nay";
  if (date(at) === date(yesterday)) return "Hôm qua";
  return date(at, now);
}

export function full(at) {
  return `${clock(at)} ${date(at)}`;
}
