"""The style sheet of report.html: light and dark, narrow and wide, screen and paper."""

from __future__ import annotations

__all__ = ["CSS"]

CSS = """
:root{color-scheme:light dark;--ground:#fff;--text:#1b1f24;--quiet:#59636e;--line:#d5dae0;--panel:#f4f6f8;
--blue:#2a87c8;--warn:#a84600}
@media (prefers-color-scheme:dark){:root{--ground:#14171b;--text:#e4e8ec;--quiet:#9aa4ae;--line:#363d45;
--panel:#1d2126;--warn:#ff9a4d}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",
sans-serif;overflow-wrap:anywhere;-webkit-text-size-adjust:100%}
main{max-width:1080px;margin:0 auto;padding:24px 20px 40px}
header{border-bottom:2px solid var(--blue);margin-bottom:8px}
h1{font-size:1.7em;line-height:1.2;margin:0}
header p{font-size:1.1em;margin:4px 0 12px}
h2{font-size:1.25em;margin:32px 0 8px}
h3{font-size:1em;margin:16px 0 6px}
p{margin:6px 0}
.warn{color:var(--warn);font-weight:600}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:3px 12px 3px 0;text-align:right;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{color:var(--quiet);font-weight:600;font-size:.87em;white-space:nowrap}
.word{text-align:left}
td.text:last-child{min-width:13em}
td,tbody th{font-weight:400;white-space:nowrap}
.text{white-space:normal;min-width:6em;max-width:24em}
th:first-child,td:first-child,.text{text-align:left}
th:last-child,td:last-child{padding-right:0}
.wide{width:100%;max-width:640px}
.bar{width:50%;vertical-align:middle;border-color:transparent}
.bar i{display:block;height:10px;background:var(--blue);border-radius:2px}
.beside{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:16px 32px}
.beside>div{min-width:0}
.figure{overflow-x:auto}
.figure svg{min-width:320px}
.key{color:var(--quiet);font-size:.87em}
.key b{display:inline-block;width:20px;height:3px;vertical-align:middle;margin:0 4px 0 8px}
.above{background:#de6a10}.below{background:#2a87c8}
pre{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:12px;margin:8px 0;
white-space:pre-wrap;overflow-wrap:anywhere;font-size:.87em}
details summary{cursor:pointer;padding:4px 0}
footer{margin-top:32px;padding-top:8px;border-top:1px solid var(--line);color:var(--quiet);font-size:.87em}
@media (max-width:480px){main{padding:16px 14px 32px}h1{font-size:1.35em}body{font-size:14px}
th,td{padding-right:8px}}
@media print{:root{color-scheme:light;--ground:#fff;--text:#000;--quiet:#444;--line:#bbb;--panel:#fff}
main{max-width:none;padding:0}h2,h3{break-after:avoid}tr,svg,pre{break-inside:avoid}
.bar i,.key b{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.scroll,.figure{overflow:visible}
details::details-content{content-visibility:visible;block-size:auto}}
"""
