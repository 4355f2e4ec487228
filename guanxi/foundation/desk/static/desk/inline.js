// Cells edited in place: double click, or e and F2 on the current row; the editor is that of the record's facts.
// Tab saves and goes on to the next cell that can be edited, Escape leaves, and leaving the cell saves.

import { cancel, editInPlace, editorOf } from "./editing.js";

const desk = document.getElementById("desk");
const cells = () => [...desk.querySelectorAll("td[data-editable]")];
editInPlace(desk);

function edit(cell) {
  if (!cell || cell.querySelector("form[data-draft]")) return;
  const row = cell.closest("tr[data-row]");
  desk.querySelectorAll("tr.current").forEach((other) => other.classList.remove("current"));
  row.classList.add("current");
  const path = `${location.pathname}${row.dataset.pk}/fact/${encodeURIComponent(cell.dataset.editable)}/?edit&cell=1`;
  window.htmx.ajax("GET", path, { target: cell, swap: "innerHTML" });
}

desk.addEventListener("dblclick", (event) => {
  const cell = event.target.closest("td[data-editable]");
  if (!cell || event.target.closest("form")) return;
  event.preventDefault();
  window.getSelection()?.removeAllRanges();
  edit(cell);
});

document.body.addEventListener("shortcut", (event) => {
  if (event.detail.name !== "edit") return;
  const row = event.detail.target.closest("tr[data-row]") ?? desk.querySelector("tr.current");
  const cell = event.detail.target.closest("td[data-editable]") ?? row?.querySelector("td[data-editable]");
  if (!cell) return;
  event.preventDefault();
  edit(cell);
});

let following = null; // the cell that Tab goes on to, once this one is saved
desk.addEventListener("keydown", (event) => {
  const form = editorOf(event.target);
  if (!form || event.key !== "Tab" || event.ctrlKey || event.altKey) return;
  const cell = form.closest("td");
  const all = cells();
  const next = all[all.indexOf(cell) + (event.shiftKey ? -1 : 1)];
  if (!next || !event.target.matches("[name='value']")) return;
  event.preventDefault();
  following = { from: cell, to: next };
  const input = form.querySelector("[name='value']");
  const stored = input.matches("select") ? [...input.options].find((option) => option.defaultSelected)?.value ?? input.options[0]?.value : input.defaultValue;
  if (input.value === stored && !form.matches("[data-wrong]")) cancel(form);
  else form.requestSubmit();
});
desk.addEventListener("htmx:afterSettle", () => {
  if (!following) return;
  const { from, to } = following;
  if (from.querySelector("form[data-wrong]")) { following = null; return; } // refused: stay, and say why
  if (from.querySelector("form[data-draft]")) return;
  following = null;
  edit(to);
});
