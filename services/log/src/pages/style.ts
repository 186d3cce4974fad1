import { hash } from 'node:crypto';

/** The one style sheet. Colours meet WCAG AA in both schemes; tones repeat what the words say. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --bg: #f6f7f6; --panel: #fff; --text: #17201c; --soft: #55635c; --line: #d8ded9; --link: #0b5e45;
  --good: #0a5c3c; --good-bg: #dff3e7; --bad: #a1182b; --bad-bg: #fde5e7; --warn: #7a4a00; --warn-bg: #fdf0d5; --quiet: #55635c; --quiet-bg: #eceFec;
  --accent: #17624a; --code: #eef1ee;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #101513; --panel: #171e1b; --text: #e4ebe7; --soft: #a2b0a9; --line: #2c3733; --link: #7fd6b2;
    --good: #86e0b0; --good-bg: #12352a; --bad: #ff9ba5; --bad-bg: #43161c; --warn: #f3c672; --warn-bg: #3a2b0e; --quiet: #a2b0a9; --quiet-bg: #222b27;
    --accent: #0f3d2f; --code: #1f2824;
  }
}
* { box-sizing: border-box; }
html { font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--bg); color: var(--text); min-height: 100vh; display: flex; flex-direction: column; }
main { flex: 1; }
.wrap { width: 100%; max-width: 72rem; margin: 0 auto; padding: 0 1.25rem; }
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible, input:focus-visible, button:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--panel); padding: .5rem 1rem; z-index: 1; }
.top { background: var(--accent); }
.top .wrap { display: flex; flex-wrap: wrap; gap: .4rem 1.6rem; align-items: center; padding-top: .8rem; padding-bottom: .8rem; }
.top a { color: #fff; text-decoration: none; }
.top a:hover { text-decoration: underline; }
.top a:focus-visible { outline-color: #fff; }
.brand { font-weight: 650; font-size: 1.1rem; margin-right: auto; overflow-wrap: anywhere; }
.mark { display: inline-block; width: 1.6rem; text-align: center; background: #ffffff26; border-radius: .35rem; margin-right: .3rem; }
nav a { margin-left: 1.1rem; font-size: .95rem; }
nav a:first-child { margin-left: 0; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 1.8rem 0 .4rem; overflow-wrap: anywhere; }
h1 .version { color: var(--soft); font-weight: 450; }
h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; }
p { margin: .5rem 0; max-width: 48rem; }
.lead, .meta, footer { color: var(--soft); }
.meta { font-size: .92rem; }
h1 + .mono { margin-top: 0; overflow-wrap: anywhere; }
code, pre, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: .86em; }
code { overflow-wrap: anywhere; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: .5rem; padding: .8rem 1rem; overflow-x: auto; margin: .6rem 0; }
pre code { overflow-wrap: normal; font-size: 1em; }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: .6rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
th, td { text-align: left; padding: .6rem .9rem; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child > th, tr:last-child > td { border-bottom: 0; }
thead th { color: var(--soft); font-weight: 550; font-size: .88rem; background: var(--code); }
thead tr:first-child th:first-child { border-top-left-radius: .6rem; }
thead tr:first-child th:last-child { border-top-right-radius: .6rem; }
tbody th { font-weight: 550; overflow-wrap: anywhere; }
.stack tbody th { min-width: 17rem; }
.scroll tbody th { min-width: 14rem; }
.digest { display: block; color: var(--soft); font-weight: 400; overflow-wrap: anywhere; max-width: 24rem; }
.sub { display: block; color: var(--soft); font-weight: 400; font-size: .86rem; }
.tone { display: inline-flex; align-items: baseline; gap: .4em; padding: .1rem .6rem; border-radius: 1rem; font-size: .88rem; font-weight: 550; white-space: nowrap; text-decoration: none; }
a.tone:hover { text-decoration: underline; }
.good { color: var(--good); background: var(--good-bg); }
.bad { color: var(--bad); background: var(--bad-bg); }
.warn { color: var(--warn); background: var(--warn-bg); }
.quiet { color: var(--quiet); background: var(--quiet-bg); }
time, thead th { white-space: nowrap; }
.sub { margin-top: .15rem; }
.notice { border-left: 4px solid var(--bad); padding: .6rem 1rem; margin: 1rem 0; overflow-wrap: anywhere; }
.notice.strong { border-left-color: var(--warn); background: var(--warn-bg); }
.notices { margin-top: 1.2rem; }
form.find { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1.1rem 0; }
form.find input { flex: 1 1 20rem; min-width: 0; font: inherit; padding: .5rem .8rem; border: 1px solid var(--soft); border-radius: .45rem; background: var(--panel); color: inherit; }
form.find input::placeholder { color: var(--soft); opacity: 1; }
form.find button { font: inherit; padding: .5rem 1.2rem; border: 0; border-radius: .45rem; background: var(--accent); color: #fff; cursor: pointer; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .35rem 1.4rem; margin: .8rem 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
details { margin: .8rem 0; }
summary { cursor: pointer; font-weight: 550; }
.pager { display: flex; justify-content: space-between; margin: 1rem 0; }
footer { border-top: 1px solid var(--line); margin-top: 3rem; padding: 1rem 0 1.6rem; font-size: .9rem; }
@media (max-width: 40rem) {
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .6rem; }
  nav a { margin-left: 0; margin-right: 1rem; }
  th, td { padding: .5rem .6rem; }
  .stack tbody th { min-width: 0; }
  .stack, .stack tbody, .stack tr, .stack th, .stack td { display: block; }
  .stack thead { position: absolute; left: -999rem; }
  .stack tr { padding: .6rem .3rem; border-bottom: 1px solid var(--line); }
  .stack tr:last-child { border-bottom: 0; }
  .stack th, .stack td { border: 0; padding: .15rem .6rem; }
}
`;

/** Named by its content, so that it can be cached for good. */
export const STYLE_PATH = `/assets/style-${hash('sha256', STYLE, 'hex').slice(0, 16)}.css`;
