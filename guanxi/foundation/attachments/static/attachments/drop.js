// Files are dropped anywhere on their panel; the progress of the upload is shown.

const form = (target) => target?.closest?.("#files")?.querySelector("[data-drop]");
const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

document.addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  const drop = form(event.target);
  event.preventDefault(); // a file that misses the panel is not opened in place of the page
  event.dataTransfer.dropEffect = drop ? "copy" : "none";
  document.querySelectorAll("[data-drop]").forEach((one) => one.classList.toggle("over", one === drop));
});
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.querySelectorAll("[data-drop].over").forEach((one) => one.classList.remove("over")); });
document.addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  const drop = form(event.target);
  document.querySelectorAll("[data-drop].over").forEach((one) => one.classList.remove("over"));
  if (!drop || !event.dataTransfer.files.length) return;
  const input = drop.querySelector("input[type='file']");
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});
document.body.addEventListener("htmx:xhr:progress", (event) => {
  const meter = event.target.closest?.("[data-drop]")?.querySelector("progress");
  if (!meter || !event.detail.total) return;
  meter.hidden = false;
  meter.value = (100 * event.detail.loaded) / event.detail.total;
});
