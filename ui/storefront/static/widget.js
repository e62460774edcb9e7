// One script tag puts the shop assistant on a page:
//   <script src="https://.../widget.js" data-language="zh" data-token="..." async></script>
// data-token is a visitor token signed by the shop's own server; without it the visitor is anonymous.
(() => {
  const script = document.currentScript;
  const origin = new URL(script.src).origin;
  const zh = (script.dataset.language || document.documentElement.lang || "en").toLowerCase().startsWith("zh");
  const words = zh ? { open: "在线咨询", close: "关闭", title: "购物助手" } : { open: "Chat with us", close: "Close", title: "Shop assistant" };

  const host = document.createElement("div");
  host.id = "shopwright-widget";
  const root = host.attachShadow({ mode: "open" });
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = `${origin}/static/launcher.css`;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "launcher";
  button.setAttribute("aria-expanded", "false");
  button.innerHTML = '<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M4 5.5A2.5 2.5 0 0 1 6.5 3h11A2.5 2.5 0 0 1 20 5.5v8a2.5 2.5 0 0 1-2.5 2.5H11l-4.5 4v-4A2.5 2.5 0 0 1 4 13.5z" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round"/><path d="M8.5 9.5h.01M12 9.5h.01M15.5 9.5h.01" stroke="currentColor" stroke-width="2.4" stroke-linecap="round"/></svg>';
  const label = document.createElement("span");
  label.textContent = words.open;
  button.append(label);
  const panel = document.createElement("div");
  panel.className = "panel";
  panel.hidden = true;
  host.style.visibility = "hidden";
  style.addEventListener("load", () => (host.style.visibility = ""));
  root.append(style, panel, button);

  let frame;
  const identify = () =>
    fetch(`${origin}/widget/session`, {
      method: "POST",
      credentials: "include",
      body: new URLSearchParams({ token: script.dataset.token || "" }),
    });
  const open = async () => {
    panel.hidden = false;
    button.setAttribute("aria-expanded", "true");
    host.classList.add("open");
    root.querySelector(".panel").classList.add("shown");
    if (frame) return;
    frame = document.createElement("iframe");
    frame.title = words.title;
    frame.allow = "clipboard-write";
    panel.append(frame);
    await identify().catch(() => undefined);
    frame.src = `${origin}/widget/${zh ? "zh" : "en"}/`;
  };
  const close = () => {
    panel.hidden = true;
    button.setAttribute("aria-expanded", "false");
    host.classList.remove("open");
    button.focus();
  };
  button.addEventListener("click", () => (panel.hidden ? open() : close()));
  addEventListener("message", (event) => {
    if (event.origin === origin && event.data === "shopwright-close") close();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-shopwright-open]")) open();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) close();
  });
  (document.body ? Promise.resolve() : new Promise((done) => addEventListener("DOMContentLoaded", done))).then(() =>
    document.body.append(host)
  );
})();
