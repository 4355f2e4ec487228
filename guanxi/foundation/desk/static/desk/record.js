// The record: facts edited in place, keys, and the records before and after it in the list that one came from.

import { editInPlace } from "./editing.js";

const record = document.getElementById("record");
editInPlace(record);

// What can wait comes behind the page, all in one answer; what does not come can be asked for by a click.
async function bringPanels() {
  const waiting = document.querySelectorAll("[data-panel]");
  if (!waiting.length) return;
  let brought = {};
  try {
    const answer = await fetch(record.dataset.panels);
    if (answer.ok) brought = await answer.json();
  } catch { /* told in each panel's place */ }
  for (const part of waiting) {
    if (!part.isConnected) continue; // clicked meanwhile
    const html = brought[part.dataset.panel];
    if (html === undefined) part.querySelector(".quiet").textContent = record.dataset.failed;
    else window.htmx.swap(part, html, { swapStyle: "outerHTML" });
  }
}
bringPanels();

// Drafts of an earlier visit: their editors open again.
document.querySelectorAll(".fact-value").forEach((button) => {
  const fact = button.closest("[data-fact]").dataset.fact;
  const path = location.pathname.split("/").filter(Boolean).slice(-2).join("/");
  try {
    if (sessionStorage.getItem(`draft:${path}/${fact}`) !== null) addEventListener("load", () => button.click(), { once: true });
  } catch { /* no drafts where there is no store */ }
});

// The list that one came from (list.js) says which records stand before and after this one.
const place = document.querySelector("[data-beside]");
async function besides() {
  let query = null;
  try { query = sessionStorage.getItem(`list:${place.dataset.slug}`); } catch { /* no store, no list */ }
  if (query === null) return;
  await window.htmx.ajax("GET", `${place.dataset.beside}${query}`, { target: place, swap: "innerHTML" });
}
if (place) besides();

document.body.addEventListener("shortcut", (event) => {
  const { name } = event.detail;
  if (name === "previous" || name === "next") {
    const link = document.querySelector(`[data-beside] a[rel='${name === "next" ? "next" : "prev"}']`);
    if (!link) return;
    event.preventDefault();
    link.click();
  } else if (name === "next-done") {
    const button = document.querySelector("[data-next-done]");
    if (!button) return;
    event.preventDefault();
    button.click();
  } else if (name === "edit") {
    const first = record.querySelector("button.fact-value");
    if (!first) return;
    event.preventDefault();
    first.click();
  }
});
