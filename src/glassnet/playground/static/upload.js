// A table of one's own: a CSV or NPY file, by button or dropped on the page, and its target column.

import { messageOf } from "./answers.js";
import { h } from "./dom.js";

const LIMIT = 32 * 1024 * 1024;
const TASKS = [["auto", "as the column looks"], ["classification", "classes"], ["regression", "numbers"]];

/** The file button, and for an uploaded table the choice of the target column and of what it holds. */
export function uploadField(panel, store, uploads, toast) {
  const input = h("input", {
    type: "file", accept: ".csv,.tsv,.txt,.npy,text/csv", id: "upload-file", testid: "upload",
    onchange: () => input.files[0] && send(input.files[0], store, uploads, toast),
  });
  const rows = [h("div", { class: "field upload" },
    h("label", { for: "upload-file" }, "Your own data: CSV or NPY, also by dropping it here"), input)];
  const { upload, target } = store.setup.data;
  if (!upload) return rows;
  const set = (key) => (value, field) => store.change({ data: { ...store.setup.data, [key]: value }, loss: null }, field);
  const table = uploads.get(upload);
  if (table) {
    rows.push(
      h("p", { class: "hint", testid: "upload-summary" },
        `${table.name}: ${table.n_rows} rows, ${table.columns.length} columns`),
      panel.choice("target", "Target column",
        table.columns.map((column, i) => [column, `${column} (${table.kinds[i]})`]),
        (setup) => setup.data.target, set("target")));
  } else {
    rows.push(h("p", { class: "hint" }, `Uploaded table, target ${target}. A link carries no data: whoever opens it uploads the file again.`));
  }
  rows.push(
    panel.choice("data-task", "Take the target for", TASKS, (setup) => setup.data.task, set("task")),
    h("p", { class: "hint" }, "Columns of numbers, and a target of numbers, are standardised: mean 0 and deviation 1 on the training part."));
  return rows;
}

async function send(file, store, uploads, toast) {
  if (file.size > LIMIT) {
    toast(`${file.name} has ${(file.size / 1048576).toFixed(1)} MiB; at most 32 MiB can be uploaded.`, "error");
    return;
  }
  const uploading = toast(`Uploading ${file.name} …`);
  try {
    const answer = await fetch("/api/upload", {
      method: "POST", body: file, headers: { "X-Filename": encodeURIComponent(file.name) },
    });
    const told = await answer.text();
    if (!answer.ok) throw new Error(messageOf(told) || `The server refused the file (${answer.status}).`);
    const table = JSON.parse(told);
    uploads.set(table.id, { ...table, name: file.name });
    toast(`${file.name}: ${table.n_rows} rows. The target is the last column; choose another under Data.`);
    store.change({ data: { ...store.setup.data, name: "upload", upload: table.id, target: table.target, task: "auto" }, loss: null });
  } catch (error) {
    toast(error.message, "error");
  } finally {
    uploading();
  }
}

/** Let a file be dropped anywhere on `zone`. */
export function dropZone(zone, store, uploads, toast) {
  const hold = (event) => {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    zone.classList.toggle("dropping", event.type === "dragover");
    if (event.type === "drop" && event.dataTransfer.files[0]) send(event.dataTransfer.files[0], store, uploads, toast);
  };
  for (const type of ["dragover", "dragleave", "drop"]) zone.addEventListener(type, hold);
}
