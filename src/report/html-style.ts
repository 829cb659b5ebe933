// How the page looks: light and dark, on a screen, a phone and paper. The policy of the page names it by its digest; a test has the digest at hand when it changes.

export const styleDigest = "sha256-TfDAvUmCJvG2NjBquOZ80nKgvOFHOhErokLwFtETRDM=";

export const pageStyle = `
:root{--bg:#fbfbfa;--panel:#fff;--ink:#1c2128;--dim:#57606a;--line:#d5d9de;--soft:#f0f2f4;--link:#0a5bb5;--good:#166c34;--goodbg:#dcf3e3;--bad:#b42318;--badbg:#fde5e2;--warn:#8a5300;--warnbg:#fdf0d2;--iso:#9c2fae;--down:#c2410c;--rec:#0b6e99;--step:#4f6b8f;--mark:#1f2937;--focus:#0a5bb5}
@media (prefers-color-scheme:dark){:root{--bg:#0f1318;--panel:#171c23;--ink:#e3e8ee;--dim:#9aa5b1;--line:#2e3641;--soft:#1f2630;--link:#79b8ff;--good:#67d68b;--goodbg:#12311e;--bad:#ff8f85;--badbg:#3d1714;--warn:#f0b64a;--warnbg:#3a2a08;--iso:#d58be4;--down:#ff9a5c;--rec:#58c0ea;--step:#8fb0da;--mark:#e3e8ee;--focus:#79b8ff}}
*{box-sizing:border-box}
html{scroll-behavior:smooth}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0 auto;max-width:1280px;padding:0 20px 60px;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
code,pre,.log{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:13px}
h1{font-size:26px;margin:0}h2{font-size:18px;margin:0;display:inline}h3{font-size:15px;margin:22px 0 8px}summary h3{display:inline}h4{margin:14px 0 6px;font-size:14px}
a{color:var(--link)}small,.facts,.note,.legend{color:var(--dim)}small{font-weight:400}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px;border-radius:3px}
.patterns{position:absolute}.skip{position:absolute;left:-999px}.skip:focus{left:8px;top:8px;background:var(--panel);padding:6px 10px;z-index:2}
header{padding:28px 0 18px;border-bottom:3px solid var(--good);margin-bottom:20px}header.fail{border-color:var(--bad)}
.chips{list-style:none;display:flex;flex-wrap:wrap;gap:8px;padding:0;margin:10px 0 6px}
.badge{display:inline-block;padding:1px 9px;border-radius:99px;font-size:13px;font-weight:600;white-space:nowrap;background:var(--soft)}
.badge.pass{background:var(--goodbg);color:var(--good)}.badge.fail,.badge.error,.badge.driver{background:var(--badbg);color:var(--bad)}.badge.invalid,.badge.limit{background:var(--warnbg);color:var(--warn)}
details.run{background:var(--panel);border:1px solid var(--line);border-left:5px solid var(--bad);border-radius:8px;padding:14px 20px;margin:0 0 18px}
details.run.pass{border-left-color:var(--good)}details.run.invalid,details.run.limit{border-left-color:var(--warn)}
summary{cursor:pointer}details.section{margin-top:18px}details.section>summary{padding:2px 0}
.index{margin:0 0 20px;padding-left:20px}.facts{margin:6px 0 12px}.reason{font-weight:600;color:var(--bad);margin:8px 0}
pre{margin:4px 0;white-space:pre-wrap}pre.source,pre.diff,.commands pre{background:var(--soft);border-radius:6px;padding:8px 10px;overflow:auto;max-height:460px}
.expectations pre.source,.faults pre.source{display:inline-block;margin:4px 0 0;padding:2px 8px;font-weight:400}
.place{color:var(--dim);display:block;font-weight:400}.number{color:var(--dim);user-select:none}
.minus,.got{color:var(--bad)}.plus,.holds{color:var(--good)}.diff .after{opacity:.75}
.wide{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:5px 10px;border-bottom:1px solid var(--line)}thead th{color:var(--dim);font-size:13px;font-weight:600}
tbody th{font-weight:500}.expectations tbody th{width:46%}.expectations td{width:27%}.faults tbody th{width:46%}.faults td:nth-child(2){white-space:nowrap}.runs td{white-space:nowrap}.runs thead th{white-space:nowrap}
th button{all:unset;cursor:pointer;font-weight:600}th button:focus-visible{outline:2px solid var(--focus)}th[aria-sort=ascending] button::after{content:" ▲"}th[aria-sort=descending] button::after{content:" ▼"}
.reproduce{display:flex;gap:10px;align-items:center;background:var(--soft);border-radius:6px;padding:8px 12px;margin:12px 0}.reproduce code{flex:1}
button,select,input{font:inherit;font-size:13px;color:var(--ink);background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:3px 9px}button{cursor:pointer}button:hover{border-color:var(--link)}
.tools{display:flex;flex-wrap:wrap;gap:8px 12px;align-items:center;margin:8px 0}.tools[hidden]{display:none}.tools label{font-size:13px;color:var(--dim);display:flex;gap:6px;align-items:center}input[type=range]{padding:0;width:120px}
.lanes{display:flex;border:1px solid var(--line);border-radius:6px;overflow:hidden}
.names{list-style:none;margin:0;padding:22px 0 4px;flex:none;width:190px;border-right:1px solid var(--line);background:var(--soft);font-size:12.5px}.names li{height:24px;line-height:24px;padding:0 8px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.picture{flex:1;min-width:0;overflow:hidden;cursor:crosshair;touch-action:pan-y}.picture svg{display:block}
svg text{font:12px system-ui,sans-serif;fill:var(--dim)}svg .lane{fill:transparent;stroke:var(--line);stroke-width:.5}svg .tick rect{fill:var(--line)}
svg .event{fill:var(--dim)}svg text.event{font-size:14px;text-anchor:middle;fill:var(--mark)}svg .event.fault,.k.fault{fill:var(--down);color:var(--down)}svg .event.expectation,.k.expectation{fill:var(--bad);color:var(--bad)}svg .event.machine-check,.k.machine-check{fill:var(--bad);color:var(--bad)}svg .event.isolation{fill:var(--iso)}svg .event.link,svg .event.reset{fill:var(--down)}svg .event.error{fill:var(--bad)}svg .event.recovery{fill:var(--rec)}
svg .bar rect{fill:var(--step);fill-opacity:.35;stroke:var(--step)}svg .bar text{fill:var(--ink);pointer-events:none}svg .bar.isolated text{paint-order:stroke;stroke:var(--panel);stroke-width:4px}svg .bar.isolated rect{fill:url(#hatch);fill-opacity:1;stroke:var(--iso)}#hatch rect{fill:var(--iso);fill-opacity:.55}svg .bar.link-down rect{fill:var(--down);stroke:var(--down)}svg .bar.training rect{fill:var(--warn);stroke:var(--warn)}svg .bar.recovery rect{fill:var(--rec);stroke:var(--rec)}
svg .moment,svg .cursor{pointer-events:none}svg .moment rect{fill:var(--down)}svg .moment.failed rect{fill:var(--bad);width:2px}svg .moment.ready rect{fill:var(--good)}svg .cursor{fill:var(--link);width:2px}
.legend{font-size:12.5px;display:flex;flex-wrap:wrap;gap:2px 16px;margin:6px 0}.k.isolated{color:var(--iso)}.k.link-down{color:var(--down)}.k.recovery{color:var(--rec)}
.said{min-height:1.5em;margin:6px 0 0;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px}
.log{list-style:none;margin:6px 0;padding:6px 0;max-height:420px;overflow:auto;background:var(--soft);border-radius:6px}.log li{display:flex;gap:10px;padding:0 10px}.log li[hidden]{display:none}
.log .at{all:unset;cursor:pointer;flex:none;width:112px;text-align:right;color:var(--link);white-space:nowrap}.log .at:focus-visible{outline:2px solid var(--focus)}.log .level{flex:none;width:52px;color:var(--dim)}.log .err,.log .crit,.log .alert,.log .emerg{color:var(--bad)}.log .warn{color:var(--warn)}.log .debug{color:var(--dim)}.log .near{background:var(--warnbg);border-top:2px solid var(--down)}.log .here{outline:2px solid var(--link);outline-offset:-2px}
.tree,.tree ul{list-style:none;margin:0;padding-left:22px}.tree{padding-left:0}.tree ul ul,.tree>li>ul{border-left:1px solid var(--line);margin-left:12px}.part{padding:5px 0}.part .facts{display:flex;flex-wrap:wrap;gap:2px 6px;padding:0;margin:2px 0 0;border:0;font-size:13px}.part .facts li{background:var(--soft);border-radius:4px;padding:0 7px}
.kind{color:var(--dim)}.condition{font-size:13px;font-weight:600;color:var(--good)}.dead .condition{color:var(--bad)}.dead>b{text-decoration:line-through}.impaired .condition{color:var(--warn)}.empty .condition{color:var(--dim)}.regions{padding-left:18px}
.registers{border-top:1px solid var(--line);padding:8px 0}.registers th{font-weight:500}.fields{list-style:none;margin:0;padding:0;font-size:13px}td.changed,li.changed{background:var(--warnbg)}.flag{font-size:11px;color:var(--warn);font-weight:600}.hide-same tr.same{display:none}
.commands{padding-left:20px}.exit{color:var(--warn);font-weight:600}
@media (max-width:700px){body{padding:0 10px 40px;font-size:14px}details.run{padding:12px}h1{font-size:21px}.names{width:104px;font-size:11.5px}.log li{flex-wrap:wrap;gap:0 8px}.log .at{width:auto}.expectations,.faults,.expectations tbody,.faults tbody,.expectations tr,.faults tr,.expectations tbody th,.expectations td,.faults tbody th,.faults td{display:block;width:auto}.expectations thead,.faults thead{display:none}.faults td{border:0}.expectations td::before{content:"expected ";color:var(--dim)}.expectations td.got::before{content:"got "}.expectations td{border:0;padding-top:0}.expectations td pre{display:inline}.tools label{flex-wrap:wrap}.reproduce{flex-wrap:wrap}svg .minor text{display:none}}
@media print{body{max-width:none;background:#fff}.tools,.copy,.skip,.said{display:none!important}.log,pre.source,pre.diff,.commands pre{max-height:none;overflow:visible}.wide{overflow:visible}details.run{break-inside:auto;border-color:#999}tr{break-inside:avoid}}
`;
