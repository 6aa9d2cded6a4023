// Inspects a page in a frame: figures, lengths of bars, and overflowing content.
const inspect = (name, width, frame) => {
  const doc = frame.contentDocument, view = frame.contentWindow;
  const data = JSON.parse(doc.getElementById("data").textContent);
  for (const details of doc.querySelectorAll("details")) details.open = true;
  const all = (selector, within = doc) => [...within.querySelectorAll(selector)];
  const at = (element) => {
    const keys = element.dataset.at.split("/").slice(1);
    return keys.reduce((value, key) => value?.[key], data);
  };
  const row = (element) => {
    const [, report, , , index] = element.dataset.at.split("/");
    return data[report].report.rows[index];
  };
  const wrong = all("[data-at]").filter((e) => Number(e.dataset.value) !== at(e));

  // Bars that share a scale are as long as what they stand for, to a pixel.
  const uneven = [];
  const even = (what, bars, value) => {
    const lengths = bars.map((bar) => [bar.getBoundingClientRect().width, value(bar)]);
    const [length, most] = lengths.reduce((a, b) => (b[1] > a[1] ? b : a), [0, 0]);
    if (bars.length && !(length > 40)) uneven.push(`${what}: ${length} px`);
    for (const [l, v] of lengths)
      if (!(Math.abs(l - (length * v) / most) < 0.6)) uneven.push(`${what}: ${l} px for ${v}`);
  };
  const own = (bar) => at(bar);
  for (const table of all("table.steps")) even("layers", all("rect[data-value]", table), own);
  even("start-ups", all("[aria-labelledby=start-ups] rect[data-value]"), own);
  even("classes", all("table.classes rect[data-value]"), own);
  // The reliability diagram stands upright.
  const upright = all("svg rect.right");
  const tallest = Math.max(0, ...upright.map((bar) => bar.getBoundingClientRect().height / own(bar) || 0));
  for (const bar of upright) {
    const height = bar.getBoundingClientRect().height;
    if (!(Math.abs(height - tallest * own(bar)) < 0.6)) uneven.push(`reliability: ${height} px for ${own(bar)}`);
  }
  // By the measured rate where several batches are in flight.
  const batch = (bar) => {
    const { work, images_per_second: rate, end_to_end: times } = row(bar);
    return work.scenario === "throughput" ? (1000 * work.batch_size) / rate : times.median;
  };
  const medians = all("[aria-labelledby=medians] figure");
  const bars = (figure) => all("rect[data-value]", figure);
  const series = new Set(all("#rows ~ * .device").map((e) => e.textContent));
  if (series.size > 1) for (const figure of medians) even("medians", bars(figure), batch);
  else even("medians", medians.flatMap(bars), batch);
  const misread = medians.flatMap(bars).filter((bar) => {
    const text = bar.parentElement.querySelector("text").textContent;
    const [, digits] = text.match(/^([\d,.]+) ms( · [\d.,e-]+×)?$/) ?? [];
    const decimals = digits?.split(".")[1]?.length ?? 0;
    const off = Math.abs(Number(digits?.replaceAll(",", "")) - batch(bar));
    return !(off <= 0.5000001 * 10 ** -decimals) || Number(bar.dataset.ms) !== batch(bar);
  });

  // Every sample is in a bar, a dot or said to lie beyond.
  const miscounted = all("[aria-labelledby=latency] figure").map((figure) => {
    const n = row(figure.querySelector("tspan[data-at]")).end_to_end.samples.length;
    const counts = all("rect.bin", figure).map((bin) => Number(bin.dataset.count));
    const beyond = figure.textContent.match(/; ([\d,]+) slower ones? lie/)?.[1] ?? "0";
    const dots = all("circle", figure).length;
    const shown = counts.reduce((a, b) => a + b, dots) + Number(beyond.replaceAll(",", ""));
    return [shown, n];
  }).filter(([shown, n]) => shown !== n);

  const outside = all("svg").filter((svg) => svg.clientWidth > width);
  const clipped = all("svg text").filter((text) => {
    const [t, s] = [text, text.closest("svg")].map((e) => e.getBoundingClientRect());
    return t.left < s.left - 1 || t.right > s.right + 1 || t.top < s.top - 2 || t.bottom > s.bottom + 2;
  });
  return {
    name, width, wrong: wrong.map((e) => e.dataset.at), uneven, miscounted,
    misread: misread.map((bar) => bar.parentElement.textContent),
    clipped: clipped.map((text) => text.textContent),
    figures: all("[data-at]").length,
    bars: all("rect[data-value]").length,
    scroll: doc.documentElement.scrollWidth, inner: view.innerWidth,
    outside: outside.length,
    unlabelled: all("svg:not([role=img][aria-label])").length,
    scripts: all("script").length, images: doc.images.length,
    broken: [...doc.images].filter((image) => !image.naturalWidth).length,
    hacked: view.hacked ?? null,
    fetched: view.performance.getEntriesByType("resource").map((e) => e.name),
  };
};
addEventListener("load", () => {
  const found = [...document.querySelectorAll("iframe")]
    .map((frame) => inspect(frame.title, Number(frame.width), frame));
  const text = document.createElement("pre");
  text.id = "found";
  // Away from HTML's own escapes.
  text.textContent = encodeURIComponent(JSON.stringify(found));
  document.body.replaceChildren(text);
});
