// What others change shows within seconds: one small poll a page. What is being typed, chosen or dragged is left alone.

const SOON = 6_000; // somebody is at work here
const LATER = 30_000; // nobody touched the page for IDLE
const IDLE = 180_000;
const LONGEST = 120_000; // while the server does not answer

let holder = null; // the element that says what is looked at; another after each swap of the list
let mark = 0;
let known = new Map(); // row -> its newest entry that this page shows
let again = new Set(); // rows that changed while somebody was at work on them
let told = 0; // the newest entry that the notice spoke of
let tokens = new Map();
let timer = 0;
let failures = 0;
let touched = Date.now();

const byId = (id) => document.getElementById(id);
const element = (html) => {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  return holder.content.firstElementChild;
};

function begin() {
  const now = document.querySelector("[data-live][data-at]");
  if (now === holder) return;
  [holder, mark, known, again] = [now, 0, new Map(), new Set()];
}

function next() {
  clearTimeout(timer);
  if (document.visibilityState !== "visible") return;
  const calm = Date.now() - touched > IDLE ? LATER : SOON;
  const wait = Math.min(calm * 2 ** failures, LONGEST);
  timer = setTimeout(poll, wait * (0.85 + Math.random() * 0.3)); // not all pages in step
}

const boxes = () => [...document.querySelectorAll("#desk tr[data-row] input[name='ids']")];
const cards = () => [...document.querySelectorAll("#desk [data-card]")];

async function poll() {
  clearTimeout(timer);
  begin();
  if (!holder) return;
  const asked = holder;
  const data = new FormData();
  data.set("mark", String(mark));
  data.set("at", asked.dataset.at);
  data.set("after", sessionStorage.getItem("heard") ?? ""); // for the bell, which then need not ask by itself
  data.set("unread", byId("unread")?.dataset.count ?? "");
  if (asked.dataset.query !== undefined) {
    data.set("query", asked.dataset.query);
    data.set("ids", [...boxes().map((box) => box.value), ...cards().map((card) => card.dataset.card)].slice(0, 500).join());
    data.set("again", [...again].join());
  }
  try {
    const headers = JSON.parse(document.body.getAttribute("hx-headers"));
    const response = await fetch(asked.dataset.live, { method: "POST", body: data, headers });
    if (!response.ok) throw new Error(String(response.status));
    const answer = await response.json();
    failures = 0;
    document.body.dispatchEvent(new CustomEvent("heard", { detail: answer.bell }));
    if (asked === document.querySelector("[data-live][data-at]")) show(answer);
  } catch { failures = Math.min(failures + 1, 6); }
  next();
}

function show(answer) {
  mark = answer.mark || mark;
  if (answer.facts) showRecord(answer);
  else if (answer.gone) note(byId("record"), answer.gone);
  else showList(answer);
}

// Lists and boards

function isNew(id, change) {
  const due = again.has(id) || (change && change.entry > (known.get(id) ?? 0));
  return Boolean(due);
}

function showList(answer) {
  const dragging = document.querySelector(".board.dragging");
  for (const [id, change] of Object.entries(answer.changed ?? {})) {
    if (!isNew(id, change)) { delete answer.cards?.[id]; continue; }
    const done = answer.rows?.[id] !== undefined ? showRow(id, answer.rows[id], change) : !dragging;
    if (done) { again.delete(id); known.set(id, Math.max(change.entry, known.get(id) ?? 0)); } else again.add(id);
  }
  if (answer.cards && !dragging) showCards(answer);
  if (answer.others > told) { told = answer.others; offer(answer.words); }
}

// Whether somebody types or chooses in it.
function busy(part) {
  const at = document.activeElement;
  return part.contains(at) && at.matches("input:not([type='checkbox']), textarea, select, [contenteditable]") || part.querySelector(".editing, form [data-wrong]");
}

