// The result of a replay as one page that needs nothing else: no script, no font, no other file.

import { escapeText } from '../base/escape.ts'
import type { Span } from '../base/diagnostic.ts'
import { plotOf } from './html-plot.ts'
import { pageStyle } from './html-style.ts'
import type { ReplayReport, ReportedLimit, ReportedRefusal } from './report.ts'

export function htmlReport(report: ReplayReport): string {
  const { trace, policy } = report
  const title = `Replay of ${text(trace.files.join(', '))}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${pageStyle}</style>
</head>
<body>
<main>
<h1>What ${text(policy.file)} would have done</h1>
<p class="dim">${title}: ${date(trace.startMs)} to ${date(trace.endMs)} UTC, ${trace.events} events</p>
${cards(report)}
${adviceSection(report)}
${limitsTable(report)}
${plots(report)}
${refusalsTable(report)}
${notes(report)}
</main>
</body>
</html>
`
}

function cards({ totals, trace }: ReplayReport): string {
  const shown: readonly (readonly [string, number])[] = [
    ['sessions admitted in the record', trace.sessions],
    ['refused in the record', totals.refusedInRecord],
    ['refused in the replay', totals.refused],
    ['refused in both', totals.refusedInBoth],
    ['only in the replay', totals.newlyRefused],
    ['only in the record', totals.newlyAdmitted],
  ]
  return `<ul class="cards">${shown.map(([label, value]) => `<li><b>${value}</b>${label}</li>`).join('')}</ul>`
}

function adviceSection({ advice }: ReplayReport): string {
  if (advice.length === 0) return ''
  const rows = advice.map(
    ({ limit, cap, demandPeak, suggestedCap, dependsOnAssumption }) =>
      `<tr><td>${text(limit)}</td><td class="n">${cap ?? 'none'}</td><td class="n">${demandPeak}${dependsOnAssumption ? ' *' : ''}</td><td class="n"><b>${suggestedCap}</b></td></tr>`,
  )
  return `<h2>Advice: caps that would have refused nobody</h2>
<div class="scroll"><table><thead><tr><th>Limit</th><th class="n">Cap</th><th class="n">Wanted at most</th><th class="n">With head-room</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}

function limitsTable({ limits }: ReplayReport): string {
  const rows = limits.map((limit) => {
    const hot = limit.refused > 0 ? ' hot' : ''
    return `<tr><td>${text(limit.limit)}${limit.isDryRun ? ' <span class="dim">dry run</span>' : ''}</td><td class="n">${limit.cap ?? '<span class="dim">none</span>'}</td><td class="n">${limit.peak}${limit.dependsOnAssumption ? ' *' : ''}</td><td class="n">${date(limit.peakAtMs)}</td><td class="n">${duration(limit.atCapMs)}</td><td class="n${hot}">${limit.refused}</td><td class="n">${limit.recorded}</td><td class="dim">${span(limit.origin)}</td></tr>`
  })
  return `<h2>Limits</h2>
<div class="scroll"><table><thead><tr><th>Limit</th><th class="n">Cap</th><th class="n">Peak</th><th class="n">At</th><th class="n">Time at cap</th><th class="n">Refused</th><th class="n">In the record</th><th>Written</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>
${limits.some(({ dependsOnAssumption }) => dependsOnAssumption) ? '<p class="dim">* counts sessions whose length is assumed</p>' : ''}`
}

/** Plots of more limits than anybody looks at would make the page slow. */
const plotsMax = 60

function plots({ limits, trace }: ReplayReport): string {
  const capped = limits.filter(({ cap }) => cap !== undefined)
  const drawn = capped.slice(0, plotsMax).map((limit) => section(limit, trace))
  const more =
    capped.length > plotsMax
      ? `<p class="dim">${capped.length - plotsMax} more are not drawn</p>`
      : ''
  const legend = `<p class="dim"><span class="key" style="background:var(--used)"></span>held<span class="key" style="background:var(--demand)"></span>wanted, if nobody were refused<span class="key" style="background:var(--cap)"></span>cap<span class="key" style="background:var(--refused)"></span>refused</p>`
  return drawn.length === 0 ? '' : `<h2>Over time</h2>${legend}${drawn.join('')}${more}`
}

function section(limit: ReportedLimit, trace: ReplayReport['trace']): string {
  const name = text(limit.limit)
  const label = `${name}: peak ${limit.peak} of ${limit.cap ?? 'no cap'}, ${limit.refused} refused`
  const who = limit.clients.map(([client, count]) => `${text(client)} (${count})`).join(', ')
  const users = limit.users.map(([user, count]) => `${text(user)} (${count})`).join(', ')
  return `<section class="limit"><h3>${name}</h3>${plotOf(limit, trace, label)}${
    limit.refused === 0
      ? ''
      : `<p>${limit.refused} refused, ${limit.refusedInRecord} of them in the record, too, from ${date(limit.firstRefusedMs ?? 0)} to ${date(limit.lastRefusedMs ?? 0)}. Clients: ${who}${users === '' ? '' : `. Users: ${users}`}.</p>`
  }</section>`
}

function refusalsTable({ refusals, totals }: ReplayReport): string {
  if (refusals.length === 0) return ''
  const row = (one: ReportedRefusal): string =>
    `<tr><td class="n">${date(one.atMs)}</td><td>${text(one.client)}</td><td>${one.user === undefined ? '' : text(one.user)}</td><td>${text(one.listen)}</td><td>${text(one.limit)}</td><td>${one.recorded === undefined ? 'admitted' : text(one.recorded)}</td></tr>`
  const more =
    totals.refused > refusals.length ? `, the first ${refusals.length} of ${totals.refused}` : ''
  return `<h2>Who would have been refused</h2><details><summary>${refusals.length} refusals${more}</summary>
<div class="scroll"><table><thead><tr><th>When</th><th>Client</th><th>User</th><th>Listen</th><th>Refused by</th><th>In the record</th></tr></thead><tbody>${refusals.map(row).join('')}</tbody></table></div></details>`
}

function notes({ notes: all, assumption }: ReplayReport): string {
  const lengths = Object.entries(assumption.lengthMs).map(
    ([listen, ms]) => `${duration(ms)} on ${text(listen)}`,
  )
  const assumed =
    lengths.length === 0
      ? []
      : [
          `<li>sessions that the record shows refused are taken to last ${lengths.join(', ')}: ${assumption.kind === 'median' ? 'the median of those admitted' : 'as was asked for'}</li>`,
        ]
  const items = all.map(({ severity, text: words }) => {
    const isWarning = severity === 'warning'
    return `<li>${isWarning ? '<span class="warning">Warning:</span> ' : ''}${text(words)}</li>`
  })
  return `<h2>What this rests on</h2><ul class="notes">${[...assumed, ...items].join('')}</ul>`
}

/** The longest texts are notes; names from the network are shorter. */
const textLength = 2000

/** Printable, and nothing that HTML would take for its own. */
function text(raw: string): string {
  return escapeText(raw, textLength)
    .replaceAll('\\"', '"')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

function date(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').slice(0, 19)
}

function duration(ms: number): string {
  if (ms === 0) return '-'
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  if (ms < 3_600_000) return `${(ms / 60_000).toFixed(1)} min`
  return `${(ms / 3_600_000).toFixed(1)} h`
}

function span(origin: Span | undefined): string {
  return origin === undefined ? '' : text(`${origin.file}:${origin.line}`)
}
