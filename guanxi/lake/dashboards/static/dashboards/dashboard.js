// A dashboard: tiles are fetched when they come into sight, two at a time; while arranging they are dragged by their
// handle or moved by the buttons beside it, and the order is kept at once.

const tiles = document.getElementById("tiles");
const AT_ONCE = 2;
const waiting = [];
let working = 0;

async function fill(tile) {
  const inside = tile.querySelector(".tile-inside");
  try {
    const answer = await fetch(tile.dataset.url, { headers: { "X-Requested-With": "fetch" } });
    if (!answer.ok) throw new Error(String(answer.status));
    inside.innerHTML = await answer.text();
  } catch {
    const words = Object.assign(document.createElement("p"), { className: "menu-wait", textContent: tiles.dataset.failed });
    inside.querySelector(".menu-wait")?.replaceWith(words);
  }
  inside.setAttribute("aria-busy", "false");
  document.body.dispatchEvent(new CustomEvent("htmx:afterSettle")); // plots are drawn
}

function next() {
  while (working < AT_ONCE && waiting.length) {
    working += 1;
    fill(waiting.shift()).finally(() => { working -= 1; next(); });
  }
}

const seen = new IntersectionObserver((entries) => {
  entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => {
    seen.unobserve(target);
    waiting.push(target);
  });
  next();
}, { rootMargin: "200px" });

async function keepOrder() {
  const data = new FormData();
  data.set("do", "arrange");
  tiles.querySelectorAll("[data-tile]").forEach((tile) => data.append("tile", tile.dataset.tile));
  const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
  const answer = await fetch(tiles.dataset.arrange, {
    method: "POST", body: data, keepalive: true, headers: { "X-CSRFToken": token, "X-Requested-With": "fetch" },
  }).catch(() => ({ ok: false }));
  tiles.dataset.kept = answer.ok ? "yes" : "no";
  if (!answer.ok) document.body.dispatchEvent(new CustomEvent("toast", { detail: { text: JSON.parse(document.getElementById("words").textContent).failed, level: "error" } }));
}

function move(button) {
  const tile = button.closest("[data-tile]");
  const other = button.dataset.move === "-1" ? tile.previousElementSibling : tile.nextElementSibling;
  if (!other) return;
  if (button.dataset.move === "-1") other.before(tile); else other.after(tile);
  button.focus();
  keepOrder();
}

if (tiles) {
  tiles.querySelectorAll("[data-tile]").forEach((tile) => seen.observe(tile));
  tiles.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (button) move(button);
  });
  tiles.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });
  if (tiles.dataset.arrange) {
    const { default: Sortable } = await import(document.getElementById("dashboard-script").dataset.sortable);
    Sortable.create(tiles, { handle: ".tile-handle", ghostClass: "moving", animation: 120, onEnd: keepOrder });
    tiles.dataset.ready = "yes";
  }
}
