import {
  formatBytes,
  formatCount,
  formatMicros,
  formatMillis,
  formatWhole,
} from '../terminal/format.js';
import { htmlDocument, table } from './html.js';
import { drawLinePlot, type PlotLine } from './line-plot.js';
import { machineLine } from './machine.js';
import type { DemoReport, LoadReport, ReportPath, WordCountReport } from './report-model.js';
import { escapeHtml } from './svg.js';
import { drawTopology } from './topology-plot.js';
import { drawWordCount } from './word-count-plot.js';

/** `report.html`: one file, no script, nothing from the network. */
export function renderPage(report: DemoReport): string {
  return htmlDocument('ringlane report', renderBody(report));
}

function renderBody(report: DemoReport): string {
  const { machine, version, createdAt, interrupted, wordCount } = report;
  const stopped = interrupted
    ? '<p class="bad">Stopped by Ctrl-C: this is what was measured until then.</p>'
    : '';
  const origin = `ringlane ${version}, ${readableTime(createdAt)}. ${machineLine(machine)}.`;
  return `<h1>ringlane report</h1>
<p class="quiet">${escapeHtml(origin)}</p>
${stopped}${renderCards(report)}
<h2>Who runs where</h2>
<div class="pair">${drawTopology(report)}${renderMembers(report)}</div>
${wordCount ? renderWordCount(wordCount) : ''}
${report.load.length > 0 ? renderLoad(report.load) : ''}`;
}

/** `2026-11-21 12:16 UTC`. */
function readableTime(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}

function renderCards({ cluster, wordCount, load }: DemoReport): string {
  const cards: [value: string, text: string][] = [];
  if (cluster) {
    const text = `from start until ${cluster.taskExecutors} TaskExecutors are registered`;
    cards.push([formatMillis(cluster.startMs), text]);
  }
  if (wordCount) {
    cards.push([
      `${wordCount.speedUp.toFixed(2)} x`,
      `as fast as one plain thread at counting words; ${verdictOf(wordCount).short}`,
    ]);
  }
  for (const path of ['thread', 'tcp'] as const) {
    const asks = load.filter((row) => row.path === path && row.kind === 'ask');
    const one = asks.find((row) => row.inFlight === 1);
    const most = asks.reduce((max, row) => Math.max(max, row.callsPerSecond), 0);
    const where = path === 'thread' ? 'to another thread' : 'to another process';
    if (one) cards.push([formatMicros(one.p50Us), `an ask ${where}, p50, one at a time`]);
    if (most > 0) cards.push([`${formatCount(most)}/s`, `asks ${where}`]);
  }
  const items = cards.map(
    ([value, text]) => `<div class="card"><b>${value}</b><span>${text}</span></div>`,
  );
  return `<div class="cards">${items.join('')}</div>`;
}

function renderMembers({ cluster }: DemoReport): string {
  if (!cluster) return '';
  const rows = cluster.members.map((member) => [
    escapeHtml(member.resourceId),
    member.isOwnProcess ? 'own process' : `thread ${member.thread}`,
    formatMillis(member.registeredMs),
    `<code>${escapeHtml(member.instanceId.slice(0, 8))}</code>`,
  ]);
  const note =
    'Threads of one process talk over lanes in shared memory, straight from thread to thread; ' +
    'the process of its own joined over TCP. InstanceIDs are cut to eight digits.';
  return `<div>${table(['TaskExecutor', 'where', 'registered after', 'InstanceID'], rows)}
<p class="quiet">${note}</p></div>`;
}

function renderWordCount(count: WordCountReport): string {
  const top = count.top.map(({ word, count: times }) => [
    `<code>${escapeHtml(word)}</code>`,
    formatWhole(times),
  ]);
  const skipped = count.skipped > 0 ? `, ${formatWhole(count.skipped)} skipped` : '';
  return `<h2>Word count</h2>
<p>${formatBytes(count.bytes)} in ${formatWhole(count.files)} files${skipped}:
${formatWhole(count.words)} words, ${formatWhole(count.distinctWords)} different ones.
${verdictOf(count).long}</p>
<div class="pair">${drawWordCount(count)}${table(['most frequent', 'times'], top)}</div>`;
}

