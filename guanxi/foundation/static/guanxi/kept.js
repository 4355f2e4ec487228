// Forms that keep what is typed on this device (`data-kept` names the form): it is there again after a reload, and what
// could not be sent for want of a network is sent as soon as there is one. Each carries a token (foundation/once.py), so
// that what did arrive although no answer came back is not done twice. Nothing is kept for longer than a week.

const body = document.body;
const words = JSON.parse(document.getElementById("words").textContent);
const PREFIX = `kept:${body.dataset.user}:`;
const WAITING = `${PREFIX}waiting/`; // before the key of a form that waits to be sent
const WEEK = 7 * 24 * 3600 * 1000;
const SOON = 15_000; // milliseconds between two tries
const LEFT_OUT = new Set(["csrfmiddlewaretoken"]);

const store = {
  get(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, JSON.stringify({ ...value, at: Date.now() })); return true; } catch { return false; } },
  remove(key) { try { localStorage.removeItem(key); } catch { /* no store, nothing kept */ } },
  keys(prefix) { try { return Object.keys(localStorage).filter((key) => key.startsWith(prefix)); } catch { return []; } },
};
store.keys(PREFIX).forEach((key) => { if (!(Date.now() - (store.get(key)?.at ?? 0) < WEEK)) store.remove(key); });

const draftOf = (form) => `${PREFIX}draft/${form.dataset.kept}`;
const say = (text, level) => body.dispatchEvent(new CustomEvent("toast", { detail: { text, level } }));
const controls = (form) => [...form.elements].filter((one) => one.name && !LEFT_OUT.has(one.name) && !["file", "submit", "button", "password"].includes(one.type) && one.tagName !== "BUTTON");

function keep(form) {
  const values = {};
  controls(form).forEach((one) => {
    if (one.type !== "checkbox" && one.type !== "radio") values[one.name] = one.value;
    else if (one.checked) values[one.name] = one.value;
  });
  store.set(draftOf(form), { values });
}

function note(form, text, thrownAway) {
  form.querySelector(".kept-note")?.remove();
  if (!text) return;
  const line = document.createElement("p");
  line.className = "kept-note hint";
  line.setAttribute("role", "status");
  line.textContent = text;
  if (thrownAway) {
    const away = document.createElement("button");
    away.type = "button";
    away.className = "btn-link";
    away.textContent = words.throwAway;
    away.addEventListener("click", thrownAway);
    line.append(" ", away);
  }
  form.append(line);
}

function forget(form, key) {
  store.remove(draftOf(form));
  store.remove(WAITING + key);
}

function restore(form) {
  if (form.dataset.keptHere) return;
  form.dataset.keptHere = "yes";
  const kept = store.get(draftOf(form));
  const fresh = new Map(controls(form).map((one) => [one, one.type === "checkbox" || one.type === "radio" ? one.checked : one.value]));
  if (!kept || form.querySelector("[aria-invalid='true'], .field-error")) return; // the server sent back what was typed
  controls(form).forEach((one) => {
    if (one.type === "checkbox" || one.type === "radio") one.checked = kept.values[one.name] === one.value;
    else if (one.name in kept.values) one.value = kept.values[one.name];
  });
  const waits = store.get(WAITING + form.dataset.kept);
  note(form, waits ? words.keptWaiting : words.keptHere, () => {
    forget(form, form.dataset.kept);
    fresh.forEach((value, one) => { if (typeof value === "boolean") one.checked = value; else one.value = value; });
    note(form, "");
  });
}

const forms = (root = document) => [...(root.matches?.("form[data-kept]") ? [root] : []), ...root.querySelectorAll("form[data-kept]")];
body.addEventListener("input", (event) => { const form = event.target.closest?.("form[data-kept]"); if (form) keep(form); });
body.addEventListener("htmx:load", (event) => forms(event.detail.elt).forEach(restore));
forms().forEach(restore);

// Sending -------------------------------------------------------------------------------------------------------------

function wait(form, detail) {
  const sent = new URLSearchParams();
  new FormData(form).forEach((value, name) => { if (typeof value === "string" && !LEFT_OUT.has(name)) sent.append(name, value); });
  const button = detail.requestConfig?.triggeringEvent?.submitter;
  if (button?.name) sent.set(button.name, button.value);
  keep(form);
  const path = detail.pathInfo?.requestPath ?? form.getAttribute("hx-post");
  note(form, store.set(WAITING + form.dataset.kept, { path, sent: `${sent}` }) ? words.keptWaiting : words.unreachable);
  later();
}

body.addEventListener("htmx:sendError", (event) => { const form = event.target.closest?.("form[data-kept]"); if (form) wait(form, event.detail); });
body.addEventListener("htmx:timeout", (event) => { const form = event.target.closest?.("form[data-kept]"); if (form) wait(form, event.detail); });
body.addEventListener("htmx:beforeSwap", (event) => {
  const form = event.detail.requestConfig?.elt?.closest?.("form[data-kept]");
  if (!form || event.detail.requestConfig.verb !== "post") return;
  if (event.detail.xhr.status < 300) forget(form, form.dataset.kept);
  else if ([502, 503, 504].includes(event.detail.xhr.status)) wait(form, event.detail);
});

async function send(key) {
  const waiting = store.get(key);
  const name = key.slice(WAITING.length);
  const headers = { "Content-Type": "application/x-www-form-urlencoded", "HX-Request": "true", ...JSON.parse(body.getAttribute("hx-headers")) };
  const answer = await fetch(waiting.path, { method: "POST", headers, body: waiting.sent, redirect: "manual" });
  if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status >= 500) return; // logged out, or not now
  store.remove(key);
  const form = forms().find((one) => one.dataset.kept === name);
  if (!answer.ok && answer.status !== 422) { if (form) note(form, ""); say(words.keptRefused, "error"); return; }
  if (answer.ok) { store.remove(`${PREFIX}draft/${name}`); say(words.keptSent, "success"); }
  else say(words.keptRefused, "error");
  const target = form?.getAttribute("hx-target");
  if (target) window.htmx.swap(target, await answer.text(), { swapStyle: "outerHTML" });
}

let timer = 0;
let busy = false;
function later() { clearTimeout(timer); timer = setTimeout(flush, SOON); }
async function flush() {
  if (busy) return;
  busy = true;
  try {
    for (const key of store.keys(WAITING)) await send(key);
  } catch { /* still no network */ } finally { busy = false; }
  if (store.keys(WAITING).length) later();
}
addEventListener("online", flush);
if (store.keys(WAITING).length) flush();
