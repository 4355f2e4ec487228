// Single keys: which key is called what is declared on the server (foundation/keys.py); whoever does something on a key
// listens on the body to "shortcut" and its name. Off for people who switched them off; never while something is typed.

const { on, names, go } = JSON.parse(document.getElementById("keys").textContent);
const dialog = document.getElementById("all-keys");
const PATIENCE = 1500; // milliseconds from g to the letter

const typing = (target) => target.closest?.("input:not([type='checkbox'], [type='radio']), textarea, select, [contenteditable], dialog[open], details.menu[open]");

function help() {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  window.htmx.ajax("GET", dialog.dataset.keys, { target: dialog.querySelector("[data-keys-body]"), swap: "innerHTML" });
}

let going = 0;
function goTo(letter) {
  going = 0;
  if (go[letter]) window.location.assign(go[letter]);
  return Boolean(go[letter]);
}

document.addEventListener("keydown", (event) => {
  if (!on || event.defaultPrevented || event.isComposing || event.altKey || event.metaKey || typing(event.target)) return;
  let name = names[event.key];
  if (event.key === "F2") name = "edit";
  if (event.ctrlKey) name = { ArrowLeft: "previous", ArrowRight: "next" }[event.key];
  if (going && Date.now() - going < PATIENCE && !event.ctrlKey && event.key.length === 1) {
    if (goTo(event.key)) event.preventDefault();
    return;
  }
  if (!name) return;
  if (name === "go") { going = Date.now(); event.preventDefault(); return; }
  if (name === "help") { event.preventDefault(); help(); return; }
  const told = new CustomEvent("shortcut", { detail: { name, key: event.key, target: event.target }, cancelable: true });
  if (!document.body.dispatchEvent(told)) event.preventDefault(); // somebody did something on it
});

// The page of keys in the palette is the same dialogue.
document.addEventListener("click", (event) => { if (event.target.closest("[data-all-keys]")) { event.preventDefault(); help(); } });
