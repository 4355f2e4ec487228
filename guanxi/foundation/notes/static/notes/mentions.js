// Mentions: after an @ the colleagues whose names fit are listed beneath the text; arrows choose, Enter or Tab takes.
// Ctrl+Enter sends a text that is marked with data-send.

const PAUSE = 120;
const AFTER_AT = /(?:^|[\s(（，。、:：])@([^\s@]{0,40})$/u;
const asked = new WeakMap();

const field = (target) => target?.closest?.("textarea[data-mentions]");
const list = (area) => document.getElementById(area.getAttribute("aria-controls"));
const options = (area) => [...list(area).querySelectorAll("[role='option']")];

function typedName(area) {
  const found = AFTER_AT.exec(area.value.slice(0, area.selectionStart));
  return found ? found[1] : null;
}

function close(area) {
  list(area).hidden = true;
  area.setAttribute("aria-expanded", "false");
  area.removeAttribute("aria-activedescendant");
}

async function offer(area) {
  const name = typedName(area);
  const turn = (asked.get(area) ?? 0) + 1;
  asked.set(area, turn);
  if (name === null) return close(area);
  await new Promise((done) => setTimeout(done, PAUSE));
  if (asked.get(area) !== turn) return;
  const answer = await fetch(`${area.dataset.mentions}?q=${encodeURIComponent(name)}`).catch(() => null);
  if (!answer?.ok || asked.get(area) !== turn) return;
  list(area).innerHTML = await answer.text();
  list(area).hidden = false;
  area.setAttribute("aria-expanded", "true");
  mark(area, 0);
}

function mark(area, at) {
  const all = options(area);
  all.forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
  if (all[at]) area.setAttribute("aria-activedescendant", all[at].id);
}

function take(area, option) {
  const end = area.selectionStart;
  const start = end - typedName(area).length;
  area.setRangeText(`${option.dataset.name} `, start, end, "end");
  close(area);
  area.focus();
}

document.addEventListener("input", (event) => { if (field(event.target)) offer(event.target); });
document.addEventListener("keydown", (event) => {
  const area = field(event.target);
  if (!area || event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && area.matches("[data-send]")) {
    event.preventDefault();
    area.form.requestSubmit();
    return;
  }
  if (list(area).hidden) return;
  const all = options(area);
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    mark(area, (at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % Math.max(all.length, 1));
  } else if ((event.key === "Enter" || event.key === "Tab") && all[at]) {
    event.preventDefault();
    take(area, all[at]);
  } else if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    close(area);
  }
}, true);
document.addEventListener("mousedown", (event) => {
  const option = event.target.closest?.(".mention-names [role='option']");
  if (!option) return;
  event.preventDefault();
  take(document.querySelector(`[aria-controls="${option.parentElement.id}"]`), option);
});
document.addEventListener("focusout", (event) => { if (field(event.target)) close(event.target); });
