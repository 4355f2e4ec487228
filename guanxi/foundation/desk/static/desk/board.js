// Boards and calendars: cards moved by drag, by key or by the menu; what somebody else changed meanwhile is shown first.

const desk = document.getElementById("desk");
const board = () => desk.querySelector("[data-board]");
const lane = (key) => [...desk.querySelectorAll("[data-lane]")].find((one) => one.dataset.lane === key);
const cardOf = (number) => desk.querySelector(`[data-card="${number}"]`);

function say(text, level) {
  document.body.dispatchEvent(new CustomEvent("toast", { detail: { text, level } }));
}

function element(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  return holder.content.firstElementChild;
}

// Put cards where the server says that they are, and renew the heads.
function place(answer) {
  for (const [number, { html, lane: key }] of Object.entries(answer.cards ?? {})) {
    const old = cardOf(number);
    const fresh = html && element(html);
    const to = key === null ? null : lane(key)?.querySelector("[data-cards]");
    if (!fresh || !to) { old?.remove(); continue; }
    const same = old && to.contains(old) && old.dataset.seen === fresh.dataset.seen && old.textContent === fresh.textContent;
    if (same) continue;
    const focused = old?.contains(document.activeElement);
    if (old && to.contains(old)) old.replaceWith(fresh);
    else { old?.remove(); to.prepend(fresh); }
    window.htmx.process(fresh);
    if (focused) fresh.focus({ preventScroll: true });
  }
  for (const [key, html] of Object.entries(answer.heads ?? {})) {
    const head = lane(key)?.querySelector(".lane-head");
    if (!head) continue;
    const fresh = element(html);
    head.replaceWith(fresh);
    window.htmx.process(fresh);
  }
}

async function send(number, to, seen) {
  const data = new FormData();
  data.set("to", to);
  data.set("seen", seen);
  data.set("query", board().dataset.query);
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  return fetch(board().dataset.move.replace("/0/", `/${number}/`), { method: "POST", body: data, headers });
}

async function move(card, to, back, seen = card.dataset.seen) {
  const number = card.dataset.card;
  const title = card.getAttribute("aria-label");
  card.classList.add("moving");
  let answer = null;
  let status = 0;
  try {
    const response = await send(number, to, seen);
    status = response.status;
    answer = [200, 409, 422].includes(status) ? await response.json() : null;
  } catch { status = 0; }
  card.classList.remove("moving");
  if (status === 200) {
    place(answer);
    const told = desk.querySelector("[data-moved]");
    if (told) told.textContent = told.dataset.words.replace("CARD", title).replace("LANE", lane(to)?.dataset.label ?? to);
    return;
  }
  back();
  const words = JSON.parse(document.getElementById("words").textContent);
  if (status === 409) {
    const dialog = document.getElementById("move-conflict");
    dialog.innerHTML = answer.dialog;
    dialog.showModal();
  } else say(answer?.error ?? (status === 403 ? words.notAllowed : status ? words.failed : words.unreachable), "error");
}

// By hand: each column takes cards of the others.
let Sortable = null;
async function arm() {
  const here = board();
  if (!here || "armed" in here.dataset || !here.matches(".movable")) return;
  here.dataset.armed = "";
  Sortable ??= (await import(here.dataset.sortable)).default;
  here.querySelectorAll("[data-cards]").forEach((cards) => {
    const accepts = "accepts" in cards.closest("[data-lane]").dataset;
    Sortable.create(cards, {
      group: { name: "cards", put: accepts },
      draggable: "[data-card]",
      filter: "button",
      preventOnFilter: false,
      sort: false,
      animation: 130,
      delay: 180,
      delayOnTouchOnly: true,
      ghostClass: "board-ghost",
      onStart: () => { here.classList.add("dragging"); },
      onMove: (event) => "movable" in event.dragged.dataset,
      onEnd: (event) => {
        here.classList.remove("dragging");
        if (event.from === event.to) return;
        const card = event.item;
        const next = event.from.children[event.oldIndex] ?? null;
        move(card, event.to.closest("[data-lane]").dataset.lane, () => event.from.insertBefore(card, next));
      },
    });
  });
}

