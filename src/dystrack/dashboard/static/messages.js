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
    this.list.replaceChildren(...(messages.length ? this.items(messages) : [h("li", { class: "none" }, "Nothing to tell.")]));
    this.more.hidden = messages.length < 200;
  }

  async older() {
    const { messages } = await this.query(String(this.oldest));
    this.oldest = messages.at(-1)?.number ?? this.oldest;
    this.list.append(...this.items(messages));
    this.more.hidden = messages.length < 200;
  }

  items(messages) { return grouped(messages).map((group) => item(group, this.position)); }
}

// The same again and again, at whatever positions, is one item.
const grouped = (messages) => {
  const groups = [];
  for (const message of messages) {
    const same = `${message.level} ${message.text.replaceAll(`position ${message.position}`, "")}`;
    if (groups.at(-1)?.same === same) groups.at(-1).messages.push(message);
    else groups.push({ same, messages: [message] });
  }
  return groups.map((group) => group.messages);
};

const about = (messages, own) => {
  const [newest] = messages;
  const positions = [...new Set(messages.map((message) => message.position))].filter((name) => name && name !== own).sort();
  const where = positions.length ? `Position${positions.length > 1 ? "s" : ""} ${positions.join(", ")}` : "";
  const often = messages.length > 1 ? `${messages.length} times since ${clockTime(messages.at(-1).at)}` : newest.prescan;
  return [where, often].filter(Boolean).join(" · ");
};

const item = ([message, ...more], own) => h("li", { class: message.level },
  h("time", {}, clockTime(message.at)),
  h("span", { class: `kind ${message.level}` }, WORDS[message.level] ?? message.level),
  h("div", {}, h("p", { class: "about" }, about([message, ...more], own)), h("p", {}, message.text), message.traceback ? h("details", {}, h("summary", {}, "Where in the pipeline"), h("pre", { tabindex: "0" }, message.traceback)) : null));