function showRow(id, html, change) {
  const box = boxes().find((one) => one.value === id);
  const row = box?.closest("tr");
  if (!row) return true;
  if (busy(row)) return false;
  if (!html) { row.classList.add("gone"); box.disabled = true; box.checked = false; return true; }
  const fresh = element(`<table><tbody>${html}</tbody></table>`).querySelector("tr");
  if (fresh.textContent.trim() === row.textContent.trim()) return true;
  const focused = row.contains(document.activeElement) ? document.activeElement : null;
  const place = focused ? [...row.querySelectorAll("a, button, input")].indexOf(focused) : -1;
  fresh.querySelector("input[name='ids']").checked = box.checked;
  fresh.classList.toggle("chosen", box.checked);
  fresh.classList.toggle("current", row.matches(".current"));
  if (!change.mine) mention(fresh, change.who);
  row.replaceWith(fresh);
  window.htmx.process(fresh);
  if (place >= 0) [...fresh.querySelectorAll("a, button, input")][place]?.focus({ preventScroll: true });
  return true;
}

function showCards(answer) {
  const before = new Map(cards().map((card) => [card.dataset.card, card]));
  document.body.dispatchEvent(new CustomEvent("place-cards", { detail: answer }));
  for (const card of cards()) {
    const id = card.dataset.card;
    if (id in answer.cards && before.get(id) !== card && !answer.changed?.[id]?.mine) mention(card, answer.changed?.[id]?.who);
  }
}

function mention(part, who) {
  part.classList.add("just-changed");
  if (who) part.title = who;
}

function offer(words) {
  document.querySelector(".live-notice")?.remove();
  const line = document.createElement("div");
  line.className = "notice info live-notice";
  line.setAttribute("role", "status");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn-link";
  button.textContent = words.show;
  button.addEventListener("click", () => window.htmx.ajax("GET", location.href, { target: "#desk" }));
  line.append(`${words.notice} `, button);
  document.querySelector("#desk .toolbar")?.before(line);
}

// The record page

function showRecord(answer) {
  if (answer.entry > (known.get("record") ?? 0)) {
    known.set("record", answer.entry);
    for (const [name, html] of Object.entries(answer.facts)) showFact(name, html, answer);
    const head = byId("record-head");
    const fresh = element(answer.head);
    if (head && fresh.textContent !== head.textContent) head.replaceWith(fresh);
  }
  (answer.parts ?? []).forEach(showPart);
}

function showFact(name, html, answer) {
  const fact = document.querySelector(`[data-fact="${CSS.escape(name)}"]`);
  if (!fact) return;
  if (fact.matches(".editing")) {
    const concerned = answer.fields.some((field) => name === field || name.startsWith(`${field}.`));
    if (concerned && !answer.mine) note(fact.querySelector("dd") ?? fact, answer.words);
    return;
  }
  const fresh = element(html);
  if (fresh.textContent.trim() === fact.textContent.trim()) return;
  if (!answer.mine) fresh.classList.add("just-changed");
  fact.replaceWith(fresh);
  window.htmx.process(fresh);
}

function note(part, text) {
  part.querySelector(":scope > .live-note")?.remove();
  const line = document.createElement("p");
  line.className = "live-note";
  line.setAttribute("role", "status");
  line.textContent = text;
  part.prepend(line);
}

function showPart({ target, url, token }) {
  const before = tokens.get(target);
  tokens.set(target, token);
  const part = document.querySelector(target);
  if (!part || before === undefined || before === token) return;
  const typed = [...part.querySelectorAll("input:not([type='hidden']), textarea")].some((input) => input.value !== input.defaultValue);
  const from = part.querySelector("[aria-current][hx-get]")?.getAttribute("hx-get") ?? url;
  const fetchIt = () => window.htmx.ajax("GET", from, { target, swap: "outerHTML" });
  if (!typed && !busy(part)) { fetchIt(); return; }
  note(part, `${holder.dataset.news} `);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn-link";
  button.textContent = holder.dataset.show;
  button.addEventListener("click", fetchIt);
  part.querySelector(":scope > .live-note").append(button);
}

for (const kind of ["pointerdown", "keydown", "focus"]) addEventListener(kind, () => {
  const slept = Date.now() - touched > IDLE;
  touched = Date.now();
  if (slept) poll();
}, { capture: true, passive: true });
document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? poll() : clearTimeout(timer)));
document.body.addEventListener("live-now", poll);
document.body.addEventListener("htmx:afterSettle", begin);
begin();
next();
