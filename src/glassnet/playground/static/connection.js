// The WebSocket to the server: messages out, frames in, and a clear word when the server is gone.

import { decode } from "./frames.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;
const FINAL = [1001, 1013]; // the session was ended, or there is no room: trying again by itself would not help

export class Connection {
  /** `handlers`: open(), message(object), frame(frame), lost(text, label of the button that tries again). */
  constructor(handlers) {
    this.handlers = handlers;
    this.wait = FIRST_WAIT;
    this.socket = null;
    this.timer = null;
    this.tries = false; // whether it tries again by itself
    this.built = false; // whether there was a network
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && !this.socket && this.tries) this.connect();
    });
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  connect() {
    if (this.socket) return;
    this.tries = true;
    clearTimeout(this.timer);
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => this.handlers.open();
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.handlers.message(JSON.parse(data));
      else this.handlers.frame(decode(data));
    };
    socket.onclose = (event) => {
      this.socket = null;
      this.#lost(event);
    };
  }

  /** A network was built, so this connection is good: should it break, try again soon. */
  settled() {
    this.built = true;
    this.wait = FIRST_WAIT;
  }

  /** Send a message; false if there is no connection. */
  send(message) {
    if (!this.isOpen) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  async #lost(event) {
    const { wait } = this;
    this.wait = Math.min(2 * wait, LONGEST_WAIT);
    this.tries = !FINAL.includes(event.code);
    const reason = event.reason || (await this.#why());
    if (this.socket) return; // it is back already
    const lost = this.built ? " Training done since the last export is lost." : "";
    if (!this.tries) {
      this.handlers.lost(`${reason}${lost}`, "Connect again");
      return;
    }
    this.handlers.lost(`${reason} Trying again every few seconds.${lost}`, "Try now");
    if (!document.hidden) this.timer = setTimeout(() => this.connect(), wait);
  }

  /** Tell a server that is gone from one that was started anew and no longer knows this page. */
  async #why() {
    try {
      const answer = await fetch("/api/catalogue");
      if (answer.status === 403) {
        return "The server was started anew and does not know this page: open the address it printed in the terminal.";
      }
      return "The connection to the server broke.";
    } catch {
      return "The playground server does not answer. Is “glassnet playground” still running?";
    }
  }
}
