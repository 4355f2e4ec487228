// A field of a long list, found by typing a part of its name: the ARIA combobox with one list shared by all rows.

const known = JSON.parse(document.getElementById("picks").textContent || "[]") || [];
const list = document.createElement("ul");
list.id = "pick-list";
list.className = "pick-list";
list.setAttribute("role", "listbox");
list.hidden = true;
document.body.append(list);

let open = null; // the text field whose list is shown
let options = [];
let at = -1;

const hidden = (input) => input.parentElement.querySelector("input[type=hidden]");
const label = (value) => known.find((one) => one.value === value)?.label ?? "";
const used = () => new Set([...document.querySelectorAll("[data-pick] input[type=hidden]")].map((one) => one.value));

function fitting(text) {
  const typed = text.trim().toLowerCase();
  const fits = (one) => one.label.toLowerCase().includes(typed) || one.words.includes(typed);
  return typed ? known.filter(fits) : known;
}

function draw(text) {
  const taken = used();
  const found = fitting(text);
  const empty = { value: "", label: open.placeholder };
  options = (text.trim() ? [...found, empty] : [empty, ...found]).map((one, place) => {
    const option = document.createElement("li");
    option.id = `pick-option-${place}`;
    option.className = `pick-option${one.value ? "" : " none"}`;
    option.setAttribute("role", "option");
    option.dataset.value = one.value;
    option.append(one.label + (one.required ? " *" : ""));
    if (one.value && taken.has(one.value)) option.classList.add("taken");
    return option;
  });
  list.replaceChildren(...options);
  choose(text.trim() && found.length ? 0 : options.findIndex((option) => option.dataset.value === hidden(open).value));
  place();
}

function place() {
  const box = open.getBoundingClientRect();
  list.style.minWidth = `${box.width}px`;
  list.style.left = `${Math.min(box.left, innerWidth - list.offsetWidth - 8)}px`;
  const below = box.bottom + list.offsetHeight + 8 <= innerHeight || box.top < list.offsetHeight + 8;
  list.style.top = `${below ? box.bottom + 3 : box.top - list.offsetHeight - 3}px`;
}

function choose(number) {
  at = number;
  options.forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
  if (options[at]) {
    open.setAttribute("aria-activedescendant", options[at].id);
    options[at].scrollIntoView({ block: "nearest" });
  } else open.removeAttribute("aria-activedescendant");
}

function show(input) {
  if (open === input) return;
  close();
  open = input;
  list.hidden = false;
  input.setAttribute("aria-expanded", "true");
  input.select();
  draw("");
}

function close() {
  if (!open) return;
  const input = open;
  open = null;
  list.hidden = true;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
  input.value = label(hidden(input).value);
}

function take(value) {
  const input = open;
  const field = hidden(input);
  const changed = field.value !== value;
  field.value = value;
  close();
  if (changed) field.dispatchEvent(new Event("change", { bubbles: true }));
}

const pick = (event) => event.target.closest?.("[data-pick] input[role=combobox]");
document.addEventListener("click", (event) => {
  const input = pick(event);
  if (input) show(input);
  const guess = event.target.closest("[data-guess]");
  if (guess) {
    open = guess.parentElement.querySelector("input[role=combobox]");
    take(guess.dataset.guess);
  }
});
document.addEventListener("input", (event) => {
  const input = pick(event);
  if (!input) return;
  if (open !== input) { const typed = input.value; show(input); input.value = typed; }
  draw(input.value);
});
// Typing in the text field is no choice yet: only the hidden field's change counts.
document.addEventListener("change", (event) => { if (pick(event)) event.stopPropagation(); }, true);
document.addEventListener("focusout", (event) => { if (pick(event) === open) close(); });
document.addEventListener("keydown", (event) => {
  const input = pick(event);
  if (!input || event.isComposing) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (open !== input) show(input);
    else choose((at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length);
  } else if (event.key === "Enter") {
    event.preventDefault();
    if (open === input && options[at]) take(options[at].dataset.value);
  } else if (event.key === "Escape" && open === input) {
    event.preventDefault();
    close();
  }
});
list.addEventListener("mousedown", (event) => event.preventDefault());
list.addEventListener("click", (event) => {
  const option = event.target.closest(".pick-option");
  if (option) take(option.dataset.value);
});
addEventListener("resize", close);
addEventListener("scroll", (event) => { if (event.target !== list && open) place(); }, true);
document.body.addEventListener("htmx:beforeSwap", close);
