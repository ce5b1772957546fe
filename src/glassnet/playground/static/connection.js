// The WebSocket to the server: messages out, frames in, and a clear word when the server is gone.

import { decode } from "./frames.js";

const LONGEST_WAIT = 10_000;

export class Connection {
  /** `handlers`: open(), message(object), frame(frame), lost(text), each called on the page's thread. */
  constructor(handlers) {
    this.handlers = handlers;
    this.wait = 500;
    this.socket = null;
    this.timer = null;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && !this.socket && this.started) this.connect();
    });
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  connect() {
    this.started = true;
    clearTimeout(this.timer);
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.wait = 500;
      this.handlers.open();
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.handlers.message(JSON.parse(data));
      else this.handlers.frame(decode(data));
    };
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.#lost(event);
    };
  }

  /** Send a message; false if there is no connection. */
  send(message) {
    if (!this.isOpen) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  async #lost(event) {
    const wait = this.wait;
    this.wait = Math.min(2 * wait, LONGEST_WAIT);
    const reason = event.reason || (await this.#why());
    this.handlers.lost(`${reason} Trying again every few seconds; training done since the last export is lost.`);
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
