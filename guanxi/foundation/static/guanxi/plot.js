// Plots. {% load plots %}{% plot spec "Sales by day" %} makes <div class="plot" data-spec="…" aria-label="…">, where spec is
//   {"type": "bar"|"line"|"area"|"hbar", "x": [...], "series": [{"name", "data", "muted", "colour": 1-6}],
//    "format": "money"|"number"|"percent", "links": [url of each point], "tones": ["red", …] of each bar,
//    "stack": true to put the bars of a point on each other, those below zero downwards,
//    a series with "clear": true is not seen: what the bars stacked on it begin at, as in a waterfall,
//    "most": where the axis of values ends, "ticks": into how many parts it is divided, about}
// Percentages are fractions (0.12 is 12 %); null leaves a gap. ECharts is loaded only where there is a plot.

const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");
const root = document.documentElement;
const FORMATS = {
  money: { minimumFractionDigits: 2, maximumFractionDigits: 2 },
  number: { maximumFractionDigits: 2 },
  percent: { minimumFractionDigits: 1, maximumFractionDigits: 1 },
};
const TONES = { teal: 1, red: 4, amber: 5, blue: 6 };
const BAR = 30; // pixels for each lying bar and its name
const MANY_POINTS = 1000; // beyond that a canvas draws faster than SVG

let library;
function loadLibrary() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = document.body.dataset.echarts;
    script.onload = () => resolve(window.echarts);
    script.onerror = () => { library = undefined; reject(new Error("echarts")); };
    document.head.append(script);
  });
  return library;
}

const seen = (spec) => spec.series.filter((series) => !series.clear);
const token = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
const colour = (number) => token(`plot-${number}`);
function exact(spec) {
  const { format } = new Intl.NumberFormat(root.lang, FORMATS[spec.format] ?? FORMATS.number);
  return spec.format === "percent" ? (value) => `${format(100 * value)} %` : format; // as the server writes it
}
function rough(spec) {
  const compact = new Intl.NumberFormat(root.lang, { notation: "compact", maximumFractionDigits: 1 }).format;
  const plain = new Intl.NumberFormat(root.lang, { maximumFractionDigits: 2 }).format;
  if (spec.format === "percent") return (value) => `${compact(100 * value)} %`;
  return (value) => (Math.abs(value) >= 100_000 ? compact(value) : plain(value));
}

function toneOf(spec, index, fallback) {
  const tone = spec.tones?.[index];
  if (!tone) return fallback;
  return tone === "grey" ? token("plot-muted") : colour(TONES[tone] ?? tone);
}

function bars(spec, series, fill) {
  const across = spec.type === "hbar";
  const data = series.data.map((value, index) => ({ value, itemStyle: { color: series.clear ? fill : toneOf(spec, index, fill) } }));
  return {
    type: "bar", data, barMaxWidth: across ? 14 : 26, barCategoryGap: "38%",
    stack: spec.stack ? "all" : undefined,
    itemStyle: { borderRadius: spec.stack ? 0 : across ? [2, 4, 4, 2] : [4, 4, 0, 0], color: fill },
    label: {
      show: across && spec.series.length === 1, position: "right", color: token("ink-2"), fontSize: 12,
      formatter: ({ value }) => exact(spec)(value),
    },
  };
}

function lines(spec, series, stroke, first) {
  return {
    type: "line", data: series.data, showSymbol: series.data.length < 3, symbolSize: 6, symbol: "circle",
    lineStyle: { width: series.muted ? 1.5 : 2, color: stroke }, itemStyle: { color: stroke }, z: series.muted ? 2 : 3,
    areaStyle: spec.type === "area" && first ? { color: stroke, opacity: 0.07 } : undefined,
  };
}

function seriesOf(spec) {
  let number = 0;
  return spec.series.map((series, index) => {
    const paint = series.clear ? "transparent" : series.muted ? token("plot-muted") : colour(series.colour ?? ((number++ % 6) + 1));
    const shape = spec.type === "bar" || spec.type === "hbar" ? bars(spec, series, paint) : lines(spec, series, paint, index === 0);
    return { name: series.name, emphasis: { disabled: true }, cursor: spec.links ? "pointer" : "default", ...shape };
  });
}

function axes(spec) {
  const across = spec.type === "hbar";
  const text = { color: token("ink-3"), fontSize: 12, fontFamily: token("font") };
  const names = {
    type: "category", data: spec.x, inverse: across, boundaryGap: spec.type === "bar" || across,
    axisLine: { show: false }, axisTick: { show: false }, axisLabel: { ...text, hideOverlap: true, width: 120, overflow: across ? "truncate" : "none" },
  };
  const values = {
    type: "value", splitNumber: spec.ticks ?? 4, max: spec.most, show: !across, axisLabel: { ...text, hideOverlap: true, formatter: rough(spec) },
    splitLine: { lineStyle: { color: token("plot-grid") } },
  };
  return across ? { xAxis: values, yAxis: names } : { xAxis: names, yAxis: values };
}

function tooltipText(spec, points) {
  const rows = points.filter((point) => point.value !== null && point.value !== undefined && !spec.series[point.seriesIndex].clear);
  const format = exact(spec);
  return [points[0].axisValueLabel, ...rows.map((point) => `${rows.length > 1 ? `${point.seriesName}  ` : ""}${format(point.value)}`)].join("\n");
}

