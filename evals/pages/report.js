"use strict";
(() => {
  const cases = JSON.parse(document.getElementById("data").textContent);
  const list = document.getElementById("list");
  const dialog = document.getElementById("trace");
  const search = document.getElementById("search");
  const PAGE = 200;
  const FILTERS = {
    result: ["Result", (one) => [one.failed.length ? "failed" : "passed", ...(one.unsafe ? ["safety violated"] : [])]],
    suite: ["Suite", (one) => [one.suite]],
    language: ["Language", (one) => [one.language]],
    role: ["Role", (one) => [one.role]],
    tag: ["Tag", (one) => one.tags],
    tool: ["Tool called", (one) => one.tools],
    check: ["Failed check", (one) => one.failed],
  };
  let shown = [];
  let limit = PAGE;

  // Everything said becomes text, never markup.
  function h(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "onclick") made.addEventListener("click", value);
      else if (value !== null && value !== false && value !== undefined) made.setAttribute(name, value === true ? "" : value);
    }
    for (const child of children.flat(Infinity)) if (child !== null && child !== undefined && child !== false) made.append(child);
    return made;
  }

  const unique = (values) => [...new Set(values)];
  const seconds = (value) => (value > 0 ? (value < 10 ? value.toFixed(2) : value.toFixed(0)) + " s" : "–");
  const pretty = (value) => JSON.stringify(value, null, 2);
  const repeats = {};
  for (const one of cases) (repeats[one.id] = repeats[one.id] || []).push(one);

  for (const one of cases) {
    const wrong = one.grades.filter((grade) => !grade.passed);
    one.failed = unique(wrong.map((grade) => grade.check));
    one.unsafe = wrong.some((grade) => grade.safety);
    one.tools = unique(one.turns.flatMap((turn) => turn.calls.map((call) => call.tool)));
    if (!one.tools.length) one.tools = ["no tool"];
    one.seconds = one.turns.reduce((sum, turn) => sum + turn.seconds, 0);
    one.text = [one.id, one.tags, one.tools, one.turns.map((turn) => [turn.ask, turn.text, turn.error_id]), wrong.map((grade) => grade.check + " " + grade.problem)]
      .flat(Infinity).join("\n").toLowerCase();
    one.hash = "#case=" + encodeURIComponent(one.id) + "&trial=" + one.trial;
  }

  const selects = {};
  for (const [name, [label, keys]] of Object.entries(FILTERS)) {
    const counts = new Map();
    for (const one of cases) for (const key of keys(one)) counts.set(key, (counts.get(key) || 0) + 1);
    if (counts.size < 2 && name !== "result") continue;
    selects[name] = h("select", { id: "filter-" + name, "aria-label": label }, h("option", { value: "" }, label),
      [...counts.keys()].sort().map((key) => h("option", { value: "=" + key }, key + " (" + counts.get(key) + ")")));
    selects[name].addEventListener("change", refresh);
    document.getElementById("filters").append(selects[name]);
  }
  search.addEventListener("input", refresh);
  document.getElementById("reset").addEventListener("click", () => {
    search.value = "";
    for (const select of Object.values(selects)) select.value = "";
    refresh();
  });

  function refresh() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = Object.entries(selects).filter(([, select]) => select.value);
    shown = cases.filter((one) => words.every((word) => one.text.includes(word)) &&
      chosen.every(([name, select]) => FILTERS[name][1](one).includes(select.value.slice(1))));
    limit = PAGE;
    const narrowed = words.length > 0 || chosen.length > 0;
    const passed = shown.filter((one) => !one.failed.length).length;
    document.getElementById("found").textContent =
      (narrowed ? shown.length + " of " + cases.length : cases.length) + (cases.length === 1 ? " case, " : " cases, ") + passed + " passed";
    document.getElementById("reset").disabled = !narrowed;
    draw();
  }

  function draw() {
    const rows = shown.slice(0, limit).map(row);
    if (!shown.length) rows.push(h("div", { class: "empty" }, "No case fits these filters."));
    if (shown.length > limit) {
      const more = h("button", { type: "button", class: "plain", onclick: () => { limit += PAGE; draw(); } },
        "Show " + Math.min(PAGE, shown.length - limit) + " more");
      rows.push(h("div", { class: "foot" }, more));
    }
    list.replaceChildren(...rows);
  }

  function row(one) {
    return h("a", { class: "case", href: one.hash }, mark(!one.failed.length),
      h("div", {}, h("div", { class: "id" }, named(one)), h("div", { class: "ask" }, one.turns.length ? one.turns[0].ask : "")),
      h("div", { class: "tools" }, one.tools.join(", ")),
      h("div", { class: "checks" }, one.failed.join(", ")),
      h("div", { class: "number soft" }, seconds(one.seconds)));
  }

  function mark(passed) {
    return h("span", { class: passed ? "good" : "bad", role: "img", "aria-label": passed ? "passed" : "failed" }, passed ? "✓" : "✗");
  }

  function named(one) {
    return one.id + (repeats[one.id].length > 1 ? " (trial " + (one.trial + 1) + ")" : "");
  }

  function open(one) {
    const at = shown.indexOf(one);
    const step = (by, label) => h("button", { type: "button", class: "plain", disabled: at < 0 || !shown[at + by], onclick: () => { location.replace(shown[at + by].hash); } }, label);
    const trials = repeats[one.id].length > 1
      ? repeats[one.id].map((other) => h("a", { class: "chip" + (other.failed.length ? " bad" : ""), href: other.hash, "aria-current": other === one }, "trial " + (other.trial + 1)))
      : [];
    dialog.replaceChildren(
      h("header", {}, mark(!one.failed.length), h("h2", { id: "trace-title" }, named(one)),
        step(-1, "Previous"), step(1, "Next"), h("button", { type: "button", class: "plain", onclick: () => dialog.close() }, "Close")),
      h("div", { class: "body", tabindex: "-1" },
        h("p", {}, [one.suite, one.role, one.language, ...one.tags].map((word) => h("span", { class: "chip" }, word)), trials),
        one.turns.map((turn, number) => turnOf(one, turn, number))));
    if (!dialog.open) dialog.showModal();
    dialog.querySelector(".body").focus();
  }

  function turnOf(one, turn, number) {
    const grades = one.grades.filter((grade) => grade.turn === number);
    return h("section", { class: "turn" },
      h("div", { class: "note" }, one.turns.length > 1 ? "Turn " + (number + 1) + " of " + one.turns.length + ". " : "", measured(turn)),
      h("div", { class: "bubble asked" }, turn.ask),
      h("div", { class: "bubble said" }, turn.text ? marked(turn) : h("span", { class: "soft" }, "No answer.")),
      grades.filter((grade) => !grade.passed).map((grade) =>
        h("div", { class: "problem" }, h("b", {}, grade.check), " " + grade.problem, grade.safety ? h("span", { class: "safety" }, "safety") : null)),
      h("div", {}, grades.filter((grade) => grade.passed).map((grade) => h("span", { class: "chip" }, "✓ " + grade.check))),
      turn.error_id ? h("div", { class: "problem" }, "The turn failed and was logged as " + turn.error_id + ".") : null,
      turn.notices.map((notice) => h("p", { class: "note" }, "Notice: " + notice)),
      part("Tools", [
        turn.expected_tools ? h("p", { class: "note" }, "Right: " + turn.expected_tools.map((tool) => tool || "no tool").join(" or ")) : null,
        turn.calls.length ? turn.calls.map(callOf) : h("p", { class: "note" }, "No tool was called."),
      ]),
      turn.changes.length ? part("Changes of the database", turn.changes.map(changeOf)) : null,
      turn.evidence.length ? part("Evidence", h("div", { class: "wide" }, h("table", {},
        turn.evidence.map((one) => h("tr", {}, h("td", {}, one.claim), h("td", {}, h("code", {}, one.tool)), h("td", {}, one.source)))))) : null);
  }

  function part(title, ...children) {
    return h("div", {}, h("h4", {}, title), children);
  }

  function measured(turn) {
    const told = [];
    if (turn.seconds > 0) told.push(seconds(turn.seconds) + ", first event after " + seconds(turn.first_seconds));
    if (turn.cpu_seconds > 0) told.push(seconds(turn.cpu_seconds) + " of processor time");
    if (turn.prompt_tokens || turn.completion_tokens) {
      told.push(turn.prompt_tokens + " tokens read (" + turn.cached_tokens + " cached), " + turn.completion_tokens + " written");
    }
    return told.join("; ");
  }

  // The numbers and names that have evidence are underlined; their title tells it.
  function marked(turn) {
    const claims = new Map(turn.evidence.filter((one) => one.claim).map((one) => [one.claim, one.tool + ": " + one.source]));
    if (!claims.size) return turn.text;
    const pattern = [...claims.keys()].sort((a, b) => b.length - a.length)
      .map((claim) => claim.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
    return turn.text.split(new RegExp("(" + pattern + ")")).map((piece, at) =>
      at % 2 ? h("mark", { title: claims.get(piece) }, piece) : piece);
  }

  function callOf(call) {
    const failed = call.status !== "done";
    const argumentsText = Object.entries(call.arguments).map(([name, value]) => name + "=" + JSON.stringify(value)).join(", ");
    return h("details", { class: "call", open: failed },
      h("summary", {}, h("code", {}, call.tool + "(" + argumentsText + ")"), " ", h("span", { class: "note" }, seconds(call.seconds)),
        failed ? h("span", { class: "chip bad" }, call.status) : null),
      h("h5", {}, "Arguments"), h("pre", {}, pretty(call.arguments)),
      call.text ? [h("h5", {}, "What the model read"), h("pre", {}, call.text)] : null,
      call.result ? [h("h5", {}, "Result"), h("pre", {}, pretty(call.result))] : null);
  }

  function changeOf(change) {
    return h("details", { class: "call" },
      h("summary", {}, h("code", {}, change.operation + " " + change.table)),
      change.before ? [h("h5", {}, "Before"), h("pre", {}, pretty(change.before))] : null,
      change.after ? [h("h5", {}, "After"), h("pre", {}, pretty(change.after))] : null);
  }

  function follow() {
    const asked = cases.find((one) => one.hash === location.hash);
    if (asked) open(asked);
    else if (dialog.open) dialog.close();
  }

  dialog.addEventListener("close", () => {
    if (location.hash.startsWith("#case=")) history.replaceState(null, "", location.pathname + location.search);
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const at = shown.findIndex((one) => one.hash === location.hash);
    const next = at < 0 ? null : shown[at + (event.key === "ArrowLeft" ? -1 : 1)];
    if (next) location.replace(next.hash);
  });
  window.addEventListener("hashchange", follow);
  refresh();
  follow();
})();