function verdictOf({ equal }: WordCountReport): { readonly short: string; readonly long: string } {
  if (equal === null) return { short: 'not compared', long: 'The counts were not compared.' };
  return equal
    ? { short: 'every word equal', long: '<b class="good">The counts agree word for word.</b>' }
    : { short: 'COUNTS DIFFER', long: '<b class="bad">The counts differ.</b>' };
}

const LATENCY_TICKS = ['p50', 'p90', 'p99', 'p99.9', 'p99.99', 'max'];
const KIND_NAMES = {
  ask: 'ask',
  tell: 'tell',
  rawPostMessage: 'raw postMessage',
  rawSocket: 'raw socket',
} as const satisfies Record<LoadReport['kind'], string>;

function nameOf(row: LoadReport): string {
  return row.kind === 'tell' ? 'tell' : `${KIND_NAMES[row.kind]}, ${row.inFlight} in flight`;
}

function linesOf(rows: readonly LoadReport[], values: (row: LoadReport) => number[]): PlotLine[] {
  return rows.map((row, color) => ({
    name: nameOf(row),
    color,
    isDashed: row.kind.startsWith('raw'),
    values: values(row),
  }));
}

function renderLoad(load: readonly LoadReport[]): string {
  const plots = (['thread', 'tcp'] as const).map((path) => plotPath(load, path));
  const rows = load.map((row) => [
    `${KIND_NAMES[row.kind]} <span class="quiet">${WHERE[row.path]}</span>`,
    row.kind === 'tell' ? '-' : String(row.inFlight),
    formatCount(row.callsPerSecond),
    ...[row.p50Us, row.p99Us, row.p999Us].map(formatMicros),
    `${row.cpuUsPerCall.toFixed(2)} us`,
    row.verified ? '<span class="good">yes</span>' : '<span class="bad">NO</span>',
  ]);
  const titles = [
    'call',
    'in flight',
    'calls/s',
    'p50',
    'p99',
    'p99.9',
    'CPU per call',
    'verified',
  ];
  return `<h2>Load test</h2>
<p>On the same cluster, one caller: the home thread. Raw rows are <code>postMessage</code> and a
socket without any engine, measured in the same run. The latency of a tell is its way to the
endpoint, with the queue in front of it as full as the caller can make it. CPU is that of the
caller's process.</p>
<div class="pair">${plots.map(({ latency }) => latency).join('')}</div>
<div class="pair below">${plots.map(({ throughput }) => throughput).join('')}</div>
<div class="below">${table(titles, rows)}</div>`;
}

const WHERE: Readonly<Record<ReportPath, string>> = {
  thread: 'to another thread',
  tcp: 'to another process',
};

function plotPath(load: readonly LoadReport[], path: ReportPath) {
  const rows = load.filter((row) => row.path === path);
  const latency = drawLinePlot({
    title: `Latency ${WHERE[path]} (log scale)`,
    lines: linesOf(rows, ({ latency: l }) => [
      l.p50Us,
      l.p90Us,
      l.p99Us,
      l.p999Us,
      l.p9999Us,
      l.maxUs,
    ]),
    ticks: LATENCY_TICKS,
    scale: 'log',
    format: formatMicros,
    hasDots: true,
  });
  const throughput = drawLinePlot({
    title: `Calls a second over time ${WHERE[path]} (log scale)`,
    lines: linesOf(rows, (row) => [...row.throughput.callsPerSecond]),
    ticks: ['start', 'end'],
    scale: 'log',
    format: formatCount,
    hasDots: false,
  });
  return { latency, throughput };
}
