// Commands, where they are allowed. What was asked, and when it took effect, is shown below them.
import { store } from "./store.js";
import { clockTime, h, setText } from "./dom.js";

const LIMITS = [["max_step_um", "Greatest step / µm"], ["max_travel_um", "Greatest travel / µm"], ["max_step_px", "Greatest step / px"], ["max_travel_px", "Greatest travel / px"], ["max_failures", "Failures in a row"]];
const STATES = { asked: "waits for the session", done: "done", refused: "refused" };

const button = (text, onclick, kind = "") => h("button", { type: "button", class: kind, onclick }, text);

export class Controls {
  constructor(session, position = null, picture = null) {
    this.session = session;
    this.position = position;
    this.picture = picture;
    this.asked = h("ul", { class: "asked", "aria-live": "polite" });
    this.error = h("p", { class: "error", role: "alert", hidden: true });
    this.by = h("input", { type: "text", maxlength: "40", placeholder: "Your name", "aria-label": "Your name", value: localStorage.getItem("dystrack name") || "", onchange: () => localStorage.setItem("dystrack name", this.by.value) });
    this.element = h("section", { class: "controls", hidden: true, "aria-label": "Commands" },
      h("h2", {}, "Commands"), h("div", { class: "commands" }, h("label", {}, "Asked by ", this.by)),
      position === null ? this.runCommands() : this.positionCommands(), this.error, this.asked);
  }

  runCommands() {
    this.pause = button("Pause", () => this.ask({ command: this.isPaused ? "go on" : "pause" }));
    this.stop = button("Stop after this time point", () => confirm("End the session once all positions have come to this time point?") && this.ask({ command: "stop" }), "danger");
    this.limit = h("select", { "aria-label": "Limit", onchange: () => this.showLimit() }, LIMITS.map(([name, text]) => h("option", { value: name }, text)));
    this.value = h("input", { type: "text", placeholder: "such as 5,20,20", "aria-label": "Value of the limit: one number, or three for z, y, x; nothing to take it away" });
    const set = button("Set limit", () => this.setLimit());
    this.now = h("span", { class: "hint", role: "status" });
    return [h("div", { class: "commands" }, this.pause, this.stop), h("div", { class: "commands" }, this.limit, this.value, set, this.now)];
  }

  positionCommands() {
    this.hold = button("Hold", () => this.ask(this.isHeld ? { command: "release" } : { command: "hold", reason: "" }));
    this.aim = button("Click a new target", () => (this.isAiming ? this.stopAiming() : this.startAiming()));
    this.send = button("Send it there", () => this.sendThere());
    this.send.hidden = true;
    this.amount = h("input", { type: "number", value: "5", min: "0", step: "any", "aria-label": "How far to nudge" });
    this.unit = h("span", {}, "px");
    const arrow = (text, name, z, y, x) => h("button", { type: "button", "aria-label": `Nudge ${name}`, title: `Nudge ${name}`, onclick: () => this.nudge(z, y, x) }, text);
    return [h("div", { class: "commands" }, this.hold, this.aim, this.send),
      h("div", { class: "commands" }, h("label", {}, "Nudge by ", this.amount, this.unit),
        arrow("←", "left", 0, 0, -1), arrow("→", "right", 0, 0, 1), arrow("↑", "up", 0, -1, 0), arrow("↓", "down", 0, 1, 0), arrow("z −", "down in z", -1, 0, 0), arrow("z +", "up in z", 1, 0, 0))];
  }

  update(session, tile) {
    const mayCommand = store.hello?.may_command && session.takes_commands;
    this.element.hidden = !mayCommand;
    if (!mayCommand) return this.picture && this.stopAiming();
    this.isPaused = session.state === "paused";
    this.isHeld = Boolean(tile?.held);
    this.limits = session.limits;
    if (this.now) this.showLimit();
    if (this.pause) this.pause.textContent = this.isPaused ? "Go on" : "Pause";
    if (this.hold) this.hold.textContent = this.isHeld ? "Release" : "Hold";
    if (this.aim) this.aim.disabled = this.isHeld;
    const own = session.commands.filter((one) => this.position === null || one.position === this.position).slice(-6).reverse();
    this.asked.replaceChildren(...own.map((one) => h("li", {}, h("b", {}, one.command), ` · ${one.by}, ${clockTime(one.asked_at)} · ${this.outcome(one)}`)));
  }

