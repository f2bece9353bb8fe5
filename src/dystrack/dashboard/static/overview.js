// All sessions: a tile for each position, trouble first.
import { byTrouble, now, store } from "./store.js";
import { chip, clockTime, duration, h, isFound, number, pace, setClass, setText, size, stateClass } from "./dom.js";
import { Picture } from "./pictures.js";

export const positionLink = (session, position) => `#/s/${session}/p/${encodeURIComponent(position)}`;

export const facts = (session) => [
  ["Pipeline", session.pipeline],
  ["Began", session.began ? clockTime(session.began) : ""],
  ["Prescans", `${session.n_prescans} at ${session.n_positions} ${session.n_positions === 1 ? "position" : "positions"}`],
  ["Expected end", session.expected_end ? clockTime(session.expected_end) : ""],
  ["Disk", session.disk_free_bytes === null ? "" : `${size(session.disk_free_bytes)} free${session.disk_full_in_s ? `, full in ${duration(session.disk_full_in_s)}` : ""}`],
].filter(([, value]) => value);

const big = (value, more) => h("span", {}, h("b", {}, value), more);

// "2 lost": how many positions are in which trouble, the worst first
export const troubles = (session) => {
  const tiles = Object.values(session.tiles).filter((tile) => tile.severity >= 2).sort((one, other) => other.severity - one.severity);
  const counts = new Map();
  for (const tile of tiles) counts.set(tile.state, { n: (counts.get(tile.state)?.n ?? 0) + 1, severity: tile.severity });
  return [...counts].map(([state, { n, severity }]) => chip(`${n} ${state}`, severity));
};

class Tile {
  constructor(session, position) {
    this.session = session;
    this.picture = new Picture("top", false);
    this.state = h("span");
    this.numbers = h("div", { class: "numbers" });
    this.message = h("p", { class: "message" });
    this.since = h("span", { class: "since" });
    this.pace = h("i");
    this.element = h("a", { class: "tile", href: positionLink(session, position) },
      this.picture.element,
      h("div", { class: "body" },
        h("div", { class: "head" }, h("h3", {}, `Position ${position}`), this.state),
        this.numbers, this.message,
        h("div", { class: "foot" }, h("div", { class: "pace", "aria-hidden": "true" }, this.pace), this.since)));
  }

  update(tile) {
    this.tile = tile;
    setClass(this.element, `tile ${stateClass(tile.severity)}`);
    this.state.replaceChildren(chip(tile.state, tile.severity));
    this.numbers.replaceChildren(
      isFound(tile) || !tile.number ? big(number(tile.distance, tile.unit), " from the centre") : big("not found", ""),
      big(number(tile.step, tile.unit), " step"));
    const text = tile.held || (tile.message && tile.message !== "OK" ? tile.message : "");
    setText(this.message, text);
    this.message.title = text;
    if (tile.number) this.picture.show(this.session, tile.number, tile.frame, `Prescan ${tile.name} of position ${tile.position}`);
    this.tick();
  }

  tick() {
    const { last, interval_s: interval, state } = this.tile;
    if (!last) { setText(this.since, "No prescan yet"); return; }
    const silent = now() - last;
    const usual = interval ? ` · every ${pace(interval)}` : "";
    setText(this.since, state === "ended" ? `${this.tile.n_prescans} prescans, the last at ${clockTime(last)}` : `${duration(silent)} ago${usual}`);
    const share = interval && state !== "ended" ? Math.min(1, silent / interval) : 0;
    this.pace.style.transform = `scaleX(${share.toFixed(3)})`;
    setClass(this.pace, this.tile.is_late ? "late" : "");
  }
}

class SessionPart {
  constructor(id) {
    this.id = id;
    this.tiles = new Map();
    this.name = h("a", { href: `#/s/${id}` });
    this.state = h("span", { class: "states" });
    this.says = h("p", { class: "says" });
    this.facts = h("dl", { class: "facts" });
    this.grid = h("div", { class: "tiles" });
    this.element = h("section", { class: "session" }, h("div", { class: "title" }, h("h2", {}, this.name), this.state), this.facts, this.says, this.grid);
  }

  update(session) {
    setText(this.name, session.name);
    this.state.replaceChildren(chip(session.state, session.severity), ...troubles(session));
    setText(this.says, session.says);
    this.facts.replaceChildren(...facts(session).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
    const names = Object.keys(session.tiles);
    for (const name of this.tiles.keys()) if (!(name in session.tiles)) this.tiles.delete(name);
    names.forEach((name) => {
      if (!this.tiles.has(name)) this.tiles.set(name, new Tile(this.id, name));
      this.tiles.get(name).update(session.tiles[name]);
    });
    const order = names.map((name, i) => ({ name, order: i, severity: session.tiles[name].severity })).sort(byTrouble);
    arrange(this.grid, order.map(({ name }) => this.tiles.get(name).element));
  }
}

// Put elements into an order without touching those that are in place: focus stays where it is.
const arrange = (parent, wanted) => {
  wanted.forEach((element, i) => parent.children[i] !== element && parent.insertBefore(element, parent.children[i] ?? null));
  while (parent.children.length > wanted.length) parent.lastChild.remove();
};

export class Overview {
  constructor(main) {
    this.parts = new Map();
    this.main = main;
    this.head = h("h1", { class: "visually-hidden" }, "Sessions");
    this.list = h("div", { class: "sessions" });
    main.replaceChildren(this.head, this.list);
    this.update(null);
  }

  update() {
    const ids = store.hello ? store.hello.sessions.filter((id) => store.sessions.has(id)) : [...store.sessions.keys()];
    ids.forEach((id) => {
      if (!this.parts.has(id)) this.parts.set(id, new SessionPart(id));
      this.parts.get(id).update(store.sessions.get(id));
    });
    const order = ids.map((id, i) => ({ id, order: i, severity: worst(store.sessions.get(id)) })).sort(byTrouble);
    arrange(this.list, order.map(({ id }) => this.parts.get(id).element));
    document.title = order.some(({ severity }) => severity >= 3) ? "! DySTrack" : "DySTrack";
  }

  tick() {
    for (const part of this.parts.values()) for (const tile of part.tiles.values()) tile.tile && tile.tick();
  }

  close() {}
}

const worst = (session) => Math.max(session.severity, ...Object.values(session.tiles).map((tile) => tile.severity));
