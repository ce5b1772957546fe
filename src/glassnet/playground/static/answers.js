// Answers of the server that come by plain HTTP, and what they say when it refuses.

export async function getJson(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: open the address that the terminal shows.`);
  return answer.json();
}

/** The server's sentence; the text itself where it is none of the server's own. */
export function messageOf(text) {
  try {
    return JSON.parse(text).message ?? text;
  } catch {
    return text;
  }
}