  outcome(one) {
    const when = one.took_effect ? ` at ${clockTime(one.took_effect)}` : "";
    const prescan = one.with ? `, with ${one.with}` : "";
    return `${STATES[one.state]}${when}${prescan}${one.reason ? `: ${one.reason}` : ""}`;
  }

  looksAt(prescan) {
    if (this.prescan?.number !== prescan.number && this.isAiming) this.stopAiming();
    this.prescan = prescan;
    this.voxel = prescan.frame?.voxel_um;
    if (this.unit) this.unit.textContent = this.voxel ? "µm" : "px";
  }

  nudge(z, y, x) {
    const by = Number(this.amount.value);
    const zyx = [z, y, x].map((n, axis) => n * by / (this.voxel?.[axis] || 1));
    if (Number.isFinite(by) && by > 0) this.ask({ command: "nudge", zyx });
  }

  // With the mouse or a finger: a click. With the keyboard: arrows, and Enter.
  startAiming() {
    if (!this.prescan?.frame) return;
    this.isAiming = true;
    this.aim.textContent = "Leave it";
    const place = this.picture.element;
    const [, height, width] = this.prescan.frame.size;
    this.at = this.prescan.frame.centre ? [...this.prescan.frame.centre.slice(1)] : [height / 2, width / 2];
    place.classList.add("aiming");
    place.tabIndex = 0;
    place.setAttribute("role", "application");
    place.setAttribute("aria-label", "Choose a place with the arrow keys, send it with Enter");
    place.onclick = (event) => {
      const box = place.getBoundingClientRect();
      this.choose((event.clientY - box.top) / box.height * height - 0.5, (event.clientX - box.left) / box.width * width - 0.5);
    };
    place.onkeydown = (event) => {
      const far = event.shiftKey ? 10 : 1;
      const moves = { ArrowLeft: [0, -far], ArrowRight: [0, far], ArrowUp: [-far, 0], ArrowDown: [far, 0] };
      if (event.key in moves) { event.preventDefault(); this.choose(this.at[0] + moves[event.key][0], this.at[1] + moves[event.key][1]); }
      if (event.key === "Enter") this.sendThere();
      if (event.key === "Escape") this.stopAiming();
    };
    place.focus();
  }

  choose(y, x) {
    this.at = [y, x];
    this.send.hidden = false;
    const drawn = this.picture.element.querySelector("svg");
    drawn?.querySelector(".chosen")?.remove();
    const r = 0.05 * this.prescan.frame.size[2];
    const mark = document.createElementNS("http://www.w3.org/2000/svg", "path");
    mark.setAttribute("class", "chosen");
    mark.setAttribute("d", `M${x + 0.5 - r} ${y + 0.5}h${2 * r}M${x + 0.5} ${y + 0.5 - r}v${2 * r}`);
    drawn?.append(mark);
  }

  sendThere() {
    this.ask({ command: "retarget", number: this.prescan.number, zyx: [null, ...this.at] });
    this.stopAiming();
  }

  stopAiming() {
    if (!this.isAiming) return;
    this.isAiming = false;
    this.aim.textContent = "Click a new target";
    this.send.hidden = true;
    const place = this.picture.element;
    place.classList.remove("aiming");
    for (const name of ["tabindex", "role", "aria-label"]) place.removeAttribute(name);
    place.onclick = place.onkeydown = null;
    place.querySelector(".chosen")?.remove();
  }

  showLimit() {
    const now = this.limits?.[this.limit.value];
    setText(this.now, now === undefined ? "" : `now ${now ?? "no limit"}`);
  }

  setLimit() {
    const value = this.value.value.trim();
    const isGone = value.split(",").every((part) => ["", "inf", "infinity"].includes(part.trim().toLowerCase()));
    if (isGone && !confirm("Take this limit away?")) return;
    this.ask({ command: "limit", name: this.limit.value, value });
    this.value.value = "";
  }

  async ask(words) {
    const position = this.position === null ? {} : { position: this.position };
    const answer = await fetch(`/api/sessions/${this.session}/commands`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-dystrack": "1" },
      body: JSON.stringify({ ...words, ...position, by: this.by.value }),
    }).catch(() => null);
    const told = answer ? await answer.json().catch(() => ({ error: "The command was refused." })) : { error: "DySTrack cannot be reached." };
    this.error.hidden = !told.error;
    this.error.textContent = told.error || "";
  }

  close() { if (this.picture) this.stopAiming(); }
}
