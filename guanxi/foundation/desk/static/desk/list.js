// The list: choosing rows, the bulk bar, keys, the order of columns, the search box while results are swapped.

const desk = document.getElementById("desk");
const rows = () => [...desk.querySelectorAll("tr[data-row]")];
const boxes = () => [...desk.querySelectorAll("tr[data-row] input[name='ids']")];

function showChoice() {
  const bar = desk.querySelector("[data-bulk-bar]");
  if (!bar) return;
  const chosen = boxes().filter((box) => box.checked);
  boxes().forEach((box) => box.closest("tr").classList.toggle("chosen", box.checked));
  bar.hidden = !chosen.length;
  const count = bar.querySelector("[data-bulk-count]");
  count.textContent = count.dataset.words.replace("NUMBER", String(chosen.length));
  showWhole(bar, chosen.length);
  const all = desk.querySelector("[data-choose-all]");
  if (all) {
    all.checked = chosen.length > 0 && chosen.length === boxes().length;
    all.indeterminate = chosen.length > 0 && !all.checked;
  }
}

// All that match, also those that are not shown: offered once all shown rows are chosen and there are more; taken back
// as soon as one is left out.
let offer = null;
function showWhole(bar, count) {
  const whole = bar.querySelector("[data-bulk-all]");
  const every = count > 0 && count === boxes().length;
  if (!offer || !offer.isConnected && !whole.querySelector("[data-chosen-all]")) offer = whole.querySelector("button");
  if (whole.querySelector("[data-chosen-all]") && !every) whole.replaceChildren(offer);
  whole.hidden = !every || !(desk.querySelector(".desk-more") || whole.querySelector("[data-chosen-all]"));
  bar.querySelector("[data-bulk-count]").hidden = Boolean(whole.querySelector("[data-chosen-all]"));
  const words = (whole.querySelector("[data-chosen-all]") ?? bar.querySelector("[data-bulk-count]")).textContent;
  desk.querySelectorAll("[data-bulk-words]").forEach((place) => { place.textContent = words; });
}

function chooseAll(checked) {
  boxes().forEach((box) => { box.checked = checked; });
  showChoice();
}

let last = null;
function chooseRange(box) {
  const all = boxes();
  const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
  if (from >= 0) all.slice(from, to + 1).forEach((one) => { one.checked = box.checked; });
}

desk.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  if (at("[data-choose-none]")) chooseAll(false);
  const box = at("input[name='ids']");
  if (box) {
    if (event.shiftKey && last) chooseRange(box);
    last = box;
    showChoice();
    return;
  }
  const dialog = at("[data-dialog^='bulk-']");
  if (dialog) document.getElementById(dialog.dataset.dialog)?.querySelectorAll("[hx-trigger*='shown']").forEach((part) => part.dispatchEvent(new CustomEvent("shown")));
  const off = at("[data-bulk-value-off]");
  if (off) { leaveOut(off.closest("[data-bulk-value]")); return; }
  const move = at("button[data-move]"); // a board too has a data-move: where its cards are moved
  if (move) {
    const line = move.closest("li");
    line.previousElementSibling?.before(line);
    move.focus();
    return;
  }
  if (at("[data-confirm]") && !window.confirm(at("[data-confirm]").dataset.confirm)) {
    event.preventDefault();
    return;
  }
  const row = at("tr[data-row]");
  if (!row || at("a, button, input, label, select, textarea, form, .check") || String(window.getSelection())) return;
  clearTimeout(opening); // the second click of two edits the cell
  if (event.detail > 1) return;
  if (at("td[data-editable]")) opening = setTimeout(open, TWO_CLICKS, row, event);
  else open(row, event);
});
const TWO_CLICKS = 280;
let opening = 0;

function open(row, event) {
  if (event.ctrlKey || event.metaKey) window.open(row.dataset.url, "_blank", "noopener");
  else window.location.assign(row.dataset.url);
}

desk.addEventListener("change", (event) => {
  if (event.target.matches("[data-choose-all]")) chooseAll(event.target.checked);
  if (event.target.matches("[data-bulk-clear]")) {
    const control = event.target.closest("[data-bulk-value]").querySelector("input:not([type='checkbox']), select, textarea");
    control.disabled = false;
    if (event.target.checked) control.value = "";
    control.toggleAttribute("readonly", event.target.checked);
  }
});

// The dialogue that edits many rows: each field can be chosen once, and left out again.
const fieldList = () => desk.querySelector("[data-bulk-field]");
function leaveOut(value) {
  const option = [...fieldList().options].find((one) => one.value === value.dataset.bulkValue);
  if (option) option.disabled = false;
  value.remove();
  fieldList().focus();
}
desk.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.matches("[data-bulk-asks]")) { // what a dialogue asks has come
    showChoice();
    event.target.querySelector("select, textarea, input:not([type='hidden'])")?.focus();
  }
  if (event.target.id !== "bulk-edit-values") return;
  const list = fieldList();
  if (list.selectedOptions[0]?.value) list.selectedOptions[0].disabled = true;
  list.value = "";
  event.target.lastElementChild?.querySelector("[name]")?.focus();
});

// Keys (declared in foundation/keys.py): what is current has the focus too, so that it is read out.
function step(by) {
  const all = rows();
  const here = all.findIndex((row) => row.matches(".current"));
  const next = all[Math.min(Math.max(here + by, 0), all.length - 1)];
  all[here]?.classList.remove("current");
  next?.classList.add("current");
  next?.scrollIntoView({ block: "nearest" });
  next?.querySelector("a")?.focus({ preventScroll: true });
  if (next === all.at(-1)) desk.querySelector(".desk-more")?.click();
}

function chooseRow(row, range) {
  const box = row.querySelector("input[name='ids']");
  if (!box) return;
  box.checked = range || !box.checked;
  if (range && last) chooseRange(box);
  last = box;
  showChoice();
}

const KEYS = {
  down: () => step(1),
  up: () => step(-1),
  choose: (row) => chooseRow(row, false),
  "choose-range": (row) => chooseRow(row, true),
  open: (row, event) => open(row, event),
};
document.body.addEventListener("shortcut", (event) => {
  const { name, target } = event.detail;
  const current = desk.querySelector("tr.current");
  if (!KEYS[name] || (!current && name !== "down" && name !== "up")) return;
  if (name === "open" && target.closest("a, button, input")) return;
  event.preventDefault();
  KEYS[name](current, event);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.target.closest("input:not([type='checkbox']), textarea, select, dialog[open], details[open]")) chooseAll(false);
});

// Records know from here which stand before and after them.
function remember() {
  try { sessionStorage.setItem(`list:${desk.dataset.slug}`, location.search); } catch { /* then they do not */ }
}
addEventListener("pagehide", remember);
document.body.addEventListener("htmx:pushedIntoHistory", remember);
remember();

// What is typed while an answer is on its way stays in the box, and is asked for next.
let typing = null;
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const box = document.getElementById("desk-q");
  typing = event.detail.target === desk && box && document.activeElement === box
    ? { text: box.value, from: box.selectionStart, to: box.selectionEnd } : null;
});
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (desk.contains(event.detail.elt) || event.detail.elt === desk) showChoice();
  const box = document.getElementById("desk-q");
  if (!typing || !box) return;
  const { text, from, to } = typing;
  typing = null;
  const other = box.value !== text;
  box.value = text;
  box.focus({ preventScroll: true });
  box.setSelectionRange(from, to);
  if (other) box.dispatchEvent(new Event("input", { bubbles: true }));
});
showChoice();
