// One run: what it is, when it ends, what was told, settings, downloads.
import { get, now, store } from "./store.js";
import { chip, clockTime, duration, h, setText, size } from "./dom.js";
import { MessageList } from "./messages.js";
import { positionLink, troubles } from "./overview.js";
import { Controls } from "./controls.js";

export class RunPage {
  constructor(main, session) {
    this.session = session;
    this.name = h("h1");
    this.state = h("span", { class: "states" });
    this.says = h("p", { class: "says" });
    this.figures = h("div", { class: "figures" });
    this.positions = h("nav", { class: "jump", "aria-label": "Positions" });
    this.messages = new MessageList(session);
    this.controls = new Controls(session);
    this.settings = h("div", { class: "settings" });
    const file = (what, text) => h("a", { class: "button", href: `/api/sessions/${session}/files/${what}`, download: "" }, text);
    main.replaceChildren(
      h("div", { class: "title" }, this.name, this.state), this.says, this.figures, this.positions, this.controls.element,
      h("section", {}, h("h2", {}, "Downloads"), h("div", { class: "downloads" }, file("report", "Report"), file("journal", "Journal"), file("coordinates", "Coordinates"))),
      h("section", {}, h("h2", {}, "Events"), this.messages.element),
      h("section", {}, h("h2", {}, "Settings and versions"), this.settings));
    this.showSettings();
    this.update(session);
  }

  update(id) {
    if (id && id !== this.session) return;
    const session = store.sessions.get(this.session);
    if (!session) return;
    this.current = session;
    setText(this.name, session.name);
    this.state.replaceChildren(chip(session.state, session.severity), ...troubles(session));
    setText(this.says, session.says);
    this.tick();
    this.positions.replaceChildren(...Object.values(session.tiles).map((tile) => h("a", { href: positionLink(this.session, tile.position) }, `${tile.position}`, tile.severity >= 2 ? chip(tile.state, tile.severity) : null)));
    this.controls.update(session);
    if (session.n_messages !== this.nMessages) { this.nMessages = session.n_messages; this.messages.refresh(); }
  }

  tick() {
    const session = this.current;
    if (!session) return;
    const isOver = session.state.startsWith("ended") || session.state === "died";
    const values = [
      [session.began ? duration((isOver ? session.last : now()) - session.began) : "–", isOver ? "it took" : "since it began"],
      [String(session.n_prescans), `prescans at ${session.n_positions} ${session.n_positions === 1 ? "position" : "positions"}`],
      isOver ? [clockTime(session.last), "ended"] : [session.expected_end ? clockTime(session.expected_end) : "open", "expected end"],
      [session.disk_free_bytes === null ? "–" : size(session.disk_free_bytes), session.disk_full_in_s ? `left on the disk; full in ${duration(session.disk_full_in_s)} at this pace` : "left on the disk"],
    ];
    if (session.n_torn) values.push([String(session.n_torn), "lines of the journal that cannot be read"]);
    if (this.figures.children.length !== values.length) this.figures.replaceChildren(...values.map(() => h("div", {}, h("b"), h("span"))));
    values.forEach(([value, text], i) => { setText(this.figures.children[i].firstChild, value); setText(this.figures.children[i].lastChild, text); });
  }

  async showSettings() {
    const about = await get(`/api/sessions/${this.session}/about`).catch(() => null);
    if (!about) return;
    const table = (rows) => h("table", {}, h("tbody", {}, rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value)))));
    const given = about.settings.filter((one) => !one.is_default).map((one) => [one.name, one.value]);
    const usual = about.settings.filter((one) => one.is_default).map((one) => [one.name, one.value]);
    const versions = Object.entries(about.versions);
    this.settings.replaceChildren(
      table([["folder", about.folder], ["pipeline", about.pipeline_path || about.pipeline], ...given]),
      h("details", {}, h("summary", {}, `Settings by default (${usual.length})`), table(usual)),
      h("details", {}, h("summary", {}, "Versions"), table(versions)));
  }

  close() { this.controls.close(); }
}