function option(spec, label) {
  const across = spec.type === "hbar";
  const many = seen(spec).length > 1;
  return {
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches, animationDuration: 260,
    textStyle: { fontFamily: token("font") },
    grid: { left: 4, right: across ? 56 : 20, top: many ? 30 : 12, bottom: 2, containLabel: true },
    legend: many ? { top: 0, right: 0, itemWidth: 12, itemHeight: 3, icon: "rect", textStyle: { color: token("ink-3"), fontSize: 12 } } : undefined,
    tooltip: {
      trigger: "axis", renderMode: "richText", confine: true, axisPointer: { type: across || spec.type === "bar" ? "shadow" : "line", shadowStyle: { color: token("ink"), opacity: 0.04 }, lineStyle: { color: token("line-strong") } },
      backgroundColor: token("bar"), borderWidth: 0, padding: [7, 10], textStyle: { color: token("bar-ink"), fontSize: 12, lineHeight: 18, fontFamily: token("font") },
      formatter: (points) => tooltipText(spec, points),
    },
    aria: { enabled: false, label: { description: label } },
    series: seriesOf(spec), ...axes(spec),
  };
}

// The same figures as a table, for those who cannot see the plot or point at it; it opens when the keyboard reaches it.
function figures(spec, label) {
  const details = document.createElement("details");
  details.className = "plot-figures";
  const summary = document.createElement("summary");
  summary.textContent = `${label}: ${words.figures}`;
  details.append(summary, table(spec, label));
  return details;
}
function table(spec, label) {
  const made = document.createElement("table");
  made.className = "table";
  made.createCaption().textContent = label;
  const head = made.createTHead().insertRow();
  ["", ...seen(spec).map((series) => series.name)].forEach((name) => {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = name;
    if (name) cell.className = "num";
    head.append(cell);
  });
  const rows = made.createTBody();
  const format = exact(spec);
  spec.x.forEach((name, index) => {
    const row = rows.insertRow();
    const first = document.createElement("th");
    first.scope = "row";
    const label = spec.links?.[index] ? Object.assign(document.createElement("a"), { href: spec.links[index] }) : first;
    label.textContent = name;
    if (label !== first) first.append(label);
    row.append(first);
    seen(spec).forEach((series) => { 
      const cell = row.insertCell();
      cell.className = "num";
      cell.textContent = series.data[index] === null ? "–" : format(series.data[index]);
    });
  });
  return made;
}

function specOf(holder) {
  return JSON.parse(holder.dataset.spec);
}

function follow(chart, spec) {
  if (!spec.links) return;
  const go = (index) => { if (spec.links[index]) location.assign(spec.links[index]); };
  const across = spec.type === "hbar";
  chart.getZr().on("click", (event) => {
    const point = [event.offsetX, event.offsetY];
    if (!chart.containPixel("grid", point)) return;
    go(Math.round(chart.convertFromPixel({ seriesIndex: 0 }, point)[across ? 1 : 0]));
  });
  chart.getZr().on("mousemove", () => chart.getZr().setCursorStyle("pointer"));
}

const drawn = new Map();
const resized = new ResizeObserver((entries) => requestAnimationFrame(() => {
  entries.forEach(({ target }) => drawn.get(target)?.chart.resize());
}));

async function draw(holder) {
  if (drawn.has(holder)) return;
  const spec = specOf(holder);
  const label = holder.getAttribute("aria-label") ?? words.plot;
  if (!spec.x.length) {
    holder.classList.add("plot-none");
    holder.textContent = words.noData;
    return;
  }
  if (spec.type === "hbar") holder.style.height = `${spec.x.length * BAR + 20}px`;
  drawn.set(holder, null);
  const echarts = await loadLibrary().catch(() => null);
  if (!echarts || !holder.isConnected) { drawn.delete(holder); holder.textContent = echarts ? "" : words.failed; return; }
  const chart = echarts.init(holder, null, { renderer: spec.x.length > MANY_POINTS ? "canvas" : "svg" });
  holder.setAttribute("role", "img");
  holder.setAttribute("aria-label", label);
  holder.after(figures(spec, label));
  chart.setOption(option(spec, label));
  drawn.set(holder, { chart, spec, label });
  follow(chart, spec);
  resized.observe(holder);
}

function drawAll() {
  for (const [holder, plot] of drawn) {
    if (!holder.isConnected) { resized.unobserve(holder); plot?.chart.dispose(); drawn.delete(holder); }
  }
  document.querySelectorAll(".plot[data-spec]").forEach(draw);
}

// A plot as a picture: <button data-plot-png="#card" data-name="sales"> saves the plot within #card. It is drawn once more
// on a canvas, for the one on the page is SVG.
async function savePicture(button) {
  const plot = drawn.get(document.querySelector(button.dataset.plotPng)?.querySelector(".plot"));
  if (!plot) return;
  const echarts = await loadLibrary().catch(() => null);
  if (!echarts) return;
  const holder = document.createElement("div");
  const chart = echarts.init(holder, null, { renderer: "canvas", width: plot.chart.getWidth(), height: plot.chart.getHeight() });
  chart.setOption({ ...option(plot.spec, plot.label), animation: false });
  const picture = chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: token("panel") });
  chart.dispose();
  Object.assign(document.createElement("a"), { href: picture, download: `${button.dataset.name ?? "plot"}.png` }).click();
}
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-plot-png]");
  if (button) savePicture(button);
});

root.addEventListener("theme", () => drawn.forEach((plot) => plot?.chart.setOption(option(plot.spec, plot.label), true)));
document.body.addEventListener("htmx:afterSettle", drawAll);
drawAll();