// By key: m or the button of a card opens the columns to choose from; arrows go from card to card.
let chosen = null;
function choose(card) {
  chosen = card;
  const dialog = document.getElementById("move-card");
  const here = card.closest("[data-lane]").dataset.lane;
  dialog.querySelector("[data-move-title]").textContent = card.getAttribute("aria-label");
  dialog.querySelectorAll("[data-to]").forEach((button) => { button.disabled = button.dataset.to === here; });
  const day = dialog.querySelector("[data-to-day]");
  if (day) day.value = here;
  dialog.showModal();
  dialog.querySelector("[data-to]:not(:disabled), [data-to-day]")?.focus();
}

function moveTo(key) {
  const card = chosen;
  document.getElementById("move-card").close();
  card.focus();
  if (key && key !== card.closest("[data-lane]").dataset.lane) move(card, key, () => {});
}

const SIDEWAYS = { ArrowLeft: -1, ArrowRight: 1 };
function walk(card, key) {
  const lanes = [...desk.querySelectorAll("[data-lane]")];
  const here = card.closest("[data-lane]");
  const cards = [...here.querySelectorAll("[data-card]")];
  const at = cards.indexOf(card);
  if (key === "ArrowDown") return cards[at + 1];
  if (key === "ArrowUp") return cards[at - 1];
  for (let next = lanes.indexOf(here) + SIDEWAYS[key]; lanes[next]; next += SIDEWAYS[key]) {
    const there = [...lanes[next].querySelectorAll("[data-card]")];
    if (there.length) return there[Math.min(at, there.length - 1)];
  }
  return null;
}

// Where cards stay where they are, who tries to drag one is told why.
const FAR = 12; // pixels
let pressed = null;
desk.addEventListener("pointerdown", (event) => {
  pressed = event.button === 0 && event.target.closest("[data-fixed] [data-card]") ? event : null;
});
desk.addEventListener("pointermove", (event) => {
  if (!pressed || Math.hypot(event.clientX - pressed.clientX, event.clientY - pressed.clientY) < FAR) return;
  pressed = null;
  say(board().dataset.fixed, "info");
});
addEventListener("pointerup", () => { pressed = null; });

desk.addEventListener("keydown", (event) => {
  const card = event.target.closest("[data-card]");
  if (!card || event.ctrlKey || event.metaKey || event.altKey || event.target !== card) return;
  if (event.key === "m" && "movable" in card.dataset) choose(card);
  else if (event.key === "m" && board().dataset.fixed) say(board().dataset.fixed, "info");
  else if (event.key === "Enter") card.querySelector("a").click();
  else if (/^Arrow/.test(event.key)) walk(card, event.key)?.focus();
  else return;
  event.preventDefault();
});

desk.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  if (event.target.matches("[data-day-space]")) at("[data-lane]").querySelector("[data-quick]").click();
  else if (at("[data-move-card]")) choose(at("[data-card]"));
  else if (at("#move-card [data-to]")) moveTo(at("[data-to]").dataset.to);
  else if (at("[data-conflict='mine']")) {
    const button = at("[data-conflict]");
    const card = cardOf(button.dataset.cardNumber);
    if (card) move(card, button.dataset.to, () => {}, button.dataset.seen);
  } else if (at("[data-conflict='theirs']")) document.body.dispatchEvent(new CustomEvent("live-now"));
});
desk.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-move-day]")) return;
  event.preventDefault();
  moveTo(event.target.querySelector("[data-to-day]").value);
});

// The columns of a list are put in order by drag, or by Alt with the arrow keys.
document.addEventListener("toggle", async (event) => {
  const list = event.target.open && event.target.querySelector?.(":scope > .menu-panel [data-order]");
  if (!list || "armed" in list.dataset) return;
  list.dataset.armed = "";
  Sortable ??= (await import(list.dataset.sortable)).default;
  Sortable.create(list, { handle: ".grip", animation: 130 });
}, true);
desk.addEventListener("keydown", (event) => {
  const line = event.target.closest("[data-order] > li");
  if (!line || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  if (event.key === "ArrowUp") line.previousElementSibling?.before(line);
  else line.nextElementSibling?.after(line);
  event.target.focus();
});

document.body.addEventListener("place-cards", (event) => place(event.detail));
document.body.addEventListener("htmx:afterSettle", arm);
arm();
