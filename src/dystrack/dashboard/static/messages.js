// What was told, newest first, to be filtered.
import { get } from "./store.js";
import { clockTime, h } from "./dom.js";

const LEVELS = [["", "All"], ["bad", "Trouble"], ["warn", "Warnings"], ["good", "All is well again"], ["info", "Others"]];
const WORDS = { bad: "trouble", warn: "warning", good: "well again", info: "note" };

export class MessageList {
  constructor(session, position = "") {
    this.session = session;
    this.position = position;
    this.list = h("ol", { class: "messages" });
    this.level = h("select", { "aria-label": "Kind of message", onchange: () => this.refresh() }, LEVELS.map(([value, text]) => h("option", { value }, text)));
    this.text = h("input", { type: "search", placeholder: "Search", "aria-label": "Search in messages", oninput: () => this.soon() });
    this.more = h("button", { type: "button", class: "text", onclick: () => this.older() }, "Show older ones");
    this.element = h("div", {}, h("div", { class: "filters" }, this.level, this.text), this.list, this.more);
  }

  soon() { clearTimeout(this.timer); this.timer = setTimeout(() => this.refresh(), 250); }

  query(before) {
    const wanted = new URLSearchParams({ level: this.level.value, text: this.text.value, position: this.position, before });
    return get(`/api/sessions/${this.session}/messages?${wanted}`).catch(() => ({ messages: [] }));
  }

  async refresh() {
    const { messages } = await this.query("");
    this.oldest = messages.at(-1)?.number;
    this.list.replaceChildren(...(messages.length ? messages.map(item) : [h("li", { class: "none" }, "Nothing to tell.")]));
    this.more.hidden = messages.length < 200;
  }

  async older() {
    const { messages } = await this.query(String(this.oldest));
    this.oldest = messages.at(-1)?.number ?? this.oldest;
    this.list.append(...messages.map(item));
    this.more.hidden = messages.length < 200;
  }
}

const item = (message) => h("li", { class: message.level },
  h("time", {}, clockTime(message.at)),
  h("span", { class: `kind ${message.level}` }, WORDS[message.level] ?? message.level),
  h("div", {}, h("p", {}, message.text), message.traceback ? h("details", {}, h("summary", {}, "Where in the pipeline"), h("pre", { tabindex: "0" }, message.traceback)) : null));
