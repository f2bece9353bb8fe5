// One position: its pictures, to be scrubbed through, its charts, its messages.
import { get, now, store } from "./store.js";
import { chip, clockTime, duration, h, isFound, milliseconds, number, pace, setText } from "./dom.js";
import { drawnKinds, Picture, scaleWords } from "./pictures.js";
import { MessageList } from "./messages.js";
import { Charts } from "./chart-panel.js";
import { Controls } from "./controls.js";

const LEGEND = [["aim", "target that was sent"], ["centre", "centre of the prescan"], ["predicted", "predicted place"], ["outline", "outline found"], ["trail", "trail of the sample"]];

export class PositionPage {
  constructor(main, session, position) {
    this.session = session;
    this.position = position;
    this.chosen = null; // number of the prescan that is looked at; null for the newest
    this.numbers = [];
    this.top = new Picture("top");
    this.side = new Picture("side");
    this.state = h("span");
    this.facts = h("dl", { class: "facts stacked" });
    this.error = h("div", { class: "error" });
    this.scale = h("span", { class: "hint" });
    this.slider = h("input", { type: "range", min: "0", max: "0", value: "0", "aria-label": "Prescan", oninput: () => this.scrub() });
    this.which = h("output", { class: "hint" });
    this.newest = h("button", { type: "button", class: "plain text", onclick: () => this.follow() }, "Newest");
    this.legend = LEGEND.map(([kind, text]) => h("li", { class: kind }, text));
    this.messages = new MessageList(session, position);
    this.controls = new Controls(session, position, this.top);
    this.charts = new Charts(session, position);
    main.replaceChildren(
      h("div", { class: "title" }, h("h1", {}, `Position ${position}`), this.state),
      h("div", { class: "position" },
        h("div", { class: "pictures" }, this.top.element, this.side.element,
          h("div", { class: "scrub" }, this.slider, this.newest), h("div", { class: "hints" }, this.which, this.scale),
          h("ul", { class: "legend" }, this.legend)),
        h("div", { class: "beside" }, this.facts, this.error, this.controls.element, h("h2", {}, "Messages"), this.messages.element)),
      this.charts.element);
    this.update(session);
  }

  get tile() { return store.sessions.get(this.session)?.tiles[this.position]; }

  update(id) {
    if (id && id !== this.session) return;
    const session = store.sessions.get(this.session);
    const tile = this.tile;
    if (!session || !tile) return;
    this.state.replaceChildren(chip(tile.state, tile.severity));
    this.controls.update(session, tile);
    if (tile.number && tile.number !== this.seen) {
      this.seen = tile.number;
      this.refreshNumbers();
      this.charts.changed(tile.outcome !== "tracked");
    }
    if (session.n_messages !== this.nMessages) { this.nMessages = session.n_messages; this.messages.refresh(); }
    if (this.chosen === null) this.showNewest(tile);
  }

  async refreshNumbers() {
    const found = await get(`/api/sessions/${this.session}/prescans?position=${encodeURIComponent(this.position)}`).catch(() => null);
    if (!found) return;
    this.numbers = found.numbers;
    this.slider.max = String(Math.max(0, this.numbers.length - 1));
    if (this.chosen === null) this.slider.value = this.slider.max;
  }

  showNewest(tile) {
    if (!tile.number) { this.facts.replaceChildren(); return; }
    this.show(tile, [
      ["Found", isFound(tile) ? `${number(tile.distance, tile.unit)} from the centre` : "no"],
      ["Step sent", number(tile.step, tile.unit)],
      ["Answered in", milliseconds(tile.answer_s)],
    ]);
    this.showError(tile.held ? { error: tile.held } : tile.outcome === "tracked" ? {} : { error: tile.message });
  }

  show(prescan, more) {
    const label = `Prescan ${prescan.name}`;
    this.top.show(this.session, prescan.number, prescan.frame, `${label} from above`);
    this.side.show(this.session, prescan.number, prescan.frame, `${label} from the side`);
    setText(this.scale, scaleWords(prescan.frame));
    const drawn = drawnKinds(prescan.frame);
    this.legend.forEach((item) => { item.hidden = !drawn[item.className]; });
    setText(this.which, `${prescan.name}${this.chosen === null ? " (newest)" : ""}`);
    const isGood = prescan.outcome === "tracked"; // otherwise the message is the error, which stands below
    const rows = [["Prescan", prescan.name], isGood ? ["Message", prescan.message] : ["Outcome", prescan.outcome], ...more];
    if (prescan.frame?.confidence !== null && prescan.frame?.confidence !== undefined) rows.push(["Confidence", `${Math.round(100 * prescan.frame.confidence)} %`]);
    if (this.chosen === null && this.tile.interval_s) rows.push(["Comes every", pace(this.tile.interval_s)]);
    this.facts.replaceChildren(...rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value || "–"))));
    this.controls.looksAt(prescan);
  }

  showError({ error, fallback, traceback }) {
    this.error.hidden = !error;
    this.error.replaceChildren(...[error && h("p", {}, error), fallback && h("p", {}, `Sent instead: ${fallback}.`), traceback && h("pre", { tabindex: "0" }, traceback)].filter(Boolean));
  }

  async scrub() {
    const index = Number(this.slider.value);
    if (index >= this.numbers.length - 1) { this.follow(); return; }
    this.chosen = this.numbers[index];
    const prescan = await get(`/api/sessions/${this.session}/prescans/${this.chosen}`).catch(() => null);
    if (!prescan || this.chosen !== prescan.number) return;
    this.slider.setAttribute("aria-valuetext", prescan.name);
    const length = prescan.step ? Math.hypot(...prescan.step) : null;
    this.show(prescan, [["Step sent", number(length, prescan.unit)], ["Answered in", milliseconds(prescan.sent_s)], ["Came", prescan.at ? clockTime(prescan.at) : "–"]]);
    this.showError(prescan);
  }

  follow() {
    this.chosen = null;
    this.slider.value = this.slider.max;
    if (this.tile) this.showNewest(this.tile);
  }

  tick() {
    if (this.tile?.last && this.chosen === null) setText(this.which, `${this.tile.name} · ${this.tile.state === "ended" ? "the last one" : `${duration(now() - this.tile.last)} ago`}`);
  }

  close() { this.charts.close(); this.controls.close(); }
}
