// The palette (Ctrl/Cmd-K) and the search box (/): commands filtered here, records found by the server as one types.

const words = JSON.parse(document.getElementById("words").textContent);
const { palette: paletteUrl, suggest: suggestUrl, search: searchUrl, icons: iconUrl, habits: habitsUrl } = document.body.dataset;
const PAUSE = 120;
const SHOWN_COMMANDS = 8;

let commands;
async function loadCommands() {
  commands ??= fetch(paletteUrl, { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : { commands: [] }))
    .then((data) => data.commands)
    .catch(() => { commands = undefined; return []; });
  return commands;
}

// Favourites and records seen last: what the palette shows while nothing is typed.
async function loadHabits() {
  if (!habitsUrl) return [];
  return fetch(habitsUrl, { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : { groups: [] }))
    .then((data) => data.groups)
    .catch(() => []);
}

// How well a command fits what was typed: every word must occur; the start of the label counts most. Infinity: not.
function misfit(command, text) {
  const label = command.label.toLowerCase();
  const all = `${label} ${command.keywords}`;
  if (!text.split(/\s+/).every((word) => all.includes(word))) return Infinity;
  if (label.startsWith(text)) return 0;
  if (label.includes(text)) return 1;
  return 2;
}
function fitting(list, typed) {
  const text = typed.trim().toLowerCase();
  if (!text) return list;
  const ranked = list.map((command, order) => ({ command, order, rank: misfit(command, text) }));
  return ranked.filter((one) => one.rank < Infinity)
    .sort((a, b) => a.rank - b.rank || a.order - b.order)
    .slice(0, SHOWN_COMMANDS).map((one) => one.command);
}

function marked(text, typed) {
  const span = document.createElement("span");
  const needle = typed.trim().toLowerCase();
  const at = needle ? text.toLowerCase().indexOf(needle) : -1;
  if (at < 0) { span.textContent = text; return span; }
  const mark = document.createElement("mark");
  mark.textContent = text.slice(at, at + needle.length);
  span.append(text.slice(0, at), mark, text.slice(at + needle.length));
  return span;
}

