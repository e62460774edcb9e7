// Plots: drawn once they can be seen, by plotly from this server. `drawPlots()` looks for new ones.
const drawPlots = (() => {
  let plotly;
  const loadPlotly = () => {
    plotly ||= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = "/vendor/plotly.min.js";
      script.onload = () => resolve(window.Plotly);
      script.onerror = reject;
      document.head.append(script);
    });
    return plotly;
  };
  const draw = async (place) => {
    place.classList.add("sw-drawn");
    const figure = JSON.parse(place.querySelector(".sw-figure").textContent);
    const library = await loadPlotly();
    if (!place.isConnected) return;
    const stage = document.createElement("div");
    stage.className = "sw-stage";
    place.append(stage);
    await library.newPlot(stage, figure.data, { ...figure.layout, autosize: true }, { displayModeBar: false, responsive: true });
  };
  const drawAll = () =>
    document.querySelectorAll(".sw-plot:not(.sw-drawn)").forEach((place) => {
      if (place.offsetParent !== null && place.clientWidth > 0) draw(place);
    });
  document.addEventListener("toggle", drawAll, true);
  addEventListener("resize", drawAll);
  return drawAll;
})();
