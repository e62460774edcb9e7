// The segment page: a form made from the filter's fields; every change is counted on the server.
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const fields = read("sw-fields"), texts = read("sw-texts");
  let values = read("sw-values");
  const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";
  const main = document.querySelector("main");
  const one = (selector, root = document) => root.querySelector(selector);
  const worded = (thing, key) => (language === "zh" ? thing[`${key}_zh`] : thing[key]);
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const option = (value, label, chosen) => make("option", { value, textContent: label, selected: value === chosen });
  const picker = (choices, chosen, name, any = texts.any) =>
    make("select", { name }, option("", any, chosen ?? ""), ...choices.map(([value, label]) => option(value, label, chosen)));

  // --- one control for each kind of field; `collect` reads it back

  const number = (field, value, scale = 1) => {
    const input = make("input", { type: "number", step: "any", inputMode: "decimal", value: value == null ? "" : +(value * scale).toFixed(4) });
    if (field.minimum != null) input.min = field.minimum * scale;
    if (field.maximum != null && field.maximum < 1e8) input.max = field.maximum * scale;
    input.collect = () => (input.value.trim() === "" ? (input.validity.badInput ? "?" : null) : Number(input.value) / scale);
    return input;
  };
  const choice = (choices, value) => {
    const select = picker(choices, value == null ? "" : String(value));
    select.collect = () => select.value || null;
    return select;
  };
  const scope = (value) => {
    const shown = value ? worded(value, "label") || value.query || value : "";
    const input = make("input", { type: "text", value: shown, placeholder: texts.segment_scope_hint, maxLength: 60 });
    input.collect = () => (input.value.trim() === "" ? null : input.value === shown && value ? value : input.value.trim());
    return input;
  };
  const period = (value) => {
    const now = value || {};
    const way = now.days ? "days" : now.named || (now.start || now.end ? "between" : "");
    const box = make("span", { className: "period" });
    const select = picker([["days", texts.segment_last_days], ...Object.entries(texts.periods), ["between", texts.segment_between]], way);
    const days = make("input", { type: "number", min: 1, max: 3650, value: now.days || 30 });
    const start = make("input", { type: "date", value: now.start || "" }), end = make("input", { type: "date", value: now.end || "" });
    const show = () => {
      days.hidden = select.value !== "days";
      start.hidden = end.hidden = select.value !== "between";
    };
    select.addEventListener("change", show);
    show();
    box.append(select, days, start, end);
    box.collect = () => {
      const before = now.before ? { before: true } : {};
      if (!select.value) return null;
      if (select.value === "days") return { days: Number(days.value), ...before };
      if (select.value !== "between") return { named: select.value, ...before };
      if (!start.value && !end.value) return null;
      const same = start.value === (now.start || "") && end.value === (now.end || "");
      const called = same && now.label ? { label: now.label, label_zh: now.label_zh } : {};
      return { start: start.value || null, end: end.value || null, ...called, ...before };
    };
    return box;
  };
  const rule = (value) => {
    const box = make("fieldset", { className: "rule" });
    const did = picker([["no", texts.segment_not_bought]], value.bought === false ? "no" : "", "", texts.segment_bought);
    const what = scope(value.scope), when = period(value.period);
    const bounds = ["spend_min", "spend_max", "orders_min", "orders_max"].map((key) => [key, number({ minimum: 0 }, value[key])]);
    const names = [texts.segment_spend_from, texts.segment_spend_to, texts.segment_orders_from, texts.segment_orders_to];
    bounds.forEach(([, input], at) => ((input.placeholder = names[at]), (input.title = names[at])));
    const limits = make("span", { className: "limits" }, ...bounds.map(([, input]) => input));
    const hide = () => (limits.hidden = did.value === "no");
    did.addEventListener("change", hide);
    hide();
    const gone = make("button", { type: "button", className: "quiet", textContent: "×", title: texts.segment_remove, ariaLabel: texts.segment_remove });
    gone.addEventListener("click", () => (box.remove(), changed()));
    box.append(did, what, when, limits, gone);
    box.collect = () => {
      const found = { bought: did.value !== "no", scope: what.collect(), period: when.collect() };
      if (found.bought) for (const [key, input] of bounds) found[key] = input.collect();
      return found;
    };
    return box;
  };
  const rules = (value) => {
    const box = make("div", { className: "rules" });
    const more = make("button", { type: "button", className: "add", textContent: `+ ${texts.segment_add_rule}` });
    more.addEventListener("click", () => more.before(rule({})));
    box.append(...(value || []).map(rule), more);
    box.collect = () => {
      const found = [...box.querySelectorAll(".rule")].map((each) => each.collect());
      return found.filter((each) => !each.bought || each.scope || each.period || each.spend_min || each.spend_max || each.orders_min || each.orders_max);
    };
    return box;
  };
  const several = (field, chosen) => {
    const box = make("details", { className: "several" });
    const mark = make("summary");
    const boxes = field.choices.map((each) => {
      const input = make("input", { type: "checkbox", value: each.value, checked: (chosen || []).includes(each.value) });
      return [input, make("label", {}, input, worded(each, "label"))];
    });
    const say = () => {
      const on = boxes.filter(([input]) => input.checked).map(([, label]) => label.textContent);
      mark.textContent = on.length ? on.join(language === "zh" ? "、" : ", ") : texts.any;
    };
    box.addEventListener("change", say);
    say();
    box.append(mark, make("div", {}, ...boxes.map(([, label]) => label)));
    box.collect = () => boxes.filter(([input]) => input.checked).map(([input]) => input.value);
    return box;
  };
  const saved = (field, value) => {
    const select = picker(field.choices.filter((each) => each.value !== main.dataset.name).map((each) => [each.value, worded(each, "label")]), value?.name ?? value);
    select.collect = () => select.value || null;
    return select;
  };
  const flag = (value) => {
    const select = choice([["true", texts.yes], ["false", texts.no]], value);
    select.collect = () => (select.value === "" ? null : select.value === "true");
    return select;
  };
  const control = (field, value) => {
    switch (field.kind) {
      case "choice": return choice(field.choices.map((each) => [each.value, worded(each, "label")]), value);
      case "choices": return several(field, value);
      case "share": return number(field, value, 100);
      case "flag": return flag(value);
      case "scope": return scope(value);
      case "period": return period(value);
      case "purchases": return rules(value);
      case "saved": return saved(field, value);
      default: return number(field, value);
    }
  };

  // --- the form

  const form = document.getElementById("form");
  const controls = {};
  const build = () => {
    form.querySelectorAll("fieldset.group").forEach((old) => old.remove());
    const groups = new Map();
    for (const field of fields) {
      const name = worded(field, "group");
      if (!groups.has(name)) groups.set(name, make("fieldset", { className: "group" }, make("legend", { textContent: name })));
      const unit = field.kind === "share" ? " (%)" : "";
      const wide = ["purchases", "period", "choices"].includes(field.kind) ? " wide" : "";
      const part = make(wide ? "div" : "label", { className: `field${wide}` }, make("span", { textContent: worded(field, "label") + unit }));
      part.dataset.key = field.key;
      controls[field.key] = control(field, values[field.key]);
      part.append(controls[field.key]);
      groups.get(name).append(part);
    }
    form.append(...groups.values());
  };
  const collect = () =>
    Object.fromEntries(Object.entries(controls).map(([key, one]) => [key, one.collect()]).filter(([, value]) => value != null && !(Array.isArray(value) && !value.length)));

  // --- asking the server

  const ask = async (what, body) => {
    const answer = await fetch(`/console/segments/${what}?language=${language}`, {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
    });
    const found = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(found.error || texts.segment_failed);
    return found;
  };
  const problem = (problems) => {
    document.querySelectorAll(".wrong").forEach((part) => part.classList.remove("wrong"));
    for (const each of problems) one(`[data-key="${CSS.escape(each.field)}"]`)?.classList.add("wrong");
    const place = document.getElementById("problem");
    place.textContent = problems.map((each) => each.message).join(" ");
    place.hidden = !problems.length;
  };
  let asked = 0;
  const look = async () => {
    const turn = ++asked;
    main.classList.add("busy");
    try {
      const found = await ask("look", { values: collect() });
      if (turn !== asked) return;
      problem(found.problems);
      if (found.problems.length) return;
      document.getElementById("size").textContent = found.size;
      document.getElementById("share").textContent = found.share;
      document.getElementById("words").textContent = found.words;
      document.getElementById("sw-chat").innerHTML = found.html;
      drawPlots();
    } catch (error) {
      if (turn === asked) problem([{ field: "", message: error.message }]);
    } finally {
      if (turn === asked) main.classList.remove("busy");
    }
  };
  let waiting;
  const changed = () => {
    document.getElementById("done").textContent = "";
    clearTimeout(waiting);
    waiting = setTimeout(look, 350);
  };
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", (event) => event.preventDefault());

  const listed = (entry, open) => {
    const button = make("button", { type: "button", title: entry.words }, make("b", { textContent: entry.title }), make("em", { textContent: entry.size }), make("small", { textContent: entry.words }));
    button.addEventListener("click", () => open(entry));
    return make("li", { className: entry.name && entry.name === main.dataset.name ? "on" : "" }, button);
  };
  const open = (entry) => {
    main.dataset.name = entry.name;
    values = entry.filter;
    document.getElementById("name").value = entry.name;
    document.getElementById("delete").hidden = !entry.name;
    const query = entry.name ? `?name=${encodeURIComponent(entry.name)}` : "";
    history.replaceState(null, "", `/console/segments${query}`);
    build();
    look();
    lists();
  };
  const lists = async () => {
    try {
      const found = await ask("lists", {});
      document.getElementById("saved").replaceChildren(...found.saved.map((entry) => listed(entry, open)));
      document.getElementById("named").replaceChildren(...found.named.map((entry) => listed(entry, open)));
      document.getElementById("none").hidden = found.saved.length > 0;
    } catch (error) {
      problem([{ field: "", message: error.message }]);
    }
  };
  document.getElementById("keep").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const found = await ask("save", { values: collect(), name: document.getElementById("name").value, edited: main.dataset.name });
      problem(found.problems);
      if (found.problems.length) return;
      main.dataset.name = found.name;
      document.getElementById("delete").hidden = false;
      document.getElementById("done").textContent = texts.segment_saved_now.replace("{name}", found.name);
      history.replaceState(null, "", `/console/segments?name=${encodeURIComponent(found.name)}`);
      lists();
    } catch (error) {
      problem([{ field: "", message: error.message }]);
    }
  });
  const remove = document.getElementById("delete");
  const usual = remove.textContent;
  remove.addEventListener("click", async () => {
    if (remove.textContent === usual) {
      remove.textContent = texts.segment_delete_sure;
      setTimeout(() => (remove.textContent = usual), 4000);
      return;
    }
    remove.textContent = usual;
    try {
      const found = await ask("delete", { name: main.dataset.name });
      problem(found.problems);
      if (!found.problems.length) open({ name: "", filter: {} });
    } catch (error) {
      problem([{ field: "", message: error.message }]);
    }
  });

  build();
  look();
  lists();
})();
