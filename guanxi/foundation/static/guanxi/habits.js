// The small menu of favourites and records seen last: favourites are put in order by drag, or with the arrows.

const menu = document.getElementById("habits");
const listOf = () => menu?.querySelector("[data-favourites]");

function keep() {
  const list = listOf();
  const data = new FormData();
  [...list.children].forEach((line) => data.append("order", line.dataset.number));
  const token = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");
  fetch(list.dataset.arrange, { method: "POST", body: data, headers: token });
}

menu?.addEventListener("htmx:afterSwap", async () => {
  const list = listOf();
  if (!list || list.childElementCount < 2) return;
  const { default: Sortable } = await import("../vendor/sortable/sortable.esm.js"); // only for those who drag
  Sortable.create(list, { animation: 120, onEnd: keep });
});
menu?.addEventListener("click", (event) => {
  const up = event.target.closest("[data-favourite-up]");
  if (!up) return;
  event.stopPropagation();
  const line = up.closest("li");
  line.previousElementSibling?.before(line);
  up.focus();
  keep();
});

document.body.addEventListener("shortcut", (event) => {
  const star = document.querySelector("[data-star]");
  if (event.detail.name === "star" && star) { event.preventDefault(); star.click(); }
});
