// Draws what the page holds as JSON; without the library the tables beside it say the same.
(function () {
  if (!window.echarts) return;
  document.querySelectorAll("[data-chart]").forEach(function (box) {
    var option = JSON.parse(document.getElementById(box.dataset.chart).textContent);
    box.hidden = false;
    var chart = echarts.init(box, null, { renderer: "svg" });
    chart.setOption(option);
    new ResizeObserver(function () { chart.resize(); }).observe(box);
  });
})();
