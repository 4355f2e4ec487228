// The dialogue of new records: the key n, the palette (event "quick") and buttons with data-quick open it anywhere.
// What was typed stays while the dialogue is closed and opened again on the same page.

const dialog = document.getElementById("quick");
const holder = document.getElementById("quick-body");

function open(what = "", given = "") {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  const typed = holder.querySelector("form") && !what;
  if (typed) { holder.querySelector("[autofocus], input:not([type='hidden'])")?.focus(); return; }
  const from = encodeURIComponent(location.pathname);
  window.htmx.ajax("GET", `${dialog.dataset.create}?what=${encodeURIComponent(what)}&from=${from}${given && `&${given}`}`, { target: holder, swap: "innerHTML" });
}

const typing = (target) => target.matches?.("input, textarea, select, [contenteditable]");
document.body.addEventListener("shortcut", (event) => {
  if (event.detail.name !== "new" || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  open();
});
document.body.addEventListener("quick", (event) => open(event.detail.what));
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-quick]");
  if (button && button.tagName === "BUTTON") open(button.dataset.quick, button.dataset.quickWith);
  const kind = event.target.closest("[data-quick-kind]");
  kind?.parentElement.querySelectorAll("[data-quick-kind]").forEach((one) => one.setAttribute("aria-pressed", String(one === kind)));
});

// Where a form within the dialogue has come, its first field gets the focus; Ctrl+Enter sends it.
holder?.addEventListener("htmx:afterSettle", (event) => {
  if (!dialog.open || dialog.contains(document.activeElement) && typing(document.activeElement)) return;
  event.target.querySelector?.("[autofocus], [aria-invalid='true'], input:not([type='hidden']), textarea")?.focus();
});
holder?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    event.target.closest("form")?.requestSubmit();
  }
});

// Telephone numbers are formatted as they are typed: only while the caret is at the end, and nothing was typed since.
document.body.addEventListener("htmx:afterSwap", (event) => {
  const said = event.target.querySelector?.(":scope > [data-formatted]");
  const input = said && event.target.parentElement.querySelector("input");
  if (!input) return;
  input.placeholder = said.dataset.example || input.placeholder;
  const atEnd = input.selectionStart === input.value.length;
  if (atEnd && document.activeElement === input && input.value === said.dataset.for && said.dataset.formatted) {
    input.value = said.dataset.formatted;
  }
});
