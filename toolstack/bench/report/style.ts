/** Of the report: readable on light and on dark ground, on paper and on a narrow screen. */
export const style = `
:root{color-scheme:light dark;--ground:#ffffff;--ink:#1f2328;--soft:#59636e;--line:#d1d9e0;--panel:#f6f8fa;--counted:#12a594;--modelled:#2f81f7;--measured:#d4a017;--bad:#cf222e}
@media(prefers-color-scheme:dark){:root{--ground:#0d1117;--ink:#e6edf3;--soft:#9198a1;--line:#30363d;--panel:#151b23;--bad:#ff7b72}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.5rem 4rem;max-width:1240px;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
h1{font-size:1.9rem;margin:0 0 .8rem}
h2{font-size:1.35rem;margin:2.6rem 0 .9rem;padding-bottom:.3rem;border-bottom:1px solid var(--line);text-transform:capitalize}
#prices h2,#repeat h2{text-transform:none}
.kinds{display:grid;grid-template-columns:repeat(auto-fit,minmax(260px,1fr));gap:.6rem 1.6rem;margin:0 0 1.4rem}
.kinds div{border-left:4px solid;padding-left:.7rem}
.kinds .counted{border-color:var(--counted)}.kinds .modelled{border-color:var(--modelled)}.kinds .measured{border-color:var(--measured)}
dt{font-weight:600}dd{margin:0;color:var(--soft);font-size:.9rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:.8rem}
.tile{display:flex;align-items:center;gap:.8rem;background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:.7rem .9rem}
.tile b{font-size:1.5rem;white-space:nowrap}.tile span{font-size:.82rem;line-height:1.35;color:var(--soft)}
.note{color:var(--soft);font-size:.85rem;margin:.6rem 0 0}
.warning{border-left:4px solid var(--bad);background:var(--panel);padding:.6rem 1rem;font-weight:600}
.drivers{display:flex;flex-wrap:wrap;gap:.2rem 1.6rem;margin:0 0 1rem;padding:0;list-style:none;color:var(--soft);font-size:.88rem}.drivers b{color:var(--ink)}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(520px,100%),1fr));gap:1.4rem}
figure{margin:0;padding:.9rem .9rem .4rem;background:var(--panel);border:1px solid var(--line);border-radius:8px;overflow:hidden}
figure svg{max-width:100%;height:auto}
details{margin-top:1.2rem}summary{cursor:pointer;color:var(--soft)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;margin:.8rem 0;font-size:.85rem;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{font-weight:600}th small{font-weight:400;color:var(--soft)}
td:first-child,th:first-child,td:nth-child(2){text-align:left}
thead tr:first-child th{text-align:center;border-bottom:3px solid var(--line)}
thead tr:first-child .counted{border-color:var(--counted)}thead tr:first-child .modelled{border-color:var(--modelled)}thead tr:first-child .measured{border-color:var(--measured)}
tbody tr:hover{background:var(--panel)}
td.missing{text-align:left;color:var(--bad);white-space:normal}
.prices td:nth-child(3),.prices td:nth-child(4),.prices th:nth-child(n+3){text-align:left;white-space:normal}
pre{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:.8rem 1rem;overflow-x:auto}
`;
