// Sends a file as it is, shows how much of it is there, and says what is wrong with it before sending where it can.

const form = document.querySelector("[data-upload]");
const input = form.querySelector("input[type=file]");
const drop = form.querySelector("[data-drop]");
const shown = form.querySelector("[data-progress]");
const meter = shown.querySelector("progress");
const sent = shown.querySelector("[data-sent]");
const button = form.querySelector("[data-once]");
const words = form.dataset;
let request = null;

function size(bytes) {
  const units = ["B", "KB", "MB", "GB"];
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), 3);
  return `${(bytes / 1024 ** power).toLocaleString(document.documentElement.lang, { maximumFractionDigits: power ? 1 : 0 })} ${units[power]}`;
}

function wrong(field, text) {
  for (const name of ["what", "file"]) {
    const line = document.getElementById(`${name}-error`);
    if (!line) continue;
    line.hidden = name !== field || !text;
    line.querySelector("span").textContent = name === field ? text : "";
  }
  drop.classList.toggle("wrong", field === "file" && Boolean(text));
}

function fault(file) {
  if (!file) return words.chooseFile;
  if (file.size > Number(words.limit)) return words.tooLarge;
  if (!file.size) return words.empty;
  const ending = file.name.includes(".") ? `.${file.name.split(".").pop().toLowerCase()}` : "";
  return ending && !words.endings.split(",").includes(ending) ? words.wrongType : "";
}

function show() {
  const file = input.files[0];
  if (!file) return;
  drop.classList.add("has-file");
  drop.querySelector("[data-file-name]").textContent = file.name;
  drop.querySelector("[data-file-size]").textContent = size(file.size);
  wrong("file", fault(file));
}

function busy(yes) {
  shown.hidden = !yes;
  button.disabled = yes;
  input.disabled = yes;
}

function done(answer) {
  let said = {};
  try { said = JSON.parse(answer.responseText); } catch { /* no JSON: the server failed */ }
  if (answer.status === 200 && said.url) {
    location.assign(said.url);
    return;
  }
  busy(false);
  wrong(said.field ?? "file", said.error ?? words.failed);
}

function send(file) {
  const data = new FormData(form);
  const query = new URLSearchParams({ what: data.get("what") ?? "", mends: data.get("mends") ?? "", name: file.name });
  request = new XMLHttpRequest();
  request.open("POST", `${form.action}?${query}`);
  request.setRequestHeader("X-CSRFToken", data.get("csrfmiddlewaretoken"));
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.upload.addEventListener("progress", (event) => {
    meter.value = (100 * event.loaded) / file.size;
    sent.textContent = event.loaded < file.size ? `${size(event.loaded)} / ${size(file.size)}` : words.looking;
  });
  request.addEventListener("load", () => done(request));
  request.addEventListener("error", () => { busy(false); wrong("file", words.unreachable); });
  request.addEventListener("abort", () => busy(false));
  meter.value = 0;
  busy(true);
  request.send(file);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (request && request.readyState !== XMLHttpRequest.DONE && !shown.hidden) return;
  const file = input.files[0];
  const chosen = form.querySelector("[name=what]:checked, [name=mends]");
  if (!chosen) {
    wrong("what", words.chooseWhat);
    form.querySelector("[name=what]").focus();
    return;
  }
  const problem = fault(file);
  wrong("file", problem);
  if (!problem) send(file);
});
form.querySelector("[data-upload-stop]").addEventListener("click", () => request?.abort());
input.addEventListener("change", show);
form.addEventListener("change", (event) => {
  if (event.target.name === "what") wrong("what", "");
});

for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
}
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  if (!event.dataTransfer.files.length || input.disabled) return;
  input.files = event.dataTransfer.files;
  show();
});
// A file dropped beside the field shall not replace the page.
for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());
show();
