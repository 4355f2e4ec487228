// The arrow keys go through the hits, from the search field and back to it.

const field = document.getElementById("search-q");
const hits = [...document.querySelectorAll(".search-hit")];

document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const at = hits.indexOf(document.activeElement);
  if (!step || !hits.length || (at < 0 && document.activeElement !== field)) return;
  event.preventDefault();
  (hits[at + step] ?? (at + step < 0 ? field : hits[at])).focus();
});