// A text field with a list of options beneath it, after the ARIA combobox pattern.
class Suggest {
  constructor(input, list, { withCommands, onClose }) {
    Object.assign(this, { input, list, withCommands, onClose, options: [], at: -1, asked: 0 });
    input.addEventListener("input", () => this.typed());
    input.addEventListener("keydown", (event) => this.key(event));
    list.addEventListener("mousemove", (event) => this.choose(this.options.indexOf(event.target.closest(".option"))));
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => this.open(event.target.closest(".option"), event));
  }

  async typed() {
    const text = this.input.value;
    const turn = ++this.asked;
    const found = this.withCommands ? fitting(await loadCommands(), text) : [];
    const groups = this.withCommands && !text.trim() ? await loadHabits() : [];
    if (turn !== this.asked) return; // more was typed meanwhile: what was seen last has no place any more
    this.groups = groups;
    this.draw(found, this.results ?? [], text);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(text, turn, found), PAUSE);
  }

  async ask(text, turn, found) {
    let failed = false;
    let results = [];
    if (text.trim() && suggestUrl) {
      try {
        const answer = await fetch(`${suggestUrl}?q=${encodeURIComponent(text.trim())}`, { headers: { Accept: "application/json" } });
        if (!answer.ok) throw new Error(answer.status);
        results = (await answer.json()).results;
      } catch { failed = true; }
    }
    if (turn !== this.asked) return;
    this.results = results;
    this.draw(found, results, text, failed ? words.searchFailed : text.trim() && words.nothing, this.at);
  }

  draw(found, results, text, otherwise, chosen = -1) {
    this.list.replaceChildren();
    this.options = [];
    (this.groups ?? []).forEach((group) => this.group(group.label, group.lines, text));
    if (found.length) this.group(this.withCommands ? words.commands : "", found, text);
    if (results.length) this.group(this.withCommands ? words.records : "", results, text);
    if (!this.options.length && otherwise) this.line("options-none", otherwise);
    if (text.trim() && searchUrl) this.searchAll(text.trim());
    this.list.hidden = !this.withCommands && !this.list.childElementCount;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    const first = this.withCommands && this.options.length ? 0 : -1;
    this.choose(chosen > 0 && chosen < this.options.length ? chosen : first);
  }

  line(style, text) {
    const line = document.createElement("li");
    line.className = style;
    line.setAttribute("role", "presentation");
    line.textContent = text;
    this.list.append(line);
  }

  group(heading, items, text) {
    if (heading) this.line("options-head", heading);
    items.forEach((item) => this.add({
      url: item.url, quick: item.quick, icon: item.icon, words: marked(item.label ?? item.title, text), subtitle: item.subtitle, type: item.type,
    }));
  }

  searchAll(text) {
    const span = document.createElement("span");
    span.textContent = words.searchAll.replace("%(text)s", text);
    this.add({ url: `${searchUrl}?q=${encodeURIComponent(text)}`, icon: "search", words: span });
  }

  add({ url, quick, icon, words: label, subtitle, type }) {
    const option = document.createElement("li");
    option.className = "option";
    option.id = `${this.list.id}-${this.options.length}`;
    option.setAttribute("role", "option");
    option.dataset.url = url;
    if (quick) option.dataset.quick = quick;
    const drawing = document.createElement("span");
    drawing.className = "option-icon";
    drawing.style.maskImage = `url("${iconUrl.replace("NAME", icon || "point")}")`;
    const phrase = document.createElement("span");
    phrase.className = "option-words";
    phrase.append(label);
    if (subtitle) phrase.append(this.small("option-sub", subtitle));
    option.append(drawing, phrase);
    if (type) option.append(this.small("option-type", type));
    this.list.append(option);
    this.options.push(option);
  }

  small(style, text) {
    const span = document.createElement("span");
    span.className = style;
    span.textContent = text;
    return span;
  }

  choose(at) {
    if (at < 0 && this.withCommands && this.options.length && this.at >= 0) return;
    this.at = at;
    this.options.forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
    const chosen = this.options[at];
    if (chosen) {
      this.input.setAttribute("aria-activedescendant", chosen.id);
      chosen.scrollIntoView({ block: "nearest" });
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  open(option, event) {
    if (!option) return;
    if (event.metaKey || event.ctrlKey) window.open(option.dataset.url, "_blank", "noopener");
    else if (!option.dataset.quick) location.assign(option.dataset.url);
    this.onClose();
    if (option.dataset.quick && !event.metaKey && !event.ctrlKey) {
      document.body.dispatchEvent(new CustomEvent("quick", { detail: { what: option.dataset.quick } }));
    }
  }

  key(event) {
    if (event.isComposing) return; // an input method is choosing characters: its Enter and arrows are not ours
    const many = this.options.length;
    if (event.key === "ArrowDown" && many) { event.preventDefault(); this.choose((this.at + 1) % many); }
    else if (event.key === "ArrowUp" && many) { event.preventDefault(); this.choose((this.at - 1 + many) % many); }
    else if (event.key === "Enter" && this.at >= 0) { event.preventDefault(); this.open(this.options[this.at], event); }
    else if (event.key === "Enter" && !searchUrl) event.preventDefault();
    else if (event.key === "Escape") this.onClose(event);
  }
}

const dialog = document.getElementById("palette");
const palette = new Suggest(dialog.querySelector("input"), dialog.querySelector(".options"), {
  withCommands: true,
  onClose: () => dialog.close(),
});
function openPalette() {
  if (dialog.open) return;
  dialog.showModal();
  palette.input.value = "";
  palette.results = [];
  palette.at = -1;
  palette.typed();
}

const box = document.querySelector("[data-suggest-box]");
const boxInput = box.querySelector("input");
const boxList = box.querySelector(".options");
function closeBox(event) {
  clearTimeout(search.timer);
  search.asked += 1;
  boxList.hidden = true;
  boxInput.setAttribute("aria-expanded", "false");
  if (event) boxInput.blur();
}
const search = new Suggest(boxInput, boxList, { withCommands: false, onClose: closeBox });
boxInput.addEventListener("blur", () => closeBox());
boxInput.addEventListener("focus", () => { if (boxInput.value.trim() && boxInput.value !== boxInput.defaultValue) search.typed(); });

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (dialog.open) dialog.close();
    else openPalette();
  }
});
document.body.addEventListener("shortcut", (event) => {
  if (event.detail.name !== "search") return;
  event.preventDefault();
  boxInput.focus();
  boxInput.select();
});
document.addEventListener("click", (event) => { if (event.target.closest("[data-palette-open]")) openPalette(); });
