import LogCommands

extension ReportPage {
    /// Draws what the page holds. Texts reach the page as texts, never as markup.
    static let script = #"""

        "use strict";
        const runs = JSON.parse(document.getElementById("data").textContent);
        const page = document.getElementById("page");
        const colours = ["#2f6fde", "#d9632a", "#2c9c62", "#9b4fd1", "#c79a12", "#1aa3b5",
          "#d1477f", "#7a8594"];
        const SVG = "http://www.w3.org/2000/svg";

        function add(parent, name, attributes = {}, text) {
          const isSvg = parent.namespaceURI === SVG || name === "svg";
          const node = isSvg ? document.createElementNS(SVG, name) : document.createElement(name);
          for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
          if (text !== undefined) node.textContent = text;
          parent.appendChild(node);
          return node;
        }

        function short(value) {
          if (value === 0) return "0";
          for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]])
            if (Math.abs(value) >= size) return +(value / size).toPrecision(3) + unit;
          return String(+value.toPrecision(3));
        }
        function time(us) {
          if (us === null || us === undefined) return "-";
          return us < 1e3 ? `${short(us)} \u00b5s` : us < 1e6 ? `${short(us / 1e3)} ms`
            : `${short(us / 1e6)} s`;
        }
        function bytes(count) {
          const mebi = count / 1048576;
          return mebi < 1 ? `${short(count / 1024)} KiB` : `${short(mebi)} MiB`;
        }
        const count = (value) => value === null || value === undefined ? "-" : short(value);

        function scale(values, isLog, from, to) {
          let low = Math.min(...values), high = Math.max(...values);
          if (isLog) { low = Math.log10(low); high = Math.log10(high); }
          else low = Math.min(0, low);
          if (high - low < 1e-9) { high += isLog ? .5 : 1; low -= isLog ? .5 : 0; }
          const place = (v) => from + ((isLog ? Math.log10(v) : v) - low) / (high - low) * (to - from);
          const ticks = [];
          if (isLog) {
            const isWide = high - low > 2.2;
            for (let power = Math.floor(low); power <= high; power++)
              for (const digit of isWide ? [1] : [1, 2, 5]) {
                const tick = digit * 10 ** power;
                if (Math.log10(tick) >= low - 1e-9 && Math.log10(tick) <= high + 1e-9)
                  ticks.push(tick);
              }
          } else {
            const raw = (high - low) / 5, power = 10 ** Math.floor(Math.log10(raw));
            const step = [1, 2, 5, 10].map((d) => d * power).find((s) => s >= raw);
            for (let tick = Math.ceil(low / step) * step; tick <= high + 1e-9; tick += step)
              ticks.push(tick);
          }
          return { place, ticks };
        }

        function plot(parent, title, caption, lines, options) {
          lines = lines.map((line) => ({ ...line,
            dots: line.dots.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)
              && (!options.logX || x > 0) && (!options.logY || y > 0)).sort((a, b) => a[0] - b[0]) }))
            .filter((line) => line.dots.length > 0);
          if (lines.length === 0) return;
          const figure = add(parent, "figure");
          add(figure, "h2", {}, title);
          const width = 560, height = 300, left = 62, right = 12, top = 10, bottom = 42;
          const svg = add(figure, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img",
            "aria-label": title });
          const all = lines.flatMap((line) => line.dots);
          const x = scale(all.map((dot) => dot[0]), options.logX, left, width - right);
          const y = scale(all.map((dot) => dot[1]), options.logY, height - bottom, top);
          for (const tick of y.ticks) {
            const at = y.place(tick);
            add(svg, "line", { class: "grid", x1: left, x2: width - right, y1: at, y2: at });
            add(svg, "text", { x: left - 6, y: at + 4, "text-anchor": "end" }, options.unit(tick));
          }
          const marks = options.marks ? [...new Set(all.map((dot) => dot[0]))] : x.ticks;
          let last = -Infinity;
          for (const tick of marks.sort((a, b) => a - b)) {
            const at = x.place(tick);
            if (at - last < 34) continue;
            last = at;
            add(svg, "text", { x: at, y: height - bottom + 16, "text-anchor": "middle" },
              short(tick));
          }
          add(svg, "text", { x: (left + width - right) / 2, y: height - 6,
            "text-anchor": "middle" }, options.axis);
          for (const line of lines) {
            const points = line.dots.map(([dx, dy]) => `${x.place(dx)},${y.place(dy)}`);
            add(svg, "polyline", { points: points.join(" "), fill: "none", stroke: line.colour,
              "stroke-width": 2, "stroke-dasharray": line.dash || "none" });
            for (const [dx, dy] of options.isDense ? [] : line.dots) {
              const dot = add(svg, "circle", { cx: x.place(dx), cy: y.place(dy), r: 3,
                fill: line.colour });
              add(dot, "title", {}, `${line.name}: ${short(dx)}, ${options.unit(dy)}`);
            }
          }
          const legend = add(figure, "div", { class: "legend" });
          for (const line of lines) add(legend, "span", { style: `--c:${line.colour}` }, line.name);
          add(figure, "figcaption", {}, caption);
        }

        // One series for everything that was measured alike but for its load.
        const series = new Map();
        for (const run of runs) for (const point of run.points) {
          const name = [runs.length > 1 ? run.name : null, `${point.replicas} x ${point.value_bytes} B`,
            point.transport === "tcp" ? "TCP" : null,
            point.batch > 1 ? `batches of ${point.batch}` : null].filter(Boolean).join(", ");
          const key = `${run.name}|${name}`;
          if (!series.has(key)) series.set(key, { name, points: [] });
          series.get(key).points.push(point);
        }
        const all = [...series.values()];
        all.forEach((one, place) => { one.colour = colours[place % colours.length]; });
        const closed = (one) => one.points.filter((point) => point.mode === "closed");
        const open = (one) => one.points.filter((point) => point.mode === "open");
        const lines = (pick, value, x) => all.map((one) => ({ name: one.name, colour: one.colour,
          dots: pick(one).map((point) => [x(point), value(point) ?? NaN]) }));
        const outstanding = (point) => point.outstanding;
        const rate = (point) => point.rate;
        const alike = { axis: "appends outstanding", logX: true, marks: true };
        const grey = "#7a8594", pale = "#aab3bf";
        const plots = document.createElement("div");
        plots.className = "plots";

        const raw = (key, label, colour) => all.map((one) => ({
          name: `${label}, ${one.name}`, colour, dash: "5 4",
          dots: closed(one).map((point) => [point.outstanding, point[key] ?? NaN]) }));
        plot(plots, "Throughput", "Appends a second, all of them durable on a quorum and read back. "
          + "Dashed: raw LMDB without consensus, in the same run.",
          [...lines(closed, (p) => p.appends_per_second, outstanding),
            ...raw("baseline_appends_per_second", "LMDB", grey),
            ...raw("baseline_best_appends_per_second", "LMDB, runway", pale)],
          { ...alike, unit: short });
        plot(plots, "Latency against what is outstanding", "Solid: median; dashed: 99th percentile.",
          all.flatMap((one) => [["p50", "none"], ["p99", "5 4"]].map(([key, dash]) => ({
            name: `${one.name}, ${key}`, colour: one.colour, dash,
            dots: closed(one).map((p) => [p.outstanding, p.latency[key] ?? NaN]) }))),
          { ...alike, logY: true, unit: time });
        plot(plots, "Latency against load", "An open loop: from when an append was to be sent. "
          + "Solid: median; dashed: 99th; dotted: 99.9th percentile.",
          all.flatMap((one) => [["p50", "none"], ["p99", "5 4"], ["p999", "1 4"]].map(
            ([key, dash]) => ({ name: `${one.name}, ${key}`, colour: one.colour, dash,
              dots: open(one).map((p) => [p.rate, p.latency[key] ?? NaN]) }))),
          { axis: "appends sent a second", logY: true, unit: time });
        plot(plots, "What an open loop got through", "Where it falls below the line it was asked for, "
          + "the log is saturated.",
          [...lines(open, (p) => p.appends_per_second, rate),
            { name: "as sent", colour: grey, dash: "5 4",
              dots: all.flatMap((one) => open(one).map((p) => [p.rate, p.rate])) }],
          { axis: "appends sent a second", unit: short });
        plot(plots, "Flushes an append", "Of one replica: less than one where appends share a flush.",
          lines(closed, (p) => p.flushes / p.appends / p.replicas, outstanding),
          { ...alike, logY: true, unit: short });
        plot(plots, "Bytes written a byte of payload", "Of one replica, pages and rows included.",
          lines(closed, (p) => p.bytes_per_payload_byte, outstanding), { ...alike, unit: short });
        plot(plots, "Processor seconds for 100,000 appends", "Of all replicas and the clients.",
          lines(closed, (p) => p.cpu_seconds_per_100k, outstanding), { ...alike, unit: short });
        plot(plots, "Memory", "Anonymous resident bytes at their most.",
          lines(closed, (p) => p.peak_memory, outstanding), { ...alike, unit: bytes });

        const faulty = all.flatMap((one) => one.points.filter((p) => p.timeline)
          .map((point) => ({ one, point })));
        const pieces = (point, key, of) => point.timeline[key].map(
          (value, at) => [at * point.timeline.piece_us / 1e6, of(value, point.timeline)]);
        const named = ({ one, point }) => `${one.name}, ${point.fault}, `
          + (point.mode === "open" ? `${short(point.rate)}/s` : point.outstanding);
        const around = { axis: "seconds of the measured time", isDense: true };
        plot(plots, "Answers around a fault", "Appends answered a second, in each piece of the measured time; "
          + "the fault begins after a third of it.",
          faulty.map((of, at) => ({ name: named(of), colour: colours[at % colours.length],
            dots: pieces(of.point, "appends", (n, line) => n * 1e6 / line.piece_us) })),
          { ...around, unit: short });
        plot(plots, "Latency around a fault", "The slowest answer of each piece.",
          faulty.map((of, at) => ({ name: named(of), colour: colours[at % colours.length],
            dots: pieces(of.point, "slowest_us", (n) => n) })), { ...around, logY: true, unit: time });

        for (const run of runs) {
          const first = run.points[0];
          if (!first) continue;
          const machine = first.machine || {};
          add(page, "p", {}, `${runs.length > 1 ? run.name + ": " : ""}`
            + `${first.system} ${first.version}; ${machine.processors} x ${machine.processor}, `
            + `${machine.system}; ${first.file_system} on ${machine.device}, a page flushed in `
            + `${time(machine.flush_p50)} (99th percentile ${time(machine.flush_p99)}); `
            + `LMDB ${machine.lmdb}, Swift ${machine.swift}; `
            + (first.durable ? "every append fsynced." : "NOT DURABLE."));
        }
        page.appendChild(plots);
        const table = add(add(page, "div", { class: "scroll" }), "table");
        const columns = [["run", (p, run) => run.name], ["replicas", (p) => p.replicas],
          ["bytes", (p) => p.value_bytes],
          ["load", (p) => p.mode === "open" ? `${short(p.rate)}/s` : p.outstanding],
          ["appends/s", (p) => count(p.appends_per_second)], ["p50", (p) => time(p.latency.p50)],
          ["p99", (p) => time(p.latency.p99)], ["p99.9", (p) => time(p.latency.p999)],
          ["max", (p) => time(p.latency.max)], ["LMDB/s", (p) => count(p.baseline_appends_per_second)],
          ["ratio", (p) => count(p.throughput_ratio)], ["cpu s/100k", (p) => count(p.cpu_seconds_per_100k)],
          ["others", (p) => p.others === null ? "-" : `${Math.round(p.others * 100)} %`],
          ["lost", (p) => p.lost], ["duplicated", (p) => p.duplicated]];
        const head = add(add(table, "thead"), "tr");
        for (const [title] of columns) add(head, "th", {}, title);
        const body = add(table, "tbody");
        for (const run of runs) for (const point of run.points) {
          const row = add(body, "tr");
          for (const [title, value] of columns) {
            const isBad = (title === "lost" || title === "duplicated") && point[title] > 0
              || title === "others" && point.others > 0.15;
            add(row, "td", isBad ? { class: "bad" } : {}, value(point, run));
          }
        }

        """#
}
