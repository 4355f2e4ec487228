// What every page does: toasts, menus, dialogs, the side bar on telephones, the theme, the bell, the progress line.

const words = JSON.parse(document.getElementById("words").textContent);
const body = document.body;

// Toasts: from Django's messages, from HX-Trigger: {"toast": {"text": "…", "level": "error"}}, or from any script by
// document.body.dispatchEvent(new CustomEvent("toast", {detail: {text, level}})).
const toasts = document.getElementById("toasts");
const STAY = 6000;
const STAY_TO_BE_USED = 30_000; // with a link or a button: never while somebody is at it

function fade(line) {
  if (line.matches(".error")) return;
  const used = line.querySelector("a, .toast-do");
  const end = () => (line.matches(":hover, :focus-within") ? setTimeout(end, STAY) : line.remove());
  setTimeout(end, used ? STAY_TO_BE_USED : STAY);
}

function toast(text, level = "success") {
  const line = document.createElement("div");
  line.className = `toast-line ${level}`;
  const span = document.createElement("span");
  span.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.dataset.toastClose = "";
  close.setAttribute("aria-label", words.close);
  close.textContent = "×";
  line.append(span, close);
  toasts.append(line);
  fade(line);
}

toasts.querySelectorAll("[data-toast]").forEach(fade);
body.addEventListener("toast", (event) => toast(event.detail.text ?? event.detail.value, event.detail.level));

// htmx: say what failed; nothing typed is lost, because nothing is swapped.
body.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (status !== 401) toast(status === 403 ? words.notAllowed : words.failed, "error");
});
body.addEventListener("htmx:sendError", (event) => { if (!event.target.closest?.("form[data-kept]")) toast(words.unreachable, "error"); }); // kept.js says more

// The progress line at the top: while htmx waits, and while a page is left.
const progress = document.getElementById("progress");
let waiting = 0;
function busy() {
  waiting += 1;
  progress.className = "page-progress busy";
}
function done() {
  waiting = Math.max(0, waiting - 1);
  if (!waiting) progress.className = "page-progress done";
}
body.addEventListener("htmx:beforeRequest", (event) => event.detail.elt.id !== "unread" && busy());
body.addEventListener("htmx:afterRequest", (event) => event.detail.elt.id !== "unread" && done());
addEventListener("pageshow", () => { waiting = 0; progress.className = "page-progress"; });
addEventListener("beforeunload", busy);

// Menus: <details class="menu">; one open at a time, placed so that nothing clips it.
function place(menu) {
  const panel = menu.querySelector(".menu-panel");
  const button = menu.querySelector("summary").getBoundingClientRect();
  const { width, height } = panel.getBoundingClientRect();
  const right = button.left + width > innerWidth - 8;
  const left = right ? Math.max(8, button.right - width) : button.left;
  const below = button.bottom + 5 + height <= innerHeight - 8 || button.top < height + 13;
  panel.style.left = `${Math.min(left, innerWidth - width - 8)}px`;
  panel.style.top = `${below ? button.bottom + 5 : button.top - height - 5}px`;
}
const openMenus = () => document.querySelectorAll("details.menu[open]");
document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!(menu instanceof HTMLDetailsElement) || !menu.matches(".menu") || !menu.open) return;
  openMenus().forEach((other) => { if (other !== menu && !other.contains(menu)) other.open = false; });
  place(menu);
  menu.querySelectorAll("[hx-trigger~='opened']").forEach((part) => part.dispatchEvent(new CustomEvent("opened")));
}, true);
body.addEventListener("htmx:afterSwap", () => openMenus().forEach(place));
addEventListener("resize", () => openMenus().forEach(place));
addEventListener("scroll", (event) => {
  openMenus().forEach((menu) => { if (!menu.contains(event.target)) place(menu); });
}, true);

function moveInMenu(menu, step) {
  const items = [...menu.querySelectorAll(".menu-panel :is(a, button, input):not([disabled])")];
  if (!items.length) return;
  const at = items.indexOf(document.activeElement);
  items[(at + step + items.length) % items.length].focus();
}
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.menu[open]");
  if (event.key === "Escape" && openMenus().length) {
    openMenus().forEach((open) => { open.open = false; });
    menu?.querySelector("summary").focus();
  } else if (menu && (event.key === "ArrowDown" || event.key === "ArrowUp") && !event.target.matches("input, textarea, select")) {
    event.preventDefault();
    moveInMenu(menu, event.key === "ArrowDown" ? 1 : -1);
  }
});

// The side bar on telephones.
const side = document.getElementById("side");
const sideButton = document.querySelector("[data-side-open]");
function openSide(open) {
  body.classList.toggle("side-is-open", open);
  sideButton.setAttribute("aria-expanded", String(open));
  if (open) side.querySelector("nav a")?.focus();
  else if (side.contains(document.activeElement)) sideButton.focus();
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && body.matches(".side-is-open")) openSide(false);
});

// The theme: at once here and in this browser (theme.js), and kept with the user for the next log-in anywhere.
const root = document.documentElement;
function showTheme(choice) {
  root.dataset.themeChoice = choice;
  root.dispatchEvent(new CustomEvent("theme-choice"));
  document.querySelectorAll("[data-themes] [aria-pressed]").forEach((other) => other.removeAttribute("aria-pressed"));
  document.querySelectorAll(`[data-themes] [value="${choice}"]`).forEach((same) => same.setAttribute("aria-pressed", "true"));
}

