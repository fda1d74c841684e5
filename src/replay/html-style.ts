// How the page of a replay looks: dark and light, on a phone and on paper.

export const pageStyle = `
:root {
  color-scheme: light dark; --bg: #fff; --fg: #1b1f24; --dim: #5b6470; --line: #d5d9de;
  --used: #3b7dd8; --demand: #7a5cc0; --cap: #b3261e; --refused: #c8553d; --box: #f5f6f8;
}
@media (prefers-color-scheme: dark) {
:root {
  --bg: #15181c; --fg: #e7eaee; --dim: #9aa4b0; --line: #343a42; --used: #5b9bf0;
  --demand: #b09cf0; --cap: #ff8a80; --refused: #ff9e80; --box: #1e2329;
}
}
body {
  margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; background: var(--bg);
  color: var(--fg); font: 16px/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
.dim { color: var(--dim); }
.cards {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem;
  padding: 0; margin: 1rem 0; list-style: none;
}
.cards li {
  background: var(--box); border: 1px solid var(--line); border-radius: .5rem;
  padding: .5rem .9rem;
}
.cards b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td {
  text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line);
  vertical-align: top;
}
th { color: var(--dim); font-weight: 600; white-space: nowrap; }
.n { text-align: right; }
td.n { font-variant-numeric: tabular-nums; white-space: nowrap; }
td.hot { color: var(--cap); font-weight: 600; }
section.limit {
  background: var(--box); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem;
  margin: .75rem 0;
}
svg { width: 100%; height: auto; display: block; }
.axis { stroke: var(--line); }
.tick { fill: var(--dim); font-size: 11px; }
.used { fill: var(--used); fill-opacity: .3; stroke: var(--used); stroke-width: 1.2; }
.demand { fill: none; stroke: var(--demand); stroke-width: 1.2; stroke-dasharray: 4 3; }
.cap { stroke: var(--cap); stroke-width: 1.2; stroke-dasharray: 7 4; }
.cap-label { fill: var(--cap); font-size: 11px; }
.refused { fill: var(--refused); }
.key {
  display: inline-block; width: .9em; height: .9em; vertical-align: -.1em;
  margin: 0 .3em 0 1em; border-radius: .15em;
}
ul.notes li { margin: .25rem 0; }
.warning { color: var(--cap); font-weight: 600; }
`
