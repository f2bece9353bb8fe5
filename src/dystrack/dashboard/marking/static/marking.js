"use strict";
// Shows prescans plane by plane, takes strokes or clicks, and hands each one over as it ends.
(async () => {
  const byId = (id) => document.getElementById(id);
  const canvas = byId("canvas"), pen = canvas.getContext("2d");
  const post = (url, body) => fetch(url, {
    method: "POST", headers: { "x-dystrack": "1", "content-type": "application/json" }, body: JSON.stringify(body),
  });
  const about = await (await fetch("/api/about")).json();
  let number = 0, kind = 1, stroke = null, marks = [], plane = null, overlay = null;

  const say = (lines) => byId("said").replaceChildren(...lines.map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  }));
  const here = () => about.prescans[number];
  const z = () => Number(byId("z").value);

  const picture = async (url) => {
    const answer = await fetch(url);
    return answer.status === 200 ? createImageBitmap(await answer.blob()) : null;
  };

  const draw = () => {
    canvas.width = here().width;
    canvas.height = here().height;
    canvas.style.setProperty("--aspect", canvas.width / canvas.height); // all of it fits the window
    if (plane) pen.drawImage(plane, 0, 0, canvas.width, canvas.height);
    if (overlay && byId("shown").checked) pen.drawImage(overlay, 0, 0, canvas.width, canvas.height);
    [...marks, ...(stroke ? [stroke] : [])].forEach((mark) => {
      const isHere = z() < 0 || mark.z < 0 || mark.z === z();
      pen.globalAlpha = isHere ? 0.75 : 0.2;
      pen.strokeStyle = pen.fillStyle = mark.kind === 2 ? "#6ea8ff" : "#ffb454";
      pen.lineCap = pen.lineJoin = "round";
      if (about.paints) {
        pen.lineWidth = 2 * mark.radius;
        pen.beginPath();
        mark.points.forEach(([y, x]) => pen.lineTo(x + 0.5, y + 0.5));
        if (mark.points.length === 1) pen.lineTo(mark.points[0][1] + 0.51, mark.points[0][0] + 0.5);
        pen.stroke();
      } else {
        const [y, x] = mark.points[0].map((value) => value + 0.5), size = canvas.width / 40;
        pen.lineWidth = Math.max(1, canvas.width / 300);
        pen.beginPath();
        pen.moveTo(x - size, y); pen.lineTo(x + size, y); pen.moveTo(x, y - size); pen.lineTo(x, y + size);
        pen.stroke();
      }
      pen.globalAlpha = 1;
    });
  };

  const load = async () => {
    const own = number, at = z();
    byId("name").textContent = `${here().name} (${number + 1} of ${about.prescans.length})`;
    byId("zshown").textContent = at < 0 ? "all" : String(at);
    const found = await Promise.all([
      picture(`/api/${own}/plane?z=${at}`), picture(`/api/${own}/overlay?z=${at}`),
      fetch(`/api/${own}/marks`).then((answer) => answer.json()),
    ]);
    if (own !== number || at !== z()) return;
    [plane, overlay, marks] = found;
    draw();
  };

  const go = (step) => {
    number = (number + step + about.prescans.length) % about.prescans.length;
    byId("z").max = here().depth - 1;
    if (about.paints && here().depth > 1 && z() < 0) byId("z").value = Math.floor(here().depth / 2);
    if (here().depth === 1) byId("z").value = -1;
    load();
  };

  const choose = (wanted) => {
    kind = wanted;
    byId("sample").setAttribute("aria-pressed", String(kind === 1));
    byId("background").setAttribute("aria-pressed", String(kind === 2));
  };

  const hand = async (mark) => {
    const answer = await post(`/api/${number}/mark`, mark);
    say(answer.headers.get("content-type").includes("json") ? await answer.json() : [await answer.text()]);
    await load();
  };

  const act = async (action) => {
    const buttons = document.querySelectorAll("button");
    buttons.forEach((button) => { button.disabled = true; });
    say(["Working …"]);
    const answer = await post(`/api/act/${action}`, null);
    say(await answer.json());
    buttons.forEach((button) => { button.disabled = false; });
    await load();
  };

  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * canvas.width - 0.5;
    const y = ((event.clientY - box.top) / box.height) * canvas.height - 0.5;
    return [Math.round(10 * y) / 10, Math.round(10 * x) / 10];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    stroke = { z: z(), kind, radius: Number(byId("radius").value), points: [place(event)] };
    draw();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!stroke || !about.paints) return;
    if (stroke.points.length < 2000) stroke.points.push(place(event));
    draw();
  });
  canvas.addEventListener("pointerup", () => {
    const done = stroke;
    stroke = null;
    if (done) hand(done);
  });

  const keys = {
    ArrowLeft: () => go(-1), ArrowRight: () => go(1), s: () => choose(1), b: () => choose(2),
    u: () => hand(null), l: () => about.paints && act("learn"),
    ArrowUp: () => { byId("z").value = z() + 1; load(); }, ArrowDown: () => { byId("z").value = z() - 1; load(); },
  };
  addEventListener("keydown", (event) => {
    if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
    const wanted = keys[event.key] || keys[event.key.toLowerCase()];
    if (wanted) { event.preventDefault(); wanted(); }
  });
  byId("before").addEventListener("click", () => go(-1));
  byId("next").addEventListener("click", () => go(1));
  byId("z").addEventListener("input", load);
  byId("shown").addEventListener("change", draw);
  byId("sample").addEventListener("click", () => choose(1));
  byId("background").addEventListener("click", () => choose(2));
  byId("undo").addEventListener("click", () => hand(null));
  byId("learn").addEventListener("click", () => act("learn"));
  byId("evaluate").addEventListener("click", () => act("evaluate"));
  byId("title").textContent = about.title;
  byId("hint").textContent = about.hint;
  ["tools", "learn", "evaluate"].forEach((id) => { byId(id).hidden = !about.paints; });
  go(0);
})();