// One request at a time, so that the last choice is the last that the server hears; it outlives the page.
let telling = null;
async function keepTheme(form) {
  const chosen = root.dataset.themeChoice;
  if (telling) return;
  telling = { form, chosen };
  await tell(form, chosen);
  telling = null;
  if (chosen !== root.dataset.themeChoice) keepTheme(form);
}
function tell(form, theme) {
  const data = new FormData(form);
  data.set("theme", theme);
  return fetch(form.action, { method: "POST", body: data, headers: { "X-Requested-With": "fetch" }, keepalive: true })
    .then((answer) => { if (!answer.ok) toast(words.failed, "error"); })
    .catch(() => toast(words.unreachable, "error"));
}
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-themes]") && event.submitter) {
    event.preventDefault();
    showTheme(event.submitter.value);
    keepTheme(event.target);
  }
});
addEventListener("pagehide", () => {
  if (telling && telling.chosen !== root.dataset.themeChoice) tell(telling.form, root.dataset.themeChoice);
});
// A page that the browser took out of its memory may be older than the choice.
addEventListener("pageshow", (event) => {
  const chosen = document.cookie.match(/(?:^|; )theme=(\w+)/);
  if (event.persisted && chosen) showTheme(chosen[1]);
});

// Which sections of the side bar are folded away is kept where the server reads it, so that no page jumps.
function fold(part) {
  const nav = part.closest("[data-folded]");
  const folded = new Set(nav.dataset.folded.split("."));
  folded[part.open ? "add" : "delete"](part.dataset.fold);  // it is about to change
  nav.dataset.folded = [...folded].join(".");
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `folded=${nav.dataset.folded}; path=/; max-age=${365 * 86_400}; samesite=lax${secure}`;
}

function copy(id) {
  navigator.clipboard.writeText(document.getElementById(id).textContent.trim()).then(() => toast(words.copied));
}

// Forms of a few controls are sent at once: <form data-submit-on-change>.
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-submit-on-change]")) form.requestSubmit();
});

// One listener for all clicks.
document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  if (!at("details.menu")) openMenus().forEach((menu) => { menu.open = false; });
  if (at("[data-toast-close]")) at(".toast-line").remove();
  if (at("[data-side-open]")) openSide(!body.matches(".side-is-open"));
  if (at("[data-side-close]")) openSide(false);
  if (at("[data-fold] > summary")) fold(at("[data-fold]"));
  if (at("[data-dialog]")) document.getElementById(at("[data-dialog]").dataset.dialog)?.showModal();
  if (at("[data-dialog-close]")) at("dialog").close();
  if (at("[data-copy]")) copy(at("[data-copy]").dataset.copy);
  if (event.target instanceof HTMLDialogElement && event.target.matches(".dialog, .palette")) closeFromOutside(event);
});
function closeFromOutside(event) {
  const box = event.target.getBoundingClientRect();
  const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  if (!inside && event.detail) event.target.close();
}

// The bell: every few seconds, while somebody looks, one small question whether anything came; what did is a toast. Where
// the server does not answer, it is asked less and less often. Up to where all was heard is kept from page to page, so that
// nothing is missed between two. A page that asks what others changed (desk/live.js) asks for the bell in the same breath.
const SECONDS = 5_000;
const ASKED_FOR = 40_000; // longer than such a page waits between two questions
const SLOWEST = 60_000;
let last = sessionStorage.getItem("heard");
let pause = SECONDS;
let asking = null;

async function listen() {
  clearTimeout(asking);
  const bell = document.getElementById("unread");
  if (!bell) sessionStorage.removeItem("heard"); // nobody is logged in
  if (!bell || document.visibilityState !== "visible") return;
  const query = last === null ? "" : `?after=${last}&unread=${bell.dataset.count}`;
  try {
    const answer = await fetch(`${bell.dataset.live}${query}`, { headers: { Accept: "application/json", "X-Requested-With": "fetch" } });
    if (answer.redirected || (!answer.ok && answer.status !== 204)) throw new Error(String(answer.status));
    pause = SECONDS;
    if (answer.status === 200) hear(await answer.json());
  } catch {
    pause = Math.min(2 * pause, SLOWEST);
  }
  clearTimeout(asking);
  asking = setTimeout(listen, pause);
}
function hear({ last: newest, told }) {
  told.forEach((one) => toast(one.text, one.level));
  const first = last === null;
  last = newest;
  sessionStorage.setItem("heard", last);
  if (!first) body.dispatchEvent(new CustomEvent("poll")); // whoever shows what may have changed asks anew
}
body.addEventListener("heard", ({ detail }) => {
  clearTimeout(asking);
  if (detail) hear(detail);
  asking = setTimeout(listen, ASKED_FOR);
});
document.addEventListener("visibilitychange", listen);
if (last !== null && document.querySelector("[data-live][data-at]")) asking = setTimeout(listen, ASKED_FOR);
else listen();

if (/Mac|iPhone|iPad/.test(navigator.platform)) {
  document.querySelectorAll("[data-shortcut]").forEach((key) => { key.textContent = "⌘K"; });
}
