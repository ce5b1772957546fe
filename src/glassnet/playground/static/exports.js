// The exports that the server makes: a script, the model, an ONNX file.

import { messageOf } from "./answers.js";
import { download } from "./dom.js";
import { toast } from "./toast.js";

export async function exportFile(kind, session) {
  try {
    const answer = await fetch(`/api/export?kind=${kind}&session=${encodeURIComponent(session ?? "")}`);
    if (!answer.ok) throw new Error(messageOf(await answer.text()));
    const [, name] = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"));
    download(await answer.blob(), name);
  } catch (error) {
    toast(`The export failed: ${error.message}`, "error");
  }
}
