const COLOR_RULES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
  .flatMap((n) => [
    `svg .line.c${n} { stroke: var(--c${n}); }`,
    `svg .dot.c${n}, svg .bar.c${n} { fill: var(--c${n}); }`,
    `.sample.c${n} { border-color: var(--c${n}); }`,
  ])
  .join('\n');

/** Styles of the page: system fonts, light and dark, one column on a phone. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1d2430; --quiet: #5a6577; --paper: #ffffff;
  --card: #f5f7fa; --edge: #d7dde6; --good: #17734a; --bad: #b3261e;
  --c0: #1f6fd1; --c1: #c2570c; --c2: #0f8a6d; --c3: #7a4fc9; --c4: #8a8f98; --c5: #b8336a;
  --c6: #7d6608; --c7: #00798c; --c8: #a0522d; --c9: #4b6a2f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eaf0; --quiet: #9aa6b8; --paper: #12161d; --card: #1a202a; --edge: #313a48;
    --good: #5dcb95; --bad: #ff8a80;
    --c0: #6fb1ff; --c1: #ffa45c; --c2: #4fd1b0; --c3: #b79bff; --c4: #a3abb8; --c5: #ff86b0;
    --c6: #e3c84a; --c7: #5fd0e6; --c8: #e0976b; --c9: #a9d17f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 24px 20px 48px; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 1.2rem; margin: 40px 0 12px; }
p { margin: 0 0 12px; max-width: 72ch; }
.quiet { color: var(--quiet); }
.good { color: var(--good); } .bad { color: var(--bad); }
.cards { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr));
  margin: 20px 0; }
.card { background: var(--card); border: 1px solid var(--edge); border-radius: 10px;
  padding: 12px 16px; }
.card b { display: block; font-size: 1.6rem; line-height: 1.3; }
.card span { color: var(--quiet); font-size: 0.9rem; }
.pair { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(440px,
  100%), 1fr));
  align-items: start; }
.below { margin-top: 16px; }
.scroll + p { margin-top: 10px; }
figure { margin: 0; background: var(--card); border: 1px solid var(--edge); border-radius: 10px;
  padding: 12px; }
figcaption { font-weight: 600; margin-bottom: 8px; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
svg .end { text-anchor: end; fill: var(--quiet); }
svg .middle { text-anchor: middle; fill: var(--quiet); }
svg .quiet { fill: var(--quiet); } svg .strong { font-weight: 600; }
svg .grid { stroke: var(--edge); stroke-width: 1; }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .dashed { stroke-dasharray: 6 4; }
svg .frame { fill: none; stroke: var(--quiet); stroke-width: 1.5; }
svg .box { fill: var(--paper); stroke: var(--edge); } svg .box.home { stroke: var(--c0); }
svg .box.thread { stroke: var(--c2); } svg .wire { stroke: var(--c1); stroke-width: 2; }
svg .bar { rx: 3px; }
${COLOR_RULES}
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; margin: 10px 0 0;
  padding: 0; font-size: 0.9rem; color: var(--quiet); }
.sample { display: inline-block; width: 22px; border-top: 3px solid; margin-right: 7px;
  vertical-align: middle; }
.sample.dashed { border-top-style: dashed; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size:
  0.95rem; }
th, td { padding: 6px 10px; text-align: right; border-bottom: 1px solid var(--edge);
  white-space: nowrap; }
th { color: var(--quiet); font-weight: 600; }
th:first-child, td:first-child, .left { text-align: left; }
code { font: 0.92em ui-monospace, monospace; }
@media (max-width: 520px) { .cards { grid-template-columns: 1fr 1fr; } .card { padding: 10px 12px; }
  .card b { font-size: 1.3rem; } figure { padding: 10px 6px; } figcaption { padding: 0 6px; }
body { padding: 16px 12px 32px; } th, td { padding: 6px 7px; } }
`;
