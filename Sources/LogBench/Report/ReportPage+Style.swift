import LogCommands

extension ReportPage {
    /// Light and dark as the reader's system says, one column on a phone, and black on white on paper.
    static let style = #"""

        :root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d6dce4;
          --paper: #ffffff; --card: #f6f8fa; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #e6eaf0; --soft: #9aa6b5; --line: #333d4a; --paper: #12171e;
            --card: #1a212b; }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink);
          font: 15px/1.5 system-ui, sans-serif; }
        main { max-width: 1200px; margin: 0 auto; padding: 1rem; }
        h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
        h2 { font-size: 1.05rem; margin: 0 0 .25rem; }
        p { margin: .25rem 0 1rem; color: var(--soft); }
        .plots { display: grid; gap: 1rem;
          grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); }
        figure { margin: 0; padding: .75rem; background: var(--card); border-radius: 8px;
          break-inside: avoid; }
        figcaption { color: var(--soft); font-size: .85rem; }
        svg { width: 100%; height: auto; display: block; }
        svg text { fill: var(--soft); font-size: 11px; }
        svg .grid { stroke: var(--line); stroke-width: 1; }
        .legend { display: flex; flex-wrap: wrap; gap: .15rem .9rem; font-size: .85rem; }
        .legend span::before { content: ""; display: inline-block; width: 1.1em; height: 3px;
          margin-right: .35em; vertical-align: middle; background: var(--c); }
        .scroll { overflow-x: auto; margin: 1rem 0; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .85rem;
          white-space: nowrap; }
        th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--line); }
        th:first-child, td:first-child { text-align: left; }
        .bad { color: #c62828; font-weight: 600; }
        @media print {
          :root { --ink: #000; --soft: #333; --line: #bbb; --paper: #fff; --card: #fff; }
          .plots { grid-template-columns: 1fr 1fr; }
        }

        """#
}
