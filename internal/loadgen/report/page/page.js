// @ts-check
// Draws the plots of the page that recado bench --html writes, from the JSON in it. No figure is only here: the
// table has them all.
(() => {
  /** @typedef {{seconds: number, deliveries_per_second: number, p50_ms: number, p99_ms: number, max_ms: number}} Sample */
  /** @typedef {{percent: number, ms: number}} Point */

  /** @type {{language: string, words: Record<string, string>, timeline: Sample[], distribution: Point[], before?: {distribution: Point[]}}} */
  const data = JSON.parse(document.getElementById("data")?.textContent ?? "{}");
  const { words, language } = data;
  const Plot = /** @type {any} */ (window).uPlot;

  const rounded = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });
  const short = new Intl.NumberFormat(language, { notation: "compact", maximumSignificantDigits: 3 });

  /** @param {number} ms */
  const time = (ms) => {
    if (ms == null) return "–";
    if (ms >= 1000) return `${rounded.format(ms / 1000)} s`;
    if (ms >= 1 || ms === 0) return `${rounded.format(ms)} ms`;
    return `${rounded.format(ms * 1000)} µs`;
  };

  /** @param {number} n */
  const rate = (n) => (n == null ? "–" : `${short.format(n)}/s`);

  /** Each nine of a percentage is as far from the next. @param {number} percent */
  const nines = (percent) => Math.log10(100 / (100 - percent));

  /** @param {number} x */
  const percent = (x) => {
    const value = 100 - 100 / 10 ** x;
    const digits = Math.max(0, Math.ceil(x) - 1);
    return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: digits }).format(value / 100);
  };

  /** @param {string} name */
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  /** @param {(number | null)[][]} values */
  const spreads = (values) => {
    const all = values
      .flat()
      .filter((v) => v != null && v > 0)
      .map(Number);
    return all.length > 0 && Math.max(...all) > 40 * Math.min(...all);
  };

  const font = "12px system-ui, sans-serif";

  /** @param {object} more */
  const axis = (more) => ({
    font,
    stroke: colour("muted"),
    grid: { stroke: colour("line"), width: 1 },
    ticks: { show: false },
    ...more,
  });

  /** A scale of times that shows small and large ones. @param {(number | null)[][]} values */
  const times = (values) =>
    spreads(values) ? { distr: 3, log: 10 } : { range: [0, Math.max(0, ...values.flat().map(Number)) * 1.05 || 1] };

  /** @param {string} label @param {string} name @param {(v: number) => string} write @param {object} [more] */
  const line = (label, name, write, more) => ({
    label,
    stroke: colour(name),
    width: 2,
    spanGaps: true,
    points: { show: false },
    value: (/** @type {unknown} */ _plot, /** @type {number} */ v) => write(v),
    ...more,
  });

  /** Of a logarithmic scale, only the powers of ten get a line. @param {any} plot @param {number[]} splits */
  const sparse = (plot, splits) =>
    splits.map((v) => (plot.scales.y.distr !== 3 || Number.isInteger(Math.log10(v)) ? v : null));

  /** @param {(_: unknown, splits: number[]) => string[]} values */
  const left = (values) => axis({ values, size: 76, grid: { stroke: colour("line"), width: 1, filter: sparse } });

  /** The percentiles that have place for themselves. @param {any} plot @param {number[]} at */
  const apart = (plot, at) => {
    const { max } = plot.scales.x;
    const least = (56 / plot.width) * max;
    let last = 0;
    return at.map((x) => {
      if (x <= 0 || (last > 0 && x - last < least) || max - x < least / 3) return "";
      last = x;
      return percent(x);
    });
  };

  const seconds = (/** @type {number} */ s) => (s == null ? "–" : `${rounded.format(s)} s`);
  const overTime = () => ({
    scale: { time: false },
    axis: axis({ values: (/** @type {unknown} */ _, /** @type {number[]} */ at) => at.map(seconds) }),
    series: { label: words.time, value: (/** @type {unknown} */ _, /** @type {number} */ s) => seconds(s) },
    cursor: { sync: { key: "time" }, y: false },
  });

  /** The plots by the id of their place: options and values. */
  const plots = {
    distribution() {
      /** @param {Point[]} points */
      const table = (points) => [points.map((p) => nines(p.percent)), points.map((p) => p.ms)];
      const tables = [table(data.distribution)];
      const series = [
        {
          label: words.percentile,
          value: (/** @type {unknown} */ _, /** @type {number} */ x) => (x == null ? "–" : percent(x)),
        },
        line(words.now, "first", time, { fill: colour("first-soft") }),
      ];
      if (data.before) {
        tables.push(table(data.before.distribution));
        series.push(line(words.before, "second", time, { dash: [6, 4] }));
      }
      const values = Plot.join(tables);
      const marks = [0, Math.log10(2), 1, 2, 3, 4, 5, 6, 7, 8];
      const options = {
        scales: { x: { time: false }, y: times(values.slice(1)) },
        axes: [
          axis({
            splits: (/** @type {any} */ plot) => marks.filter((x) => x <= plot.scales.x.max),
            values: apart,
          }),
          left((_, at) => at.map((v) => (v == null ? "" : time(v)))),
        ],
        series,
        cursor: { y: false },
      };
      return { options, values };
    },
    throughput() {
      const common = overTime();
      const values = [data.timeline.map((s) => s.seconds), data.timeline.map((s) => s.deliveries_per_second)];
      const options = {
        scales: { x: common.scale, y: { range: [0, Math.max(0, ...values[1]) * 1.1 || 1] } },
        axes: [common.axis, left((_, at) => at.map(rate))],
        series: [common.series, line(words.deliveries, "first", rate, { fill: colour("first-soft") })],
        cursor: common.cursor,
      };
      return { options, values };
    },
    latency() {
      const common = overTime();
      // A stretch without a delivery has no latency.
      const of = (/** @type {"p50_ms" | "p99_ms" | "max_ms"} */ name) =>
        data.timeline.map((s) => (s.max_ms > 0 ? s[name] : null));
      const values = [data.timeline.map((s) => s.seconds), of("p50_ms"), of("p99_ms"), of("max_ms")];
      const options = {
        scales: { x: common.scale, y: times(values.slice(1)) },
        axes: [common.axis, left((_, at) => at.map((v) => (v == null ? "" : time(v))))],
        series: [
          common.series,
          line("p50", "first", time),
          line("p99", "second", time),
          line(words.max, "third", time, { width: 1 }),
        ],
        cursor: common.cursor,
      };
      return { options, values };
    },
  };

  /** @type {Map<Element, any>} */
  const drawn = new Map();

  const draw = () => {
    for (const [id, make] of Object.entries(plots)) {
      const place = document.getElementById(id);
      if (!place) continue;
      drawn.get(place)?.destroy();
      const { options, values } = make();
      drawn.set(
        place,
        new Plot({ width: place.clientWidth, height: 288, padding: [12, 12, 0, 0], ...options }, values, place),
      );
    }
  };

  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      drawn.get(target)?.setSize({ width: target.clientWidth, height: 288 });
    }
  });
  for (const place of drawn.keys()) {
    sizes.observe(place);
  }
})();
