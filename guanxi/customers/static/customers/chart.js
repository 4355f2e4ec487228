// The organisation chart: cards are dragged onto others, branches folded, the whole made to fit. The server answers
// every change with the chart as it is, so that what it refuses goes back by itself.

const open = new Map(); // what was folded or unfolded by hand: party → whether it is open
const SLIGHT = 5; // pixels that a pressed pointer may move before it drags
const EDGE = 40; // pixels from the border within which a dragged card scrolls
const MARGINS = 32; // left and right of the drawing
const PAPER = { width: 1000, height: 520 }; // what A4 lying has for the drawing, in pixels
const chart = () => document.getElementById("chart");
const scroller = () => document.querySelector("[data-chart-scroll]");
const sheet = () => document.querySelector(".chart-sheet");
const dialog = document.getElementById("chart-dialog");

// Zoom
let zoom = 1;
function scale(to) {
  zoom = Math.min(1.4, Math.max(0.25, to));
  if (sheet()) sheet().style.zoom = zoom;
}
function fit(width = scroller()?.clientWidth, height = Infinity) {
  const tops = document.querySelector("[data-tops]")?.children;
  scale(1);
  if (!tops?.length || matchMedia("screen and (max-width: 760px)").matches) return;
  const wide = tops[tops.length - 1].getBoundingClientRect().right - tops[0].getBoundingClientRect().left;
  const tall = Math.min(1, Math.max(0.5, height / sheet().getBoundingClientRect().height));
  scale(Math.min(tall, Math.floor((width / (wide + MARGINS)) * 100) / 100));
}
let onScreen = zoom;
addEventListener("beforeprint", () => { onScreen = zoom; fit(PAPER.width, PAPER.height); });
addEventListener("afterprint", () => scale(onScreen));

// Folding
function fold(button, isOpen) {
  button.setAttribute("aria-expanded", String(isOpen));
  document.getElementById(button.getAttribute("aria-controls")).hidden = !isOpen;
  open.set(button.dataset.fold, isOpen);
}
function restore() {
  document.querySelectorAll("[data-fold]").forEach((button) => {
    if (open.has(button.dataset.fold)) fold(button, open.get(button.dataset.fold));
  });
  scale(zoom);
}

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  if (at("[data-fold]")) fold(at("[data-fold]"), at("[data-fold]").getAttribute("aria-expanded") !== "true");
  if (at("[data-fold-all]")) {
    const isOpen = at("[data-fold-all]").dataset.foldAll === "open";
    document.querySelectorAll(".chart-sheet [data-fold]").forEach((button) => {
      const level = [...document.querySelectorAll(".chart-sheet ul")].filter((list) => list.contains(button)).length;
      fold(button, isOpen || level < 3);
    });
  }
  const step = at("[data-zoom]")?.dataset.zoom;
  if (step === "fit") fit();
  else if (step) scale(zoom * (step === "in" ? 1.2 : 1 / 1.2));
  if (at("[data-chart-print]")) print();
});

// Dragging
let drag = null;
const target = (x, y) => document.elementFromPoint(x, y)?.closest("[data-drop]");

function begin(event) {
  const seat = event.target.closest("[data-seat]");
  if (!seat || event.button || event.pointerType === "touch" || !chart().matches("[data-editable]")) return;
  if (event.target.closest("button")) return;
  const box = seat.getBoundingClientRect();
  const grip = { x: event.clientX - box.left, y: event.clientY - box.top };
  drag = { seat, start: event, grip, width: box.width, scale: sheet().contains(seat) ? zoom : 1, ghost: null };
}

function lift() {
  const ghost = drag.seat.cloneNode(true);
  ghost.classList.add("seat-ghost");
  ghost.removeAttribute("data-drop");
  ghost.querySelectorAll("button").forEach((button) => button.remove());
  ghost.style.width = `${drag.width / drag.scale}px`;
  drag.ghost = ghost;
  drag.seat.classList.add("dragged");
  chart().append(ghost);
  document.body.classList.add("dragging-seat");
}

function follow(event) {
  if (!drag) return;
  if (!drag.ghost) {
    if (Math.hypot(event.clientX - drag.start.clientX, event.clientY - drag.start.clientY) < SLIGHT) return;
    lift();
  }
  const [x, y] = [event.clientX - drag.grip.x, event.clientY - drag.grip.y];
  drag.ghost.style.transform = `translate(${x}px, ${y}px) scale(${drag.scale})`;
  const over = target(event.clientX, event.clientY);
  if (over !== drag.over) {
    drag.over?.classList.remove("over");
    drag.over = over && over !== drag.seat ? over : null;
    drag.over?.classList.add("over");
  }
  creep(event);
}

function creep(event) {
  const box = scroller().getBoundingClientRect();
  const pull = (at, low, high) => (at < low + EDGE ? -12 : at > high - EDGE ? 12 : 0);
  scroller().scrollBy(pull(event.clientX, box.left, box.right), pull(event.clientY, box.top, box.bottom));
}

function drop(cancelled) {
  if (!drag) return;
  const { seat, ghost, over } = drag;
  drag = null;
  if (!ghost) return;
  ghost.remove();
  seat.classList.remove("dragged");
  over?.classList.remove("over");
  document.body.classList.remove("dragging-seat");
  // The click that ends a drag must not follow the name's link.
  addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => removeEventListener("click", swallow, { capture: true }));
  if (over && !cancelled && over.dataset.drop !== seat.dataset.seen) move(seat, over);
}
function swallow(event) {
  event.preventDefault();
  event.stopPropagation();
}

let snapBack = null;
function move(seat, over) {
  const item = seat.closest("[data-item]");
  const { parentElement: from, nextElementSibling: before } = item;
  const isBeneath = item.contains(over);
  const made = isBeneath ? null : hang(item, over);
  seat.classList.add("pending");
  snapBack = () => {
    from.insertBefore(item, before);
    made?.remove();
    seat.classList.remove("pending");
  };
  htmx.ajax("POST", chart().dataset.move, {
    source: chart(),
    target: "#chart",
    swap: "outerHTML",
    values: { party: seat.dataset.seat, under: over.dataset.drop, seen: seat.dataset.seen, shown_department: chart().dataset.department },
  });
}

// Let the item stand beneath the card at once; the list that had to be made for it, if any.
function hang(item, over) {
  const place = over.closest("[data-item]");
  let list = place ? place.querySelector(":scope > ul") : document.querySelector("[data-tops]");
  const made = list || !place ? null : document.createElement("ul");
  if (made) {
    made.className = "beneath";
    place.append(made);
    list = made;
  }
  if (list) {
    list.hidden = false;
    list.append(item);
  }
  return made;
}

document.addEventListener("pointerdown", begin);
document.addEventListener("pointermove", follow);
document.addEventListener("pointerup", () => drop(false));
document.addEventListener("pointercancel", () => drop(true));
document.addEventListener("keydown", (event) => { if (event.key === "Escape") drop(true); });
document.addEventListener("dragstart", (event) => { if (event.target.closest?.("[data-seat]")) event.preventDefault(); });

// What htmx brings
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "chart-form" && !dialog.open) dialog.showModal();
  if (event.detail.target.id === "chart") {
    snapBack = null;
    restore();
  }
});
for (const failed of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.body.addEventListener(failed, () => { snapBack?.(); snapBack = null; });
}
document.body.addEventListener("chart-changed", () => dialog.close());
fit();
