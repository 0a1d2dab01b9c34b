"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const GROUPS = ["head", "middle", "tail"];
  const PAGE = innerWidth < 640 ? 24 : 60;
  const DASHES = ["", "7 3", "2 3", "9 3 2 3", "5 2", "1 2"];

  // Elements

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "class") made.className = value;
      else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null));
    return made;
  }

  function svg(name, attributes = {}, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  const text = (x, y, words, more = {}) => svg("text", { x, y, ...more }, String(words));
  const line = (x1, y1, x2, y2, more = {}) => svg("line", { x1, y1, x2, y2, ...more });
  const colour = (number) => `var(--c${number % 6})`;
  const count = (number) => number.toLocaleString("en");
  const percent = (share, digits = 1) => (share === null ? "–" : `${(100 * share).toFixed(digits)}%`);
  const short = (number) => (number === 0 ? "0" : String(Number(number.toPrecision(4))));

  function option(value, words, chosen = false) {
    return element("option", { value, selected: chosen }, words);
  }

  function select(id, label, options, changed) {
    const made = element("select", { id, onchange: changed }, ...options);
    return { box: element("div", {}, element("label", { for: id }, label), made), field: made };
  }

  // Columns

  function bytes(packed) {
    const binary = atob(packed);
    const found = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) found[i] = binary.charCodeAt(i);
    return found;
  }
  const wholes = (packed) => new Uint32Array(bytes(packed).buffer);
  const signed = (packed) => new Int32Array(bytes(packed).buffer);
  const floats = (packed) => new Float32Array(bytes(packed).buffer);
  function shorts(packed) {
    const upper = new Uint16Array(bytes(packed).buffer);
    const found = new Uint32Array(upper.length);
    for (let i = 0; i < upper.length; i++) found[i] = upper[i] << 16;
    return new Float32Array(found.buffer);
  }
  function bits(packed) {
    const found = bytes(packed);
    return (i) => (found[i >> 3] >> (i & 7)) & 1;
  }

  const samples = data.samples;
  const n = samples.n;
  const labels = wholes(samples.labels);
  const places = wholes(samples.places);
  const copies = wholes(samples.copies);
  const kept = samples.kept.map(bits);
  const means = samples.means.map(floats);
  const stds = samples.stds.map((packed) => (packed === null ? null : shorts(packed)));
  const flags = Object.fromEntries(Object.entries(samples.flags).map(([name, packed]) => [name, bits(packed)]));
  const metrics = data.scores.metrics;
  const idOf = (i) => samples.ids.slice(16 * i, 16 * i + 16);
  const classes = data.set.classes;
  const classOf = [];
  for (const each of classes) classOf[each.label] = each;

  const sorted = {};
  function ranks(metric) {
    // Shares of the samples shown that are easier, of which the page knows nothing else.
    if (!sorted[metric]) {
      const values = means[metric];
      const sign = metrics[metric].higher_is_harder ? 1 : -1;
      const order = Array.from(values.keys()).sort((a, b) => sign * (values[a] - values[b]) || a - b);
      const found = new Float32Array(n);
      order.forEach((i, rank) => { found[i] = n > 1 ? rank / (n - 1) : 0; });
      sorted[metric] = found;
    }
    return sorted[metric];
  }

  // Tips

  const tip = byId("tip");
  function showTip(event) {
    const target = event.target.closest ? event.target.closest("[data-tip]") : null;
    tip.hidden = !target;
    if (!target) return;
    tip.textContent = target.getAttribute("data-tip");
    const x = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8);
    const y = event.clientY + 16 + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 8 : event.clientY + 16;
    tip.style.left = `${Math.max(4, x)}px`;
    tip.style.top = `${y}px`;
  }
  document.addEventListener("pointermove", showTip);
  document.addEventListener("pointerdown", showTip);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });

  // Charts

  function marker(number, x, y, size, more = {}) {
    const own = { fill: colour(number), stroke: "var(--ground)", "stroke-width": 0.8, ...more };
    const points = {
      1: [[-1, -1], [1, -1], [1, 1], [-1, 1]],
      2: [[0, -1.2], [1.2, 1], [-1.2, 1]],
      3: [[0, -1.35], [1.35, 0], [0, 1.35], [-1.35, 0]],
      4: [[0, 1.2], [1.2, -1], [-1.2, -1]],
      5: [[-1.3, -0.5], [1.3, -0.5], [1.3, 0.5], [-1.3, 0.5]],
    }[number % 6];
    if (!points) return svg("circle", { cx: x, cy: y, r: size, ...own });
    return svg("polygon", { points: points.map(([a, b]) => `${x + a * size},${y + b * size}`).join(" "), ...own });
  }

  function ticks(low, high, wanted = 5) {
    const rough = (high - low) / wanted || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
    const found = [];
    for (let value = Math.ceil(low / step) * step; value <= high + step / 1e6; value += step) found.push(Number(value.toPrecision(12)));
    return found;
  }

  function frame(holder, height, label, margins) {
    const width = Math.max(280, holder.clientWidth || 600);
    const [top, right, bottom, left] = margins;
    const made = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
    holder.replaceChildren(made);
    return { made, width, height, left, top, right: width - right, bottom: height - bottom };
  }

  function table(caption, head, rows) {
    return element(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
      element(
        "table",
        {},
        element("caption", {}, caption),
        element("thead", {}, element("tr", {}, ...head.map((each) => element("th", { scope: "col" }, each)))),
        element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((each, i) => (i ? element("td", {}, each) : element("th", { scope: "row" }, element("bdi", {}, each))))))),
      ),
    );
  }

  // The numbers of a chart as a table below it, which keyboards and screen readers reach. It is made when it is opened, and
  // stays open when the numbers change.
  function numbers(chart, caption, head, rows) {
    let box = chart.nextElementSibling;
    if (!box || !box.classList.contains("numbers")) {
      box = element("details", { class: "numbers", ontoggle: () => fill(box) }, element("summary", {}));
      chart.after(box);
    }
    box.hidden = !rows.length;
    box.firstChild.textContent = `${caption}: the numbers`;
    box.replaceChildren(box.firstChild);
    box.make = () => table(caption, head, rows);
    fill(box);
  }

  function fill(box) {
    if (box.open && box.childElementCount === 1) box.append(box.make());
  }

  const redraw = [];
  let width = innerWidth;
  function drawn(draw) {
    redraw.push(draw);
    draw();
  }
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    for (const draw of redraw) draw();
  });

  function groupBands(box, xOf, height) {
    let start = 0;
    for (let i = 1; i <= classes.length; i++) {
      if (i < classes.length && classes[i].group === classes[start].group) continue;
      if (i < classes.length) {
        const x = (xOf(i - 1) + xOf(i)) / 2;
        box.made.append(line(x, height, x, box.bottom, { class: "axis", "stroke-dasharray": "4 3" }));
      }
      box.made.append(text((xOf(start) + xOf(i - 1)) / 2, height - 4, classes[start].group, { "text-anchor": "middle" }));
      start = i;
    }
  }

  function classNames(box, xOf, step) {
    if (step < 13) {
      box.made.append(text((box.left + box.right) / 2, box.bottom + 20, "rank of the class by its count in the whole set", { "text-anchor": "middle" }));
      return;
    }
    const longest = Math.max(...classes.map((each) => each.name.length));
    const slanted = longest * 7 > step;
    classes.forEach((each, i) => {
      const name = each.name.length > 12 ? `${each.name.slice(0, 11)}…` : each.name;
      const x = xOf(i), y = box.bottom + 14;
      const more = slanted ? { "text-anchor": "end", transform: `rotate(-40 ${x} ${y})` } : { "text-anchor": "middle" };
      const label = text(x, y, name, more);
      label.setAttribute("data-tip", each.name);
      box.made.append(label);
    });
  }

  function bottomMargin(width) {
    const step = width / classes.length;
    if (step < 13) return 30;
    const longest = Math.min(12, Math.max(...classes.map((each) => each.name.length)));
    return longest * 7 > step ? 24 + longest * 4.6 : 26;
  }

  // The set

  const shownSubsets = new Set([...data.subsets.keys()].slice(0, 4));

  function drawSet() {
    const holder = byId("set-chart");
    const area = Math.max(280, holder.clientWidth || 600) - 60;
    const box = frame(holder, 300 + bottomMargin(area), "Samples of each class before and after each pruning; the table below has the numbers", [24, 10, bottomMargin(area), 50]);
    const step = (box.right - box.left) / classes.length;
    const xOf = (i) => box.left + (i + 0.5) * step;
    const most = Math.max(1, ...classes.map((each) => each.before));
    const one = box.bottom - 26;
    const yOf = (value) => (value <= 0 ? box.bottom : one - (Math.log10(value) / Math.max(0.5, Math.log10(most))) * (one - box.top - 6));
    const marks = [];
    for (let power = 0; 10 ** power <= most * 1.001; power++) marks.push(10 ** power);
    for (const value of [0, ...marks]) {
      box.made.append(line(box.left, yOf(value), box.right, yOf(value), { class: value ? "grid" : "axis" }));
      box.made.append(text(box.left - 6, yOf(value) + 4, count(value), { "text-anchor": "end" }));
    }
    const wide = Math.max(1, Math.min(step * 0.8, 60));
    classes.forEach((each, i) => {
      const lines = [`${each.name} (${each.group})`, `before: ${count(each.before)}`];
      for (const s of shownSubsets) lines.push(`${data.subsets[s].name}: ${count(each.kept[s])} kept, ${count(each.before - each.kept[s])} removed`);
      const part = svg("g", { "data-tip": lines.join("\n") });
      part.append(svg("rect", { x: xOf(i) - step / 2, y: box.top, width: step, height: box.bottom - box.top, fill: "transparent" }));
      part.append(svg("rect", { class: "bar", x: xOf(i) - wide / 2, y: yOf(each.before), width: wide, height: Math.max(0, box.bottom - yOf(each.before)) }));
      const drawnSets = [...shownSubsets];
      drawnSets.forEach((s, place) => {
        const aside = drawnSets.length > 1 ? (place / (drawnSets.length - 1) - 0.5) * wide * 0.7 : 0;
        part.append(marker(s, xOf(i) + aside, yOf(each.kept[s]), Math.max(2, Math.min(5, step / 3))));
      });
      box.made.append(part);
    });
    groupBands(box, xOf, box.top - 4);
    classNames(box, xOf, step);
    const head = ["class", "group", "before", ...data.subsets.flatMap(({ name }) => [`${name}: kept`, `${name}: removed`])];
    numbers(holder, "Samples of each class", head, classes.map((each) => [each.name, each.group, count(each.before), ...each.kept.flatMap((number) => [count(number), count(each.before - number)])]));
  }

  function sign(number, bar = false) {
    const made = svg("svg", { width: 26, height: 14, "aria-hidden": "true" });
    if (bar) made.append(svg("rect", { class: "bar", x: 4, y: 2, width: 18, height: 11 }));
    else made.append(marker(number, 13, 7, 5));
    return made;
  }

  if (data.subsets.length) {
    const choices = data.subsets.map((each, s) => {
      const box = element("input", {
        type: "checkbox",
        id: `shown-${s}`,
        checked: shownSubsets.has(s),
        onchange: (event) => {
          if (event.target.checked) shownSubsets.add(s);
          else shownSubsets.delete(s);
          drawSet();
        },
      });
      return element("label", { for: `shown-${s}` }, box, sign(s), element("bdi", {}, each.name));
    });
    byId("set-controls").append(element("fieldset", {}, element("legend", {}, "Kept by (bars: the whole set)"), ...choices));
  }
  drawn(drawSet);

  // Pictures

  const urls = [];
  function sheet(number) {
    if (!urls[number]) urls[number] = URL.createObjectURL(new Blob([bytes(data.sheets[number])], { type: "image/webp" }));
    return urls[number];
  }

  function picture(i, side = 96) {
    const { size, cell, columns, each } = data.pictures;
    const scale = Math.max(1, Math.floor(side / Math.max(...size)));
    const place = i % each;
    const onSheet = Math.min(each, n - (i - place));
    const made = element("span", { class: size[0] < 48 ? "picture small" : "picture", role: "img", "aria-label": `picture of ${classOf[labels[i]].name}` });
    made.style.width = `${size[0] * scale}px`;
    made.style.height = `${size[1] * scale}px`;
    made.style.backgroundImage = `url("${sheet((i - place) / each)}")`;
    made.style.backgroundSize = `${cell[0] * columns * scale}px ${cell[1] * Math.ceil(onSheet / columns) * scale}px`;
    made.style.backgroundPosition = `${-(place % columns) * cell[0] * scale}px ${-Math.floor(place / columns) * cell[1] * scale}px`;
    return made;
  }

  // Samples

  const marked = new Set();
  const memory = `lt-prune:${data.digest}`;
  try {
    for (const id of JSON.parse(localStorage.getItem(memory) || "[]")) marked.add(id);
  } catch { /* a browser may keep nothing for a file */ }

  const metricOf = (name) => metrics.findIndex((each) => each.name === name || each.name.startsWith(`${name} (`));
  const COPIES = ["copy", "near", "other", "test"];
  const field = {};
  let matching = [];
  let listed = 0;

  // Of which other sample each copy is one: by flag, and by place of the copy.
  const partners = {};
  for (const [name, each] of Object.entries(data.partners)) {
    const of = signed(each.of), alike = each.alike === null ? null : floats(each.alike);
    partners[name] = new Map(Array.from(wholes(each.at), (i, row) => [i, { of: of[row], alike: alike && alike[row], named: each.named[row] }]));
  }
  let together = null; // A sample, what it is a copy of, and other copies of both, shown in place of what matches.
  let cameFrom = -1;

  function filtered() {
    together = null;
    apply();
  }

  const nameOf = (i) => (samples.files ? samples.files[i] : idOf(i));

  function seeTogether(i, other) {
    const found = new Set([other, i]);
    for (const each of Object.values(partners)) {
      for (const [copy, { of }] of each) {
        if (of === i || of === other) found.add(copy);
        if (of >= 0 && (copy === i || copy === other)) found.add(of);
      }
    }
    if (!together) cameFrom = i;
    together = [...found];
    apply();
    goTo(other);
  }

  function seeAll() {
    together = null;
    apply();
    goTo(cameFrom);
  }

  function goTo(i) {
    const box = () => byId("tiles").querySelector(`[data-place="${i}"] input`);
    while (!box() && listed < matching.length) showMore();
    if (box()) box().focus();
  }

  function makeFilters() {
    const form = byId("filters");
    form.addEventListener("submit", (event) => event.preventDefault());
    const add = (name, made) => {
      field[name] = made.field;
      form.append(made.box);
    };
    if (data.subsets.length) {
      add("subset", select("f-subset", "Pruning", data.subsets.map((each, s) => option(s, each.name)), filtered));
      add("fate", select("f-fate", "Kept or removed", [option("", "all"), option("kept", "kept"), option("removed", "removed")], filtered));
    }
    add("class", select("f-class", "Class", [option("", "all classes"), ...classes.map((each) => option(each.label, each.name))], filtered));
    add("group", select("f-group", "Group", [option("", "all groups"), ...GROUPS.map((name) => option(name, name))], filtered));
    if (metrics.length) {
      add("metric", select("f-metric", "Metric", metrics.map((each, m) => option(m, each.name)), () => { newMetric(); filtered(); }));
      for (const [name, label] of [["low", "Score from"], ["high", "Score to"]]) {
        const made = element("input", { type: "number", id: `f-${name}`, step: "any", oninput: filtered });
        add(name, { field: made, box: element("div", {}, element("label", { for: `f-${name}` }, label), made) });
      }
    }
    const orders = metrics.length ? [option("hard", "hardest first"), option("easy", "easiest first")] : [];
    if (stds.some((each) => each !== null)) orders.push(option("spread", "largest spread over members first"));
    if (metrics.length > 1) orders.push(option("apart", "metrics disagree most"));
    orders.push(option("copies", "copies together"), option("id", "by id"), option("place", "as in the source"));
    add("order", select("f-order", "Order", orders, filtered));
    if (metrics.length > 1) add("other", select("f-other", "Disagreement with", metrics.map((each, m) => option(m, each.name, m === 1)), filtered));
    const suspects = Object.keys(flags).map((name) => option(name, data.flags[name]));
    add("flag", select("f-flag", "Suspicion", [option("", "any or none"), option("any", "any"), ...suspects], filtered));
    add("marked", select("f-marked", "Marked", [option("", "all"), option("yes", "marked"), option("no", "not marked")], filtered));
    form.append(element("div", {}, element("button", { type: "button", id: "reset", onclick: () => { reset(); filtered(); } }, "Reset filters")));
  }

  function newMetric() {
    if (!metrics.length) return;
    const [low, high] = metrics[Number(field.metric.value)].range;
    field.low.value = field.high.value = "";
    field.low.placeholder = short(low);
    field.high.placeholder = short(high);
  }

  function reset() {
    for (const [name, each] of Object.entries(field)) {
      if (each.tagName === "SELECT") each.selectedIndex = name === "other" ? 1 : 0;
    }
    newMetric();
  }

  const VIEWS = [
    ["Removed, hardest first", { fate: "removed", order: "hard" }],
    ["Removed, easiest first", { fate: "removed", order: "easy" }],
    ["Kept, hardest first", { fate: "kept", order: "hard" }],
    ["Kept, easiest first", { fate: "kept", order: "easy" }],
    ["Hardest", { order: "hard" }],
    ["Easiest", { order: "easy" }],
    ["Metrics disagree", { order: "apart" }],
    ["Suspected label noise", { flag: "noise", order: "hard", metric: metricOf("label-noise") }],
    ["Copies", { flag: "copy", order: "copies" }],
    ["Near-copies", { flag: "near", order: "easy", metric: metricOf("near-duplicate") }],
    ["Near-copies in another class", { flag: "other", order: "hard", metric: metricOf("near-other") }],
    ["Near-copies of test samples", { flag: "test", order: "easy", metric: metricOf("near-test") }],
  ];

  function makeViews() {
    for (const [words, wanted] of VIEWS) {
      const there = Object.entries(wanted).every(([name, value]) => field[name] && [...field[name].options].some((each) => each.value === String(value)));
      if (!there) continue;
      byId("views").append(element("button", {
        type: "button",
        "aria-pressed": "false",
        onclick: () => {
          for (const [name, value] of Object.entries({ fate: "", flag: "", marked: "", ...wanted })) {
            if (field[name]) field[name].value = String(value);
          }
          newMetric();
          filtered();
        },
      }, words));
    }
  }

  function pressed() {
    const buttons = byId("views").querySelectorAll("button");
    const plain = { fate: "", flag: "", marked: "" };
    buttons.forEach((button) => {
      const wanted = { ...plain, ...VIEWS.find(([words]) => words === button.textContent)[1] };
      const so = Object.entries(wanted).every(([name, value]) => !field[name] || field[name].value === String(value));
      button.setAttribute("aria-pressed", String(so && !together && (!field.low || (!field.low.value && !field.high.value))));
    });
  }

  const number = (input, missing) => (input && input.value !== "" && Number.isFinite(Number(input.value)) ? Number(input.value) : missing);

  function matches() {
    const subset = field.subset ? kept[Number(field.subset.value)] : null;
    const fate = field.fate ? field.fate.value : "";
    const label = field.class.value === "" ? -1 : Number(field.class.value);
    const group = field.group.value;
    const values = metrics.length ? means[Number(field.metric.value)] : null;
    const low = number(field.low, -Infinity), high = number(field.high, Infinity);
    const flag = field.flag.value, wanted = field.marked.value;
    const suspects = flag === "any" ? Object.values(flags) : flag ? [flags[flag]] : [];
    const found = [];
    for (let i = 0; i < n; i++) {
      if (label >= 0 && labels[i] !== label) continue;
      if (group && classOf[labels[i]].group !== group) continue;
      if (fate && Boolean(subset(i)) !== (fate === "kept")) continue;
      if (values && (values[i] < low || values[i] > high)) continue;
      if (flag && !suspects.some((each) => each(i))) continue;
      if (wanted && marked.has(idOf(i)) !== (wanted === "yes")) continue;
      found.push(i);
    }
    return found;
  }

  function inOrder(found) {
    const metric = metrics.length ? Number(field.metric.value) : -1;
    const order = field.order.value;
    let key = null;
    if (order === "hard" || order === "easy") {
      const way = (metrics[metric].higher_is_harder ? 1 : -1) * (order === "hard" ? -1 : 1);
      key = (i) => way * means[metric][i];
    } else if (order === "spread") {
      key = (i) => (stds[metric] ? -stds[metric][i] : 0);
    } else if (order === "apart") {
      const one = ranks(metric), other = ranks(Number(field.other.value));
      key = (i) => -Math.abs(one[i] - other[i]);
    } else if (order === "copies") {
      key = (i) => copies[i];
    } else if (order === "place") {
      key = (i) => places[i];
    }
    if (!key) return found.sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
    const keys = new Map(found.map((i) => [i, key(i)]));
    return found.sort((a, b) => keys.get(a) - keys.get(b) || a - b);
  }

  function apply() {
    matching = together || inOrder(matches());
    listed = 0;
    byId("tiles").replaceChildren();
    showMore();
    const subset = field.subset ? kept[Number(field.subset.value)] : null;
    const gone = subset ? matching.filter((i) => !subset(i)).length : 0;
    const said = together ? ", copies of one another" : "";
    byId("back").hidden = !together;
    byId("matching").textContent = `${count(matching.length)} of ${count(n)} samples${said}${subset ? `, of which ${count(matching.length - gone)} are kept and ${count(gone)} removed` : ""}.`;
    byId("mark-all").disabled = !matching.length;
    pressed();
  }

  function showMore() {
    const more = matching.slice(listed, listed + PAGE);
    byId("tiles").append(...more.map(tile));
    listed += more.length;
    const left = matching.length - listed;
    byId("more").hidden = !left;
    byId("more").textContent = `Show ${count(Math.min(PAGE, left))} more of ${count(left)}`;
  }

  function tile(i) {
    const id = idOf(i), own = classOf[labels[i]];
    const subset = field.subset ? Number(field.subset.value) : -1;
    const isKept = subset < 0 || Boolean(kept[subset](i));
    const box = element("input", {
      type: "checkbox",
      "aria-label": `mark ${id}, ${own.name}`,
      checked: marked.has(id),
      onchange: (event) => {
        if (event.target.checked) marked.add(id);
        else marked.delete(id);
        showMarks();
      },
    });
    const facts = [["id", element("code", {}, id)]];
    if (samples.files) facts.push(["file", element("bdi", {}, samples.files[i])]);
    else facts.push(["place", count(places[i])]);
    facts.push(["class", element("bdi", {}, own.name)]);
    if (metrics.length) {
      const m = Number(field.metric.value);
      const spread = stds[m] ? ` ± ${short(Number(stds[m][i].toPrecision(2)))}` : "";
      facts.push([metrics[m].name, short(means[m][i]) + spread]);
      if (field.order.value === "apart") {
        const other = Number(field.other.value);
        facts.push([metrics[other].name, short(means[other][i])]);
        facts.push(["easier", `${percent(ranks(m)[i], 0)} and ${percent(ranks(other)[i], 0)} of all`]);
      }
    }
    const list = element("dl", {}, ...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
    const suspects = Object.keys(flags).filter((name) => flags[name](i)).map((name) => element("div", { class: "flag" }, data.flags[name], ...partner(i, name)));
    return element(
      "li",
      { class: isKept ? "tile" : "tile removed", "data-place": i },
      element("label", {}, data.pictures ? picture(i) : element("span", {}, element("bdi", {}, own.name)), box),
      list,
      subset < 0 ? null : element("div", { class: isKept ? "fate kept" : "fate removed" }, isKept ? "kept" : "removed"),
      ...suspects,
    );
  }

  function partner(i, flag) {
    // What a sample is a copy of: its picture and name, to go to where it is on the page.
    if (!COPIES.includes(flag)) return [];
    const found = partners[flag] && partners[flag].get(i);
    if (!found) return ["; of which one, these scores do not say"];
    const cosine = found.alike === null ? "" : ` (cosine ${found.alike.toFixed(4)})`;
    if (found.of < 0) {
      const [name, own] = found.named, elsewhere = flag === "test" ? "" : ", not on this page";
      return [": ", element("bdi", {}, name), ...(own === null ? [] : [" of ", element("bdi", {}, own)]), `${cosine}${elsewhere}`];
    }
    const own = classOf[labels[found.of]].name, name = nameOf(found.of);
    const seen = data.pictures ? picture(found.of, 48) : null;
    const go = { type: "button", class: "partner", "aria-label": `${name} of ${own}: see it beside its copies`, onclick: () => seeTogether(i, found.of) };
    return [cosine, element("button", go, seen, element("span", {}, element("bdi", {}, name), " of ", element("bdi", {}, own)))];
  }

  function showMarks() {
    byId("marks-number").textContent = marked.size === 1 ? "1 sample is marked." : `${count(marked.size)} samples are marked.`;
    byId("marked-ids").value = [...marked].sort().join("\n");
    for (const id of ["copy", "save-keep", "save-drop", "clear"]) byId(id).disabled = !marked.size;
    try { localStorage.setItem(memory, JSON.stringify([...marked])); } catch { /* as above */ }
  }

  function save(verb) {
    const words = verb === "keep" ? "keep" : "remove";
    const name = data.set.name.replace(/[\u0000-\u001f\u007f]/g, " ");
    const ids = [...marked].sort();
    const content = `# ${count(ids.length)} samples of ${name} to ${words} in any case: lt-prune prune --force-${verb} FILE\n${ids.join("\n")}\n`;
    const url = URL.createObjectURL(new Blob([content], { type: "text/plain" }));
    const link = element("a", { href: url, download: `${name.replace(/[^\w.-]+/g, "-")}-${verb}.txt` });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  async function copy() {
    const area = byId("marked-ids");
    let done = false;
    try {
      await navigator.clipboard.writeText(`${area.value}\n`);
      done = true;
    } catch {
      area.select();
      done = document.execCommand("copy");
    }
    byId("marks-number").textContent = done ? `${count(marked.size)} ids are copied.` : "The browser does not copy: take the ids from the field below.";
  }

  makeFilters();
  makeViews();
  reset();
  byId("more").addEventListener("click", () => {
    const first = byId("tiles").children.length;
    showMore();
    const next = byId("tiles").children[first];
    if (next) next.querySelector("input").focus({ preventScroll: true });
  });
  byId("back").addEventListener("click", seeAll);
  byId("mark-all").addEventListener("click", () => { for (const i of matching) marked.add(idOf(i)); showMarks(); apply(); });
  byId("clear").addEventListener("click", () => { marked.clear(); showMarks(); apply(); });
  byId("copy").addEventListener("click", copy);
  byId("save-keep").addEventListener("click", () => save("keep"));
  byId("save-drop").addEventListener("click", () => save("drop"));
  apply();
  showMarks();

  // Scores

  function axisY(box, low, high, words) {
    const yOf = (value) => box.bottom - ((value - low) / (high - low || 1)) * (box.bottom - box.top);
    for (const value of ticks(low, high)) {
      box.made.append(line(box.left, yOf(value), box.right, yOf(value), { class: "grid" }));
      box.made.append(text(box.left - 6, yOf(value) + 4, short(value), { "text-anchor": "end" }));
    }
    box.made.append(line(box.left, box.top, box.left, box.bottom, { class: "axis" }));
    if (words) box.made.append(text(4, box.top - 8, words));
    return yOf;
  }

  function drawScores() {
    const m = Number(byId("s-metric").value), metric = metrics[m];
    const direction = metric.higher_is_harder ? "high is hard" : "low is hard";
    byId("score-words").textContent = `${metric.name}: ${direction}; ${metric.equation || "no equation is known"}.`;
    const holder = byId("score-classes");
    const area = Math.max(280, holder.clientWidth || 600) - 70;
    const box = frame(holder, 280 + bottomMargin(area), `Distribution of ${metric.name} in each class`, [34, 10, bottomMargin(area), 60]);
    const there = metric.classes.filter((each) => each);
    const low = Math.min(...there.map((each) => each[0])), high = Math.max(...there.map((each) => each[4]));
    const yOf = axisY(box, low, high, metric.name);
    const step = (box.right - box.left) / classes.length;
    const xOf = (i) => box.left + (i + 0.5) * step;
    classes.forEach((each, i) => {
      const found = metric.classes[each.label];
      if (!found) return;
      const wide = Math.max(1, Math.min(28, step * 0.6)), x = xOf(i);
      const words = data.scores.quantiles.map((share, q) => `${percent(share, 0)} below ${short(found[q])}`);
      const part = svg("g", { "data-tip": [`${each.name} (${each.group}, ${count(each.before)} samples)`, ...words].join("\n") });
      part.append(svg("rect", { x: x - step / 2, y: box.top, width: step, height: box.bottom - box.top, fill: "transparent" }));
      part.append(line(x, yOf(found[0]), x, yOf(found[4]), { stroke: "var(--c0)", "stroke-width": 1.5 }));
      part.append(svg("rect", { x: x - wide / 2, y: yOf(found[3]), width: wide, height: Math.max(1, yOf(found[1]) - yOf(found[3])), fill: "var(--c0)" }));
      part.append(line(x - wide / 2, yOf(found[2]), x + wide / 2, yOf(found[2]), { stroke: "var(--ground)", "stroke-width": 2 }));
      box.made.append(part);
    });
    groupBands(box, xOf, box.top - 4);
    classNames(box, xOf, step);
    const head = ["class", "group", "samples", ...data.scores.quantiles.map((share) => `${percent(share, 0)} are below`)];
    const known = classes.filter((each) => metric.classes[each.label]);
    numbers(holder, `${metric.name} in each class`, head, known.map((each) => [each.name, each.group, count(each.before), ...metric.classes[each.label].map(short)]));
    drawGroups(metric);
  }

  function drawGroups(metric) {
    const box = frame(byId("score-groups"), 240, `Shares of head, middle and tail by ${metric.name}`, [34, 70, 34, 60]);
    const shares = GROUPS.map((name) => {
      const total = metric.groups[name].reduce((sum, each) => sum + each, 0);
      return metric.groups[name].map((each) => (total ? (100 * each) / total : 0));
    });
    const high = Math.max(1, ...shares.flat());
    const yOf = axisY(box, 0, high, "% of the group in each of 40 equal bins");
    const edges = metric.edges;
    const xOf = (value) => box.left + ((value - edges[0]) / (edges.at(-1) - edges[0] || 1)) * (box.right - box.left);
    for (const value of ticks(edges[0], edges.at(-1))) box.made.append(text(xOf(value), box.bottom + 16, short(value), { "text-anchor": "middle" }));
    box.made.append(text((box.left + box.right) / 2, box.bottom + 31, metric.name, { "text-anchor": "middle" }));
    shares.forEach((each, g) => {
      const points = each.flatMap((share, b) => [`${xOf(edges[b])},${yOf(share)}`, `${xOf(edges[b + 1])},${yOf(share)}`]);
      box.made.append(svg("polyline", { points: points.join(" "), fill: "none", stroke: colour(g), "stroke-width": 2, "stroke-dasharray": DASHES[g] }));
      box.made.append(line(box.right + 6, box.top + 14 * g, box.right + 24, box.top + 14 * g, { stroke: colour(g), "stroke-width": 2, "stroke-dasharray": DASHES[g] }));
      box.made.append(text(box.right + 28, box.top + 14 * g + 4, GROUPS[g]));
    });
    edges.slice(0, -1).forEach((edge, b) => {
      const words = [`${metric.name} ${short(edge)} to ${short(edges[b + 1])}`, ...GROUPS.map((name, g) => `${name}: ${count(metric.groups[name][b])} samples, ${shares[g][b].toFixed(1)}%`)];
      box.made.append(svg("rect", { x: xOf(edge), y: box.top, width: xOf(edges[b + 1]) - xOf(edge), height: box.bottom - box.top, fill: "transparent", "data-tip": words.join("\n") }));
    });
    const head = ["from", "to", ...GROUPS.flatMap((name) => [`${name}: samples`, `${name}: share`])];
    const rows = edges.slice(0, -1).map((edge, b) => [short(edge), short(edges[b + 1]), ...GROUPS.flatMap((name, g) => [count(metric.groups[name][b]), `${shares[g][b].toFixed(1)}%`])]);
    numbers(byId("score-groups"), `${metric.name} in head, middle and tail`, head, rows);
  }

  const two = (value) => (value === null || value === undefined ? "–" : value.toFixed(2));

  function drawStability() {
    const rows = metrics.map((each) => {
      const known = each.each.filter((value) => value !== null);
      return [
        each.name,
        each.std === null ? "–" : String(each.members),
        two(each.stability),
        known.length ? `${two(Math.min(...known))} to ${two(Math.max(...known))}` : "–",
        each.std === null ? "–" : short(each.std),
      ];
    });
    byId("stability").replaceChildren(table("How far the members of the ensemble agree", ["metric", "members", "two halves", "each with the others", "mean deviation of a score"], rows));
  }

  function heat(value) {
    const share = Math.round(Math.min(1, Math.abs(value)) * 78);
    return `color-mix(in srgb, var(${value < 0 ? "--minus" : "--plus"}) ${share}%, var(--ground))`;
  }

  function drawCorrelations() {
    const head = element("thead", {}, element("tr", {}, element("td", {}), ...metrics.map((each) => element("th", { scope: "col" }, each.name))));
    const body = metrics.map((each, row) => element("tr", {}, element("th", { scope: "row" }, each.name), ...data.scores.correlations[row].map((value, column) => {
      const cell = element("td", { "data-tip": `${each.name} and ${metrics[column].name}: ${two(value)}` }, two(value));
      if (value !== null) {
        cell.style.background = heat(value * 0.55);
      }
      return cell;
    })));
    byId("correlations").replaceChildren(element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Rank correlations" }, element("table", { class: "heat" }, element("caption", {}, "Spearman's rank correlation between metrics"), head, element("tbody", {}, ...body))));
  }

  // Of each tenth of the samples by one score how many there are, both ranges, and the mean of the other score.
  function tenths(xs, ys) {
    const order = Array.from(xs.keys()).sort((a, b) => xs[a] - xs[b] || a - b);
    return Array.from({ length: 10 }, (_, part) => [part, order.slice(Math.floor((part * n) / 10), Math.floor(((part + 1) * n) / 10))])
      .filter(([, own]) => own.length)
      .map(([part, own]) => {
        const others = own.map((i) => ys[i]);
        const mean = others.reduce((sum, value) => sum + value, 0) / own.length;
        return [String(part + 1), count(own.length), short(xs[own[0]]), short(xs[own.at(-1)]), short(Math.min(...others)), short(Math.max(...others)), short(mean)];
      });
  }

  function drawPair() {
    const one = Number(byId("p-one").value), other = Number(byId("p-other").value);
    const holder = byId("pair-chart");
    const box = frame(holder, 380, `${metrics[other].name} against ${metrics[one].name}, a point a sample`, [28, 80, 40, 60]);
    const xs = means[one], ys = means[other];
    const every = Math.ceil(n / 4000);
    const range = (values) => values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
    const [x0, x1] = range(xs), [y0, y1] = range(ys);
    const yOf = axisY(box, y0, y1, metrics[other].name);
    const xOf = (value) => box.left + ((value - x0) / (x1 - x0 || 1)) * (box.right - box.left);
    for (const value of ticks(x0, x1)) box.made.append(text(xOf(value), box.bottom + 16, short(value), { "text-anchor": "middle" }));
    box.made.append(line(box.left, box.bottom, box.right, box.bottom, { class: "axis" }));
    box.made.append(text((box.left + box.right) / 2, box.bottom + 34, metrics[one].name, { "text-anchor": "middle" }));
    const paths = GROUPS.map(() => []);
    for (let i = 0; i < n; i += every) {
      const g = GROUPS.indexOf(classOf[labels[i]].group), x = xOf(xs[i]), y = yOf(ys[i]);
      const shape = g === 0 ? `M${x - 1.6},${y}a1.6,1.6 0 1,0 3.2,0a1.6,1.6 0 1,0 -3.2,0` : g === 1 ? `M${x - 1.8},${y - 1.8}h3.6v3.6h-3.6z` : `M${x},${y - 2.6}l2.6,4.4h-5.2z`;
      paths[g].push(shape);
    }
    paths.forEach((each, g) => {
      box.made.append(svg("path", { d: each.join(""), fill: colour(g), opacity: 0.75 }));
      box.made.append(marker(g, box.right + 14, box.top + 16 * g, 5), text(box.right + 24, box.top + 16 * g + 4, GROUPS[g]));
    });
    numbers(holder, `${metrics[other].name} against ${metrics[one].name}`, [`tenth of the samples shown, by ${metrics[one].name}`, "samples", `${metrics[one].name} from`, "to", `${metrics[other].name} from`, "to", "mean"], tenths(xs, ys));
    const value = data.scores.correlations[one][other];
    byId("pair-words").textContent = `${metrics[other].name} against ${metrics[one].name}: rank correlation ${two(value)}` + (every > 1 ? `; every ${every === 2 ? "second" : `${every}th`} sample shown above is a point` : "; a point a sample");
  }

  if (byId("scores")) {
    const chosen = select("s-metric", "Metric", metrics.map((each, m) => option(m, each.name)), drawScores);
    byId("score-controls").append(chosen.box);
    const one = select("p-one", "Across", metrics.map((each, m) => option(m, each.name)), drawPair);
    const other = select("p-other", "Up", metrics.map((each, m) => option(m, each.name, m === Math.min(1, metrics.length - 1))), drawPair);
    byId("pair-controls").append(one.box, other.box);
    drawn(drawScores);
    drawStability();
    drawCorrelations();
    drawn(drawPair);
  }

  // Runs

  const MEASURES = ["overall", "balanced", "head", "middle", "tail"];
  const family = () => data.runs[Number(byId("r-family").value)];

  function series(rows) {
    const found = new Map();
    for (const row of rows) {
      if (!row.ratio && row.label === "unpruned") continue;
      const name = row.ranked_by && rows.some((each) => each.label === row.label && each.ranked_by !== row.ranked_by && each.ratio === row.ratio) ? `${row.label} (${row.ranked_by})` : row.label;
      if (!found.has(name)) found.set(name, []);
      found.get(name).push(row);
    }
    for (const each of found.values()) each.sort((a, b) => a.ratio - b.ratio);
    return found;
  }

  const unprunedOf = (rows) => rows.find((row) => row.label === "unpruned") || null;

  function drawPanel(title, rows, valueOf, low, high, unit) {
    const holder = element("div", { class: "chart" });
    const inside = () => {
      const box = frame(holder, 230, `${title}; the table below has the numbers`, [26, 16, 36, 40]);
      const within = (value) => Math.min(high, Math.max(low, value));
      const yOf = axisY(box, low, high, null);
      box.made.append(text(box.left, 14, title, { "font-weight": 600 }));
      const xOf = (ratio) => box.left + ratio * (box.right - box.left);
      for (const ratio of [0, 0.25, 0.5, 0.75, 1]) box.made.append(text(xOf(ratio), box.bottom + 16, 100 * ratio, { "text-anchor": "middle" }));
      box.made.append(line(box.left, box.bottom, box.right, box.bottom, { class: "axis" }));
      box.made.append(text((box.left + box.right) / 2, box.bottom + 31, "removed (%)", { "text-anchor": "middle", class: "soft" }));
      const whole = unprunedOf(rows);
      const [base, deviation] = whole ? valueOf(whole) : [null, null];
      if (base !== null) {
        if (deviation) box.made.append(svg("rect", { class: "band", x: box.left, y: yOf(within(base + deviation)), width: box.right - box.left, height: Math.max(1, yOf(within(base - deviation)) - yOf(within(base + deviation))) }));
        box.made.append(line(box.left, yOf(base), box.right, yOf(base), { stroke: "var(--text)", "stroke-width": 1.5, "stroke-dasharray": "6 4", "data-tip": told(whole, base, deviation, unit) }));
      }
      let number = 0;
      for (const each of series(rows).values()) {
        const own = number++, known = each.filter((row) => valueOf(row)[0] !== null);
        const x = (row) => xOf(row.ratio) + (own - 1) * 2;
        box.made.append(svg("polyline", { points: known.map((row) => `${x(row)},${yOf(valueOf(row)[0])}`).join(" "), fill: "none", stroke: colour(own), "stroke-width": 1.8, "stroke-dasharray": DASHES[own % 6] }));
        for (const row of known) {
          const [mean, std] = valueOf(row);
          const part = svg("g", { "data-tip": told(row, mean, std, unit) });
          if (std) part.append(line(x(row), yOf(within(mean - std)), x(row), yOf(within(mean + std)), { stroke: colour(own), "stroke-width": 1.5 }));
          part.append(svg("circle", { cx: x(row), cy: yOf(mean), r: 10, fill: "transparent" }), marker(own, x(row), yOf(mean), 4));
          box.made.append(part);
        }
        for (const row of each.filter((one) => !one.n)) {
          box.made.append(text(x(row), box.bottom - 3, "×", { "text-anchor": "middle", fill: colour(own), "data-tip": `${row.label}, ${percent(row.ratio)} removed: no result` }));
        }
      }
      if (![...rows].some((row) => valueOf(row)[0] !== null)) box.made.append(text((box.left + box.right) / 2, (box.top + box.bottom) / 2, "nothing is known", { "text-anchor": "middle" }));
    };
    return { holder, inside };
  }

  function told(row, mean, std, unit) {
    const spread = std ? ` ± ${std.toFixed(1)}` : "";
    return `${row.label}${row.ratio ? `, ${percent(row.ratio)} removed` : ""}\n${mean.toFixed(1)}${spread}${unit}\n${row.n === 1 ? "1 run" : `${row.n} runs`}, ${row.seeds.length === 1 ? "seed" : "seeds"} ${row.seeds.join(", ")}`;
  }

  const inPercent = (name) => (row) => [row[`${name}_mean`] === null ? null : 100 * row[`${name}_mean`], row[`${name}_std`] === null ? null : 100 * row[`${name}_std`]];

  function place(holder, panels) {
    holder.replaceChildren(...panels.map((each) => each.holder));
    for (const each of panels) each.inside();
  }

  function drawRuns() {
    const own = family(), rows = own.rows;
    const numbers = [...new Set(rows.filter((row) => row.n).map((row) => row.n))].sort((a, b) => a - b);
    const epochs = [...new Set(rows.map((row) => [row.epochs, row.stage2_epochs].filter(Boolean).join(" + ")))].join("; ");
    const bars = numbers.some((each) => each > 1) ? "bars and the grey band are standard deviations over seeds" : "one run a point, so no deviation";
    byId("run-words").textContent = `${own.title}; ${epochs} epochs of the unpruned run; ${numbers.length ? (numbers.length > 1 ? `${numbers[0]} to ${numbers.at(-1)}` : numbers[0]) : "no"} run${numbers.at(-1) === 1 ? "" : "s"} a point; ${bars}. Test results are shown here, and decide nothing.`;
    const names = [...series(rows).entries()];
    const legend = names.map(([name], i) => {
      const mark = svg("svg", { width: 34, height: 14, "aria-hidden": "true" }, line(0, 7, 34, 7, { stroke: colour(i), "stroke-width": 2, "stroke-dasharray": DASHES[i % 6] }), marker(i, 17, 7, 4));
      const of = names.filter(([, theirs]) => theirs.some((row) => row.control === name)).map(([other]) => other);
      const words = of.length ? ` (matched control of ${of.join(", ")})` : "";
      return element("span", {}, mark, element("bdi", {}, name + words));
    });
    if (unprunedOf(rows)) legend.unshift(element("span", {}, svg("svg", { width: 34, height: 14, "aria-hidden": "true" }, line(0, 7, 34, 7, { stroke: "var(--text)", "stroke-width": 1.5, "stroke-dasharray": "6 4" })), "unpruned"));
    byId("run-legend").replaceChildren(...legend);
    place(byId("run-charts"), MEASURES.map((name) => drawPanel(name, rows, inPercent(name), 0, 100, "%")));
    const most = Math.max(10, ...rows.map((row) => 100 * ((row.ece_mean ?? 0) + (row.ece_std ?? 0))));
    const least = Math.min(0, ...rows.map((row) => (row.saved === null ? 0 : 100 * row.saved)));
    place(byId("run-costs"), [
      drawPanel("expected calibration error (%)", rows, inPercent("ece"), 0, most, "%"),
      drawPanel("training time saved (%)", rows.filter((row) => row.ratio), (row) => [row.saved === null ? null : 100 * row.saved, null], least, 100, "% of the time of the unpruned run"),
    ]);
    runNumbers(rows);
  }

  function cell(row, name) {
    const [mean, std] = inPercent(name)(row);
    return mean === null ? "–" : `${mean.toFixed(1)}${std === null ? "" : ` ± ${std.toFixed(1)}`}`;
  }

  const said = (row, name) => (row[`${name}_mean`] === null ? "–" : `${cell(row, name)}%`);

  // What the accuracies and the costs of rows are, under the charts of each.
  function runNumbers(rows) {
    const known = (row) => [row.label, percent(row.ratio), `${row.n}${row.failed ? `, ${row.failed} failed` : ""}${row.missing ? `, ${row.missing} missing` : ""}`, row.seeds.join(", ")];
    const head = ["pruned by", "removed", "runs", "seeds"];
    numbers(byId("run-charts"), "Test accuracy, means and standard deviations over seeds in percent", [...head, ...MEASURES, "matched control"], rows.map((row) => [...known(row), ...MEASURES.map((name) => cell(row, name)), row.control || "–"]));
    numbers(byId("run-costs"), "Calibration error in percent, and seconds of training", [...head, "ECE", "s", "time saved"], rows.map((row) => [...known(row), cell(row, "ece"), row.seconds_mean === null ? "–" : row.seconds_mean.toFixed(1), row.ratio ? percent(row.saved) : "–"]));
    const reasons = rows.flatMap((row) => row.reasons.map((reason) => element("li", {}, `${row.label}, ${percent(row.ratio)} removed, ${reason}`)));
    byId("run-reasons").replaceChildren(...(reasons.length ? [element("details", {}, element("summary", {}, "Runs without a result"), element("ul", {}, ...reasons))] : []));
  }

  const rowName = (row) => `${row.label}${row.ratio ? `, ${percent(row.ratio)} removed` : ""}`;

  function newFamily() {
    drawRuns();
    const rows = family().rows.map((row, i) => [row, i]).filter(([row]) => row.n);
    const chosen = rows.find(([row]) => row.ratio && !row.random) || rows.find(([row]) => row.ratio) || rows[0];
    byId("r-row").replaceChildren(...rows.map(([row, i]) => option(i, rowName(row), chosen && i === chosen[1])));
    drawRow();
  }

  function drawRow() {
    const rows = family().rows, row = rows[Number(byId("r-row").value)];
    if (!row) return;
    drawChange(row, unprunedOf(rows));
    drawConfusion(row);
    drawCalibration(row, unprunedOf(rows));
  }

  // Of each bin of confidence how many are right: a bar as wide as the bin, and below it how many there are.
  function drawReliability(row) {
    const holder = element("div", { class: "chart" });
    const error = `expected calibration error ${said(row, "ece")}`;
    const inside = () => {
      if (!row.calibration) {
        const words = `${rowName(row)}: ${error}. There is no diagram, as ${row.without_bins} of ${row.n} results ${row.without_bins === 1 ? "is" : "are"} of an earlier version, which kept no bins.`;
        holder.replaceChildren(element("p", { class: "note" }, words));
        return;
      }
      const { count: counts, right, confidence } = row.calibration, bins = counts.length;
      const box = frame(holder, 340, `Reliability diagram of ${rowName(row)}, ${error}`, [44, 16, 104, 40]);
      const yOf = axisY(box, 0, 100, null), xOf = (share) => box.left + share * (box.right - box.left);
      box.made.append(text(box.left, 14, rowName(row), { "font-weight": 600 }), text(box.left, 32, error));
      const foot = box.height - 40, most = Math.log10(1 + Math.max(...counts));
      counts.forEach((number, k) => {
        const share = number ? (100 * right[k]) / number : null, x = xOf(k / bins) + 0.5, wide = xOf(1 / bins) - xOf(0) - 1;
        const words = [`confidence ${percent(k / bins, 0)} to ${percent((k + 1) / bins, 0)}`, `${count(number)} test samples`];
        if (number) words.push(`${share.toFixed(1)}% right, ${percent(confidence[k])} sure`);
        const part = svg("g", { "data-tip": words.join("\n") });
        part.append(svg("rect", { x, y: box.top, width: wide, height: box.height - 40 - box.top, fill: "transparent" }));
        if (number) {
          const high = (Math.log10(1 + number) / most) * 36;
          part.append(svg("rect", { x, y: Math.min(yOf(share), box.bottom - 1), width: wide, height: Math.max(1, box.bottom - yOf(share)), fill: colour(0) }));
          part.append(marker(1, xOf(confidence[k]), yOf(100 * confidence[k]), 3), svg("rect", { class: "bar", x, y: foot - high, width: wide, height: high }));
        }
        box.made.append(part);
      });
      box.made.append(line(box.left, yOf(0), box.right, yOf(100), { stroke: "var(--text)", "stroke-dasharray": "6 4" }));
      box.made.append(text(box.left, box.bottom + 20, `test samples: up to ${count(Math.max(...counts))} a bin`, { class: "soft" }));
      for (const y of [box.bottom, foot]) box.made.append(line(box.left, y, box.right, y, { class: "axis" }));
      for (const share of [0, 0.25, 0.5, 0.75, 1]) box.made.append(text(xOf(share), foot + 16, 100 * share, { "text-anchor": "middle" }));
      box.made.append(text((box.left + box.right) / 2, foot + 32, "confidence (%)", { "text-anchor": "middle", class: "soft" }));
    };
    return { holder, inside };
  }

  function drawCalibration(row, whole) {
    const rows = whole && whole.n && whole !== row ? [row, whole] : [row];
    byId("calibration-words").textContent = `Reliability: how many of the test samples are right (bars, %) by how sure the run is, of all runs of a row together; squares: mean confidence, which lies on the dashed line; below, how many samples each bin has, on a logarithmic axis`;
    place(byId("calibration"), rows.map(drawReliability));
    const shown = rows.filter((each) => each.calibration);
    const body = shown.flatMap((each) => each.calibration.count.map((number, k) => {
      const bins = each.calibration.count.length, share = number ? each.calibration.right[k] / number : null;
      return [rowName(each), `${percent(k / bins, 0)} to ${percent((k + 1) / bins, 0)}`, count(number), percent(share), percent(each.calibration.confidence[k])];
    }));
    numbers(byId("calibration"), "Reliability by bins of confidence", ["pruned by", "confidence", "test samples", "right", "mean confidence"], body);
  }

  function drawChange(row, whole) {
    const holder = byId("class-chart");
    const compared = whole && whole.n && row !== whole;
    byId("class-words").textContent = compared
      ? `${rowName(row)}: change of the test accuracy on each class against the unpruned run, in points of percent (means of ${row.n} and ${whole.n} runs)`
      : `${rowName(row)}: test accuracy on each class, in percent (mean of ${row.n} ${row.n === 1 ? "run" : "runs"}${row === whole ? "" : "; there is no unpruned run to compare with"})`;
    const values = classes.map((each) => {
      const own = row.per_class[each.label], base = compared ? whole.per_class[each.label] : 0;
      return own === null || base === null ? null : 100 * (own - base);
    });
    const known = values.filter((value) => value !== null);
    const area = Math.max(280, holder.clientWidth || 600) - 70;
    const box = frame(holder, 240 + bottomMargin(area), byId("class-words").textContent, [28, 10, bottomMargin(area), 50]);
    const yOf = axisY(box, Math.min(0, ...known), Math.max(1, ...known), null);
    const step = (box.right - box.left) / classes.length;
    const xOf = (i) => box.left + (i + 0.5) * step;
    const wide = Math.max(1, Math.min(40, step * 0.7));
    classes.forEach((each, i) => {
      const value = values[i];
      const accuracies = compared ? `\n${percent(whole.per_class[each.label])} unpruned, ${percent(row.per_class[each.label])} here` : "";
      const part = svg("g", { "data-tip": `${each.name} (${each.group}, ${count(each.before)} samples)\n${value === null ? "no test sample" : `${compared && value > 0 ? "+" : ""}${value.toFixed(1)}`}${value === null ? "" : accuracies}` });
      part.append(svg("rect", { x: xOf(i) - step / 2, y: box.top, width: step, height: box.bottom - box.top, fill: "transparent" }));
      if (value !== null) part.append(svg("rect", { x: xOf(i) - wide / 2, y: Math.min(yOf(0), yOf(value)), width: wide, height: Math.max(1, Math.abs(yOf(value) - yOf(0))), fill: value < 0 ? "var(--minus)" : "var(--plus)" }));
      box.made.append(part);
    });
    box.made.append(line(box.left, yOf(0), box.right, yOf(0), { class: "axis" }));
    groupBands(box, xOf, box.top - 4);
    classNames(box, xOf, step);
    const changes = values.map((value) => (value === null ? "–" : `${compared && value > 0 ? "+" : ""}${value.toFixed(1)}`));
    numbers(holder, compared ? "Change on each class, in points of percent" : "Accuracy on each class, in percent", ["class", "group", "samples", ...(compared ? ["unpruned", "here", "change"] : ["accuracy"])], classes.map((each, i) => [each.name, each.group, count(each.before), ...(compared ? [percent(whole.per_class[each.label]), percent(row.per_class[each.label])] : []), changes[i]]));
  }

  function drawConfusion(row) {
    const { whole, cells, totals } = row.confusion;
    const runs = row.n === 1 ? "one run" : `${row.n} runs together`;
    numbers(byId("confusion"), "Confusions", ["class", "taken for", "test samples", "of"], whole ? cells.map(([t, p, number]) => [classOf[t].name, classOf[p].name, count(number), count(totals[t])]) : []);
    if (!whole) {
      byId("confusion-words").textContent = `${rowName(row)}: what is confused most, of ${runs}`;
      byId("confusion").replaceChildren(table("Pairs of classes that are confused most", ["class", "taken for", "test samples", "of the class"], cells.map(([t, p, number]) => [classOf[t].name, classOf[p].name, count(number), percent(number / totals[t])])));
      return;
    }
    byId("confusion-words").textContent = `${rowName(row)}: confusion matrix, in percent of the test samples of each class, of ${runs}`;
    const found = new Map(cells.map(([t, p, number]) => [`${t} ${p}`, number]));
    const head = element("thead", {}, element("tr", {}, element("td", {}, "is \\ taken for"), ...classes.map((each) => element("th", { scope: "col" }, each.name))));
    const body = classes.map((each) => element("tr", {}, element("th", { scope: "row" }, element("bdi", {}, each.name)), ...classes.map((other) => {
      const number = found.get(`${each.label} ${other.label}`) || 0, total = totals[each.label];
      const cell = element("td", { "data-tip": `${each.name} taken for ${other.name}: ${count(number)} of ${count(total)}` }, total ? (number ? ((100 * number) / total).toFixed(0) : "0") : "–");
      if (number) cell.style.background = heat(((each === other ? 1 : -1) * 0.55 * number) / total);
      return cell;
    })));
    byId("confusion").replaceChildren(element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Confusion matrix" }, element("table", { class: "heat" }, element("caption", {}, "Rows are the classes that samples are of, columns those that they are taken for"), head, element("tbody", {}, ...body))));
  }

  if (byId("runs")) {
    const families = select("r-family", "Runs of", data.runs.map((each, i) => option(i, each.title)), newFamily);
    byId("run-controls").append(families.box);
    const rows = select("r-row", "Row", [], drawRow);
    byId("row-controls").append(rows.box);
    newFamily();
    redraw.push(() => { drawRuns(); drawRow(); });
  }
  document.documentElement.dataset.ready = "yes";
})();
