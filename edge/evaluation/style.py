"""How the page looks, by day, by night and on paper. No font and no picture is fetched from anywhere."""

CSS = """
:root { --paper: #fbfaf7; --card: #ffffff; --ink: #1d2430; --faint: #667085; --line: #e3e1da; --warn: #9a3412; --warn-bg: #fff4e8;
  --a: #0b6e6e; --b: #c2541b; --c: #4655b5; --d: #8a3a8f; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181f; --card: #1c222c; --ink: #e8eaee; --faint: #98a2b3; --line: #323a47; --warn: #fdba74;
    --warn-bg: #3a2413; --a: #4fc1b8; --b: #f0935c; --c: #93a2f5; --d: #d796dc; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; letter-spacing: -.01em; }
h2 { font-size: 1.25rem; margin: 3rem 0 .4rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .4rem; }
p { max-width: 46rem; margin: .4rem 0; }
.lead, .small { color: var(--faint); }
.small { font-size: .875rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1.5rem 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; }
.card b { display: block; font-size: 1.45rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.card span { color: var(--faint); font-size: .85rem; }
figure { margin: 1rem 0; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; }
figcaption { color: var(--faint); font-size: .875rem; margin-top: .5rem; }
svg { display: block; width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { padding: .42rem .7rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: middle; }
th { font-size: .8rem; font-weight: 600; color: var(--faint); vertical-align: bottom; }
th:first-child, td:first-child, .text { text-align: left; }
td.why { color: var(--faint); text-align: left; }
td strong { font-weight: 650; }
td img { display: block; width: 72px; height: 72px; border-radius: .35rem; margin-bottom: .25rem; }
.place { overflow-wrap: anywhere; font-size: .9rem; }
.warning { background: var(--warn-bg); color: var(--warn); border: 1px solid; border-radius: .6rem; padding: .8rem 1rem; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin: 0 0 .6rem; padding: 0; list-style: none; font-size: .9rem; }
.legend i { display: inline-block; width: 1.4rem; height: .3rem; margin-right: .45rem; vertical-align: middle; }
i.a { background: var(--a); } i.b { background: var(--b); } i.c { background: var(--c); } i.d { background: var(--d); }
.multiples { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 0 .75rem; }
.grid { stroke: var(--line); stroke-width: 1; }
.tick, .label, .word { fill: var(--faint); font-size: 12px; }
.label { fill: var(--ink); }
.word { paint-order: stroke; stroke: var(--card); stroke-width: 5px; stroke-linejoin: round; }
.middle { text-anchor: middle; } .end { text-anchor: end; }
.curve, .interval { fill: none; stroke-width: 2.25; stroke-linejoin: round; }
.interval { stroke-width: 1.5; }
.a { stroke: var(--a); } .b { stroke: var(--b); } .c { stroke: var(--c); } .d { stroke: var(--d); }
.area { stroke-width: 1.25; fill-opacity: .22; }
.area.a { fill: var(--a); } .area.b { fill: var(--b); }
.mark { stroke: var(--faint); stroke-dasharray: 3 4; } .configured { stroke: var(--ink); stroke-dasharray: none; }
dl { max-width: 46rem; } dt { font-weight: 600; margin-top: .7rem; } dd { margin: 0; color: var(--faint); }
@media print {
  body { background: #fff; font-size: 11pt; } figure, tr { break-inside: avoid; } main { max-width: none; padding: 0; } }
"""
