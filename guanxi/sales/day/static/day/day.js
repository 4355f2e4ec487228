// My day: which line is chosen, keys (declared in foundation/keys.py), and the next line once one is done.

const day = () => document.getElementById("day");
const lines = () => [...day().querySelectorAll("[data-line]")];
const current = () => day().querySelector("[data-line].current");
let place = 0; // where the chosen line stands; what is done leaves its place to the next

function choose(line, focus = true) {
  current()?.classList.remove("current");
  if (!line) return;
  place = lines().indexOf(line);
  line.classList.add("current");
  if (focus) line.focus({ preventScroll: true });
  line.scrollIntoView({ block: "nearest" });
  const opened = line.querySelector(".day-opened");
  if (opened) window.htmx.trigger(opened, "opened");
}

function step(by) {
  const all = lines();
  const here = current() ? all.indexOf(current()) + by : 0;
  choose(all[Math.min(Math.max(here, 0), all.length - 1)]);
}

document.body.addEventListener("shortcut", (event) => {
  const { name, target } = event.detail;
  const line = target.closest?.("[data-line]") ?? current();
  if (name === "down" || name === "up") step(name === "down" ? 1 : -1);
  else if (name === "open" && line && !target.closest?.("a, button")) window.location.assign(line.dataset.url);
  else if (name === "next-done") {
    const first = line ?? lines()[0];
    if (!first) return;
    const does = first.querySelector("[data-does]");
    if (!does) { window.location.assign(first.dataset.url); return; } // what is done on its own page
    choose(first);
    does.click();
  } else if (name === "undo-done") day().querySelector("[data-undo]")?.click();
  else return;
  event.preventDefault();
});

document.getElementById("main").addEventListener("click", (event) => {
  const line = event.target.closest("[data-line]");
  if (!line) return;
  if (event.target.closest("[data-does]")) { place = lines().indexOf(line); return; }
  if (!event.target.closest("a, button")) choose(line);
});

// The day came anew: the line that took the place of the one that is done is opened; what was taken back, chosen again.
document.body.addEventListener("htmx:load", (event) => {
  if (event.detail.elt.id !== "day") return;
  const all = lines();
  if (all.length) choose(all[Math.min(place, all.length - 1)]);
});

if (lines().length) choose(lines()[0], false);
