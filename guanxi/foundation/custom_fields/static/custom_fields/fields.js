// The order of fields and of choices: dragged, or moved up by a button; rows of choices added and taken away.

import Sortable from "../vendor/sortable/sortable.esm.js";

const csrf = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

async function keepOrder(list) {
  const body = new URLSearchParams({ type: list.dataset.type });
  list.querySelectorAll("[data-key]").forEach((row) => body.append("key", row.dataset.key));
  await fetch(list.dataset.order, { method: "POST", body, headers: { "X-CSRFToken": csrf() } });
}

function moved(list) {
  if (list.dataset.order) keepOrder(list);
  else document.body.dispatchEvent(new CustomEvent("ordered"));
}

function makeSortable(root) {
  root.querySelectorAll("[data-order], [data-choices]").forEach((list) => {
    if (list.dataset.sortable) return;
    list.dataset.sortable = "1";
    Sortable.create(list, { handle: ".grip", animation: 120, onEnd: () => moved(list) });
  });
}

document.addEventListener("click", (event) => {
  const up = event.target.closest("[data-up]");
  const row = up?.closest("tr, .choice-row");
  if (row?.previousElementSibling) {
    row.parentElement.insertBefore(row, row.previousElementSibling);
    up.focus();
    moved(row.parentElement);
  }
  const add = event.target.closest("[data-add]");
  if (add) {
    const field = add.closest("fieldset");
    const rows = field.querySelector("[data-choices]");
    rows.append(field.querySelector("[data-blank]").content.cloneNode(true));
    rows.lastElementChild.querySelector("input:not([type=hidden])").focus();
  }
  const off = event.target.closest("[data-off]");
  if (off) {
    off.closest(".choice-row").remove();
    document.body.dispatchEvent(new CustomEvent("ordered"));
  }
  const word = event.target.closest("[data-insert]");
  if (word) {
    const area = document.getElementById("f-formula");
    area.setRangeText(word.dataset.insert, area.selectionStart, area.selectionEnd, "end");
    area.focus();
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
});

document.body.addEventListener("htmx:afterSettle", () => makeSortable(document));
makeSortable(document);
