// Runs before Gradio: one language for its own words, one light look, and a fresh page when signed out.
(() => {
  const { language, side } = document.currentScript.dataset;
  Object.defineProperty(navigator, "language", { get: () => language });
  Object.defineProperty(navigator, "languages", { get: () => [language] });

  const match = window.matchMedia.bind(window);
  window.matchMedia = (query) => match(query.includes("prefers-color-scheme: dark") ? "not all" : query);

  const plainFetch = window.fetch.bind(window);
  window.fetch = async (...parts) => {
    const response = await plainFetch(...parts);
    const key = `shopwright-${side}-again`;
    if (response.status === 401) {
      const last = Number(sessionStorage.getItem(key) || 0);
      if (Date.now() - last > 30000) {
        sessionStorage.setItem(key, String(Date.now()));
        location.reload();
      }
    }
    return response;
  };
})();
