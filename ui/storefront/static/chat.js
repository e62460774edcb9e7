// The chats' own behaviour: clicks inside messages, plots, the address bar, the warm-up light.
(() => {
  const texts = JSON.parse(document.getElementById("sw-texts").textContent);
  const inFrame = document.documentElement.classList.contains("sw-widget");
  const one = (selector, root = document) => root.querySelector(selector);
  const idOf = (element, prefix) => {
    const name = [...(element?.classList || [])].find((c) => c.startsWith(prefix));
    return name ? name.slice(prefix.length) : "";
  };

  // --- talking to Gradio: fill a hidden box, press a hidden button

  const fill = (box, value) => {
    const proto = box.tagName === "TEXTAREA" ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(proto.prototype, "value").set.call(box, value);
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const field = (id) => one(`#${id} textarea, #${id} input`);
  const press = (id) => (one(`button#${id}`) || one(`#${id} button`))?.click();
  const act = (action) => {
    fill(field("sw-action"), JSON.stringify({ ...action, at: Date.now() }));
    setTimeout(() => press("sw-do-act"), 30);
  };
  const ask = (words) => {
    const box = field("sw-box");
    fill(box, words);
    setTimeout(() => one("#sw-box .submit-button")?.click(), 60);
  };

  // --- clicks

  const listItem = (button) => button.closest("li");
  const conversationOf = (button) => idOf(listItem(button), "sw-c-");
  const handlers = {
    ask: (button) => ask(one(".sw-words", button).innerText.trim()),
    new: () => (closeMenu(), act({ do: "new" })),
    open: (button) => (closeMenu(), act({ do: "open", conversation: conversationOf(button) })),
    segments: () => location.assign(`/console/segments?language=${document.documentElement.lang.slice(0, 2)}`),
    tickets: () => (closeMenu(), act({ do: "tickets" })),
    rename: (button) => rename(listItem(button)),
    delete: (button) => confirmDelete(button),
    "close-ticket": (button) => act({ do: "close_ticket", ticket: Number(idOf(button.closest(".sw-ticket"), "sw-t-")) }),
    up: (button) => rate(button, 1),
    down: (button) => rate(button, -1),
    copy: (button) => copyAnswer(button),
    retry: () => press("sw-do-retry"),
    menu: () => document.documentElement.classList.toggle("sw-menu-open"),
    close: () => window.parent.postMessage("shopwright-close", "*"),
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".sw-act");
    if (button) {
      const name = Object.keys(handlers).find((key) => button.classList.contains(`sw-${key}`));
      if (name) handlers[name](button);
    } else if (!event.target.closest?.("#sw-side")) {
      closeMenu();
    }
  });
  const closeMenu = () => document.documentElement.classList.remove("sw-menu-open");

  const rename = (item) => {
    const title = one(".sw-open", item);
    const input = Object.assign(document.createElement("input"), { value: title.title, maxLength: 60, className: "sw-title" });
    item.classList.add("sw-editing");
    title.after(input);
    input.select();
    let done = false;
    const end = (keep) => {
      if (done) return;
      done = true;
      const words = input.value.trim();
      if (keep && words && words !== title.title) act({ do: "rename", conversation: idOf(item, "sw-c-"), title: words });
      input.remove();
      item.classList.remove("sw-editing");
    };
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing) end(true);
      if (event.key === "Escape") end(false);
    });
    input.addEventListener("blur", () => end(true));
  };

  const confirmDelete = (button) => {
    if (button.classList.contains("sw-sure")) return act({ do: "delete", conversation: conversationOf(button) });
    button.classList.add("sw-sure");
    one("span", button).textContent = texts.delete_sure;
    setTimeout(() => {
      button.classList.remove("sw-sure");
      one("span", button).textContent = button.title;
    }, 3500);
  };

  const rate = (button, rating) => {
    const foot = button.closest(".sw-foot");
    const message = Number(idOf(foot, "sw-m-"));
    foot.querySelectorAll(".sw-up, .sw-down").forEach((b) => b.classList.toggle("sw-on", b === button));
    act({ do: "rate", message, rating });
    one(".sw-why", foot)?.remove();
    foot.append(whyForm(message, rating));
    one(".sw-why input", foot).focus({ preventScroll: true });
    one(".sw-why", foot).scrollIntoView({ block: "nearest" });
  };

  const whyForm = (message, rating) => {
    const form = document.createElement("form");
    form.className = "sw-why";
    const label = Object.assign(document.createElement("b"), { textContent: texts.why });
    const input = Object.assign(document.createElement("input"), { placeholder: texts.why_hint, maxLength: 500 });
    const chips = document.createElement("div");
    texts[rating > 0 ? "reasons_up" : "reasons_down"].split("|").forEach((reason) => {
      const chip = Object.assign(document.createElement("button"), { type: "button", textContent: reason });
      chip.addEventListener("click", () => (input.value = reason, input.focus()));
      chips.append(chip);
    });
    const save = Object.assign(document.createElement("button"), { className: "sw-save", textContent: texts.save });
    const cancel = Object.assign(document.createElement("button"), { type: "button", textContent: texts.cancel });
    cancel.addEventListener("click", () => form.remove());
    form.append(label, chips, input, save, cancel);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const reason = input.value.trim();
      if (reason) act({ do: "rate", message, rating, reason });
      form.remove();
    });
    return form;
  };

  const copyAnswer = async (button) => {
    const bubble = button.closest(".bot");
    const parts = [...bubble.querySelectorAll(".message-content")].filter((part) => !one(".sw-step, .sw-foot, .sw-found, .sw-sources", part));
    const words = parts.map((part) => part.innerText.trim()).join("\n\n");
    try {
      await navigator.clipboard.writeText(words);
    } catch {
      const area = Object.assign(document.createElement("textarea"), { value: words });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    const before = button.title;
    button.title = texts.copied;
    button.classList.add("sw-done-copy");
    setTimeout(() => ((button.title = before), button.classList.remove("sw-done-copy")), 1500);
  };

  // --- what Gradio redraws

  const label = () => {
    one("#sw-box .submit-button")?.setAttribute("aria-label", texts.send);
    one("#sw-box .stop-button")?.setAttribute("aria-label", texts.stop);
  };
  const address = () => {
    const nav = one(".sw-nav");
    if (!nav || inFrame) return;
    const opened = idOf(nav, "sw-open-");
    const url = new URL(location.href);
    if ((url.searchParams.get("c") || "") === opened) return;
    opened ? url.searchParams.set("c", opened) : url.searchParams.delete("c");
    history.replaceState(null, "", url);
  };
  const language = () => {
    const link = one(".sw-language");
    if (link) link.search = location.search;
  };
  let due = false;
  const refresh = () => {
    due = false;
    drawPlots();
    label();
    address();
    language();
    if (one("#sw-box textarea")) document.documentElement.classList.add("sw-up-and-running");
  };
  new MutationObserver(() => {
    if (!due) {
      due = true;
      requestAnimationFrame(refresh);
    }
  }).observe(document, { childList: true, subtree: true });

  // --- the warm-up light

  const light = async () => {
    const pill = one("#sw-pill");
    let state = "warming";
    try {
      state = (await (await fetch("/healthz", { cache: "no-store" })).json()).assistant;
    } catch {
      state = "failed";
    }
    pill.className = `sw-pill sw-${state}`;
    pill.textContent = { warming: texts.warming, ready: texts.ready, failed: texts.engine_failed }[state];
    if (state !== "ready") setTimeout(light, 1500);
  };
  light();
})();
