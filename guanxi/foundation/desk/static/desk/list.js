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
  const all = desk.querySelector("[data-choose-all]");
  if (all) {
    all.checked = chosen.length > 0 && chosen.length === boxes().length;
    all.indeterminate = chosen.length > 0 && !all.checked;
  }
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
  const move = at("[data-move]");
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
  if (row && !at("a, button, input, label, .check") && !String(window.getSelection())) open(row, event);
});

function open(row, event) {
  if (event.ctrlKey || event.metaKey) window.open(row.dataset.url, "_blank", "noopener");
  else window.location.assign(row.dataset.url);
}

desk.addEventListener("change", (event) => {
  if (event.target.matches("[data-choose-all]")) chooseAll(event.target.checked);
});

// Keys: j and k go down and up, Enter opens, x chooses, Escape chooses none.
function step(by) {
  const all = rows();
  const here = all.findIndex((row) => row.matches(".current"));
  const next = all[Math.min(Math.max(here + by, 0), all.length - 1)];
  all[here]?.classList.remove("current");
  next?.classList.add("current");
  next?.scrollIntoView({ block: "nearest" });
  if (next === all.at(-1)) desk.querySelector(".desk-more")?.click();
}

document.addEventListener("keydown", (event) => {
  const busy = event.target.closest("input:not([type='checkbox']), textarea, select, [contenteditable], dialog[open], details[open]");
  if (busy || event.ctrlKey || event.metaKey || event.altKey) return;
  const current = desk.querySelector("tr.current");
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "Escape") chooseAll(false);
  else if (event.key === "Enter" && current && !event.target.closest("a, button, input")) open(current, event);
  else if (event.key === "x" && current) {
    const box = current.querySelector("input[name='ids']");
    box.checked = !box.checked;
    showChoice();
  }
});

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
