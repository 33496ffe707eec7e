/** How the page looks: one column, light and dark, on a phone, and printed. */
import { DARK, declarations, LIGHT } from './palette.ts';

export const STYLE = `
:root{color-scheme:light dark;${declarations(LIGHT)}}
@media (prefers-color-scheme:dark){:root{${declarations(DARK)}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main,header,footer{max-width:1064px;margin:0 auto;padding:0 32px}
header{padding-top:40px}
h1{font-size:2rem;line-height:1.2;margin:0 0 4px;letter-spacing:-.015em;text-wrap:balance}
h2{font-size:1.4rem;line-height:1.25;margin:0 0 8px;letter-spacing:-.01em}
h3{font-size:1.06rem;line-height:1.35;margin:28px 0 4px}
h2.small{font-size:1rem;margin:0 0 4px}
section{margin:52px 0 0}
p,ul,dl{margin:0 0 12px}
p,li,dd{overflow-wrap:anywhere}
section>p,#summary li,#method li{max-width:74ch}
a{color:var(--accent)}
.quiet,.sub{color:var(--quiet)}
.sub{margin:0 0 18px}
nav{border-block:1px solid var(--line);padding:8px 0;font-size:.92rem}
nav ul{display:flex;flex-wrap:wrap;gap:4px 20px;list-style:none;margin:0;padding:0}
nav a{text-decoration:none;display:inline-block;padding:3px 0}
nav a:hover{text-decoration:underline}
#summary{margin-top:28px}
.lead{font-size:1.3rem;line-height:1.5;max-width:62ch;text-wrap:pretty}
.columns{columns:2 300px;padding-left:1.2em}
aside{border-left:4px solid var(--c2);background:var(--raised);padding:12px 16px;margin:20px 0 0;border-radius:0 6px 6px 0}
aside ul{margin:0;padding-left:1.2em}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,220px),1fr));gap:12px 24px;margin:16px 0 20px}
.facts dt,.quiet.small{font-size:.85rem;color:var(--quiet)}
dd{margin:0}
figure{margin:14px 0 0}
figcaption{color:var(--quiet);font-size:.95rem;max-width:74ch;margin-bottom:10px}
.plot{display:block;max-width:100%;height:auto;--plot-background:var(--ground);overflow:visible;font-family:inherit}
.plot text{font-variant-numeric:tabular-nums}
:where(.plot text,.plot tspan){white-space:pre}
.narrow{display:none}
.wide{overflow-x:auto}
.readout{position:relative}
.readout .line{position:absolute;top:0;bottom:44px;width:1px;background:var(--quiet);pointer-events:none}
.readout .tip{position:absolute;top:8px;z-index:1;pointer-events:none;background:var(--ground);color:var(--ink);border:1px solid var(--line);border-radius:6px;padding:6px 10px;font-size:.82rem;line-height:1.45;box-shadow:0 2px 10px #0003;white-space:nowrap}
.tip table{font-size:inherit}
.tip th,.tip td{padding:0 0 0 10px;border:0}
.tip th{padding-left:0;font-weight:600}
.key{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;padding:0;margin:0 0 8px;font-size:.88rem}
.key li{display:flex;align-items:center;gap:7px}
.swatch{width:14px;height:14px;border-radius:3px;display:inline-block;border:1px solid var(--line)}
.dot{width:11px;height:11px;border-radius:50%;display:inline-block}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:16px;margin-top:20px}
.card{border:1px solid var(--line);border-radius:8px;padding:14px 14px 10px;min-width:0;display:flex;flex-direction:column}
.card h3{margin:0 0 2px}
.card p{font-size:.86rem;color:var(--quiet);margin:0 0 8px}
.card .plot{width:100%;margin-top:auto}
.card .absent{margin:6px 0 0}
.card .aim{color:var(--ink)}
.good{color:var(--good);font-weight:600;white-space:nowrap}
.bad{color:var(--bad);font-weight:600;white-space:nowrap}
.scroll{overflow-x:auto;max-width:100%}
.scroll:focus-visible,summary:focus-visible,a:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
table{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:5px 12px;border-bottom:1px solid var(--grid);vertical-align:top}
thead th{color:var(--quiet);font-weight:600;border-bottom-color:var(--line);white-space:nowrap}
tbody th{font-weight:400}
th:first-child,td:first-child{text-align:left;padding-left:0}
table.rows{width:100%}
.group .good,.group .bad{margin-left:4px}
.group th{padding-top:18px;white-space:normal}
table.rows td{white-space:normal}
table.rows td:last-child{min-width:0}
td{white-space:nowrap}
td:last-child{white-space:normal;min-width:12ch}
td small,th small{display:block;color:var(--quiet);font-size:.8rem}
details{margin:14px 0 0}
summary{cursor:pointer;color:var(--accent);padding:4px 0;font-size:.93rem}
details[open]>summary{margin-bottom:6px}
pre{background:var(--raised);border-radius:6px;padding:12px 14px;margin:0 0 14px;font-size:.9rem}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
#glossary dl{columns:2 340px;column-gap:40px}
#glossary dl div{break-inside:avoid;margin-bottom:10px}
dt{font-weight:600}
.facts dt{font-weight:400}
footer{margin-top:56px;padding-top:16px;padding-bottom:40px;color:var(--quiet);font-size:.9rem}
@media (max-width:760px){
main,header,footer{padding-left:16px;padding-right:16px}
header{padding-top:24px}
h1{font-size:1.55rem}
.lead{font-size:1.12rem}
section{margin-top:40px}
.wide{display:none}
.narrow{display:block}
.narrow>.plot,.narrow>.readout>.plot{margin-inline:auto}
}
@media print{
:root{${declarations(LIGHT)}}
@page{margin:14mm}
body{font-size:10.5pt}
main,header,footer{max-width:none;padding:0}
nav,details:not([open]){display:none}
.wide{display:block;overflow:visible}
.narrow{display:none}
section{margin-top:28px}
h2,h3,figcaption{break-after:avoid}
figure,.card,aside,tr,dl div{break-inside:avoid}
header{padding-top:0}
h1{font-size:20pt}
.lead{font-size:13pt}
.cards{grid-template-columns:1fr 1fr;gap:10px}
.card{padding:8px 10px}
.card .plot{width:88%}
.scroll{overflow:visible}
table{font-size:8pt}
th,td{padding:3px 6px}
td{white-space:normal}
pre{white-space:pre-wrap}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`.replaceAll(/\n/g, '');
