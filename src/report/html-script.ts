// What the page does once it stands there: zooming the time line, filters, sorting, copying. Everything can be read without it. The policy of the page names it by its digest.

export const scriptDigest = "sha256-tqJCg6VZ9rpXFjl6IjP2R6RPx3PP7Va8lOTStzDBGJ8=";

export const pageScript = String.raw`
"use strict";
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const number = (element, name) => Number(element.dataset[name]);
for (const tools of all(".tools, .copy")) tools.hidden = false;

const timeText = (ns) => {
  for (const [unit, size] of [["s", 1e9], ["ms", 1e6], ["us", 1e3]]) if (ns >= size) return String(Math.floor((ns * 1000) / size) / 1000) + " " + unit;
  return Math.round(ns) + " ns";
};

for (const button of all(".copy")) button.addEventListener("click", async () => {
  const text = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.body.appendChild(document.createElement("textarea"));
    field.value = text;
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
});

const lines = new WeakMap();
function setUpTimeline(box) {
  const end = number(box, "end");
  const picture = box.querySelector(".picture");
  const items = all("[data-at]", picture).map((element) => ({ element, at: number(element, "at"), until: element.dataset.until === undefined ? null : number(element, "until"), shape: element.tagName === "g" ? element.querySelector("rect") : element }));
  const events = items.filter((item) => item.element.classList.contains("event")).sort((a, b) => a.at - b.at);
  const ticks = all(".tick", picture);
  const cursor = picture.querySelector(".cursor");
  const said = box.querySelector(".said");
  const ranges = all("[data-edge]", box);
  let from = number(box, "from"), until = number(box, "until"), here = -1, at = null;
  const share = (time) => ((time - from) * 100) / (until - from);
  const show = (element, isShown) => element.setAttribute("visibility", isShown ? "visible" : "hidden");
  const draw = () => {
    for (const { element, at: start, until: stop, shape } of items) {
      const isShown = start <= until && (stop === null ? start : stop) >= from;
      show(element, isShown);
      if (!isShown) continue;
      const left = Math.max(share(start), stop === null ? -1 : 0);
      shape.setAttribute("x", left + "%");
      if (stop === null) continue;
      const width = Math.max(0.05, Math.min(share(stop), 100) - left);
      shape.setAttribute("width", width + "%");
      const label = element.querySelector("text");
      label.setAttribute("x", left + "%");
      show(label, (width * picture.clientWidth) / 100 > label.textContent.length * 7 + 10);
    }
    ticks.forEach((tick, index) => { const time = from + ((until - from) * index) / ticks.length;
      tick.querySelector("text").textContent = time < 0 ? "" : timeText(time); });
    show(cursor, at !== null && at >= from && at <= until);
    if (at !== null) cursor.setAttribute("x", share(at) + "%");
    for (const range of ranges) range.value = String(Math.round(((range.dataset.edge === "from" ? from : until) * 1000) / end));
  };
  const zoom = (first, last) => {
    from = Math.max(-end / 20, Math.min(first, end - 10));
    until = Math.min(end * 1.05, Math.max(last, from + 10));
    draw();
  };
  const go = (time, text) => {
    at = time;
    if (text !== undefined) said.textContent = text;
    if (time < from || time > until) zoom(time - (until - from) / 2, time + (until - from) / 2);
    else draw();
  };
  const scale = (factor) => {
    const middle = at !== null && at >= from && at <= until ? at : (from + until) / 2;
    zoom(middle - ((middle - from) * factor), middle + (until - middle) * factor);
  };
  const stepTo = (index) => {
    if (index < 0 || index >= events.length) return;
    here = index;
    go(events[index].at, events[index].element.dataset.say);
  };
  lines.set(box, go);
  for (const button of all("button[data-from]", box)) button.addEventListener("click", () => zoom(number(button, "from"), number(button, "until")));
  for (const button of all("button[data-zoom]", box)) button.addEventListener("click", () => scale(button.dataset.zoom === "in" ? 0.5 : 2));
  for (const range of ranges) range.addEventListener("input", () => {
    const [first, last] = ranges.map((one) => (Number(one.value) * end) / 1000);
    if (first < last) zoom(first, last);
  });
  picture.addEventListener("keydown", (event) => {
    const next = here < 0 ? events.findIndex((one) => one.at >= from) : here + 1;
    const actions = { ArrowRight: () => stepTo(next), ArrowLeft: () => stepTo(here - 1), Home: () => stepTo(0), End: () => stepTo(events.length - 1), "+": () => scale(0.5), "-": () => scale(2) };
    if (actions[event.key] === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
  });
  picture.addEventListener("pointerover", (event) => {
    const told = event.target.closest("[data-say]");
    if (told !== null) said.textContent = told.dataset.say;
  });
  const timeAt = (event) => from + ((event.clientX - picture.getBoundingClientRect().left) * (until - from)) / picture.clientWidth;
  let pressed = null;
  picture.addEventListener("pointerdown", (event) => { pressed = { x: event.clientX, at: timeAt(event), told: event.target.closest("[data-say]") }; });
  picture.addEventListener("pointerup", (event) => {
    if (pressed === null) return;
    const { x, at: start, told } = pressed;
    pressed = null;
    if (Math.abs(event.clientX - x) > 8) return zoom(Math.min(start, timeAt(event)), Math.max(start, timeAt(event)));
    if (told === null) return;
    here = events.findIndex((one) => one.element === told);
    go(number(told, "at"), told.dataset.say);
    showLine(box.closest(".run"), number(told, "at"));
  });
  draw();
  addEventListener("resize", draw);
  box.closest(".run")?.addEventListener("toggle", draw);
}
for (const box of all(".timeline")) setUpTimeline(box);

/** The last log line that was written up to a moment. */
function showLine(run, time) {
  const shown = all(".log li", run).filter((line) => !line.hidden);
  for (const line of shown) line.classList.remove("here");
  const line = shown.findLast((one) => number(one, "at") <= time);
  if (line === undefined) return;
  line.classList.add("here");
  const list = line.closest(".log");
  list.scrollTop = line.offsetTop - list.offsetTop - list.clientHeight / 2;
}

const levels = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];
for (const select of all("[data-level]")) {
  const section = select.closest("details");
  const search = section.querySelector("[data-filter-log]");
  const count = section.querySelector(".note[role=status]");
  const list = all(".log li", section).map((line) => ({ line, level: levels.indexOf(line.classList[0]), text: line.textContent.toLowerCase() }));
  const filter = () => {
    let shown = 0;
    for (const { line, level, text } of list) {
      line.hidden = level > Number(select.value) || !text.includes(search.value.toLowerCase());
      if (!line.hidden) shown++;
    }
    count.textContent = shown + " of " + list.length + " lines";
  };
  select.addEventListener("change", filter);
  search.addEventListener("input", filter);
  filter();
}
/** A log opens at its first line after the trouble began. */
for (const list of all(".log[data-trouble]")) {
  const first = all("li", list).find((line) => !line.hidden && number(line, "at") >= number(list, "trouble"));
  if (first === undefined) continue;
  first.classList.add("near");
  list.scrollTop = first.offsetTop - list.offsetTop - list.clientHeight / 3;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".log .at");
  if (button === null) return;
  const line = button.closest("li");
  const box = line.closest(".run").querySelector(".timeline");
  lines.get(box)?.(number(line, "at"), line.textContent.trim());
  box.scrollIntoView({ block: "nearest" });
});

for (const check of all("[data-only-changed]")) {
  const section = check.closest("details");
  const apply = () => section.classList.toggle("hide-same", check.checked);
  check.addEventListener("change", apply);
  apply();
}

for (const table of all("table.runs")) {
  const body = table.tBodies[0];
  const heads = all("thead th", table);
  const key = (row, index) => row.cells[index].dataset.sort;
  heads.forEach((head, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
      const compare = (a, b) => (a === b ? 0 : Number.isNaN(Number(a)) || Number.isNaN(Number(b)) ? (a < b ? -1 : 1) : Number(a) - Number(b));
      body.append(...[...body.rows].sort((a, b) => sign * compare(key(a, index), key(b, index))));
    });
  });
  const section = table.closest("section");
  const search = section.querySelector("[data-filter-runs]");
  const status = section.querySelector("[data-status]");
  const count = section.querySelector("[role=status]");
  const rows = [...body.rows].map((row) => ({ row, text: row.textContent.toLowerCase() }));
  const filter = () => {
    let shown = 0;
    for (const { row, text } of rows) {
      row.hidden = !text.includes(search.value.toLowerCase()) || (status.value !== "" && key(row, 0) !== status.value);
      if (!row.hidden) shown++;
    }
    count.textContent = shown === rows.length ? "" : shown + " of " + rows.length + " runs";
  };
  search.addEventListener("input", filter);
  status.addEventListener("change", filter);
}

const openTarget = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.tagName !== "DETAILS") return;
  target.open = true;
  target.scrollIntoView();
};
addEventListener("hashchange", openTarget);
openTarget();

let closed = [];
addEventListener("beforeprint", () => {
  closed = all("details:not([open])");
  for (const one of closed) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of closed) one.open = false;
});
`;
