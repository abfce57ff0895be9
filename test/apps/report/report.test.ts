import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawLinePlot, scaleFor } from '../../../apps/report/line-plot.js';
import { describeMachine } from '../../../apps/report/machine.js';
import { renderPage } from '../../../apps/report/page.js';
import { type DemoReport, roundTo } from '../../../apps/report/report-model.js';
import { escapeHtml } from '../../../apps/report/svg.js';
import { NO_LATENCY } from '../../../apps/load/histogram.js';

const REPORT: DemoReport = {
  machine: describeMachine(),
  cluster: {
    taskExecutors: 1,
    startMs: 120,
    processJoinMs: null,
    processId: 1,
    members: [
      {
        resourceId: 'taskexecutor-<0>',
        instanceId: '0123456789',
        processId: 1,
        thread: 0,
        isOwnProcess: false,
        registeredMs: 120,
        endpoints: ['shard 0'],
      },
    ],
  },
  wordCount: {
    bytes: 10,
    words: 2,
    clusterMs: 1,
    plainMs: 2,
    equal: true,
    speedUp: 2,
    files: 1,
    skipped: 0,
    distinctWords: 2,
    rounds: [{ clusterMs: 1, plainMs: 2 }],
    top: [{ word: '<script>', count: 1 }],
    shards: [],
    readers: [],
  },
  load: [
    {
      path: 'thread',
      kind: 'ask',
      inFlight: 1,
      callsPerSecond: 1000,
      p50Us: 1,
      p99Us: 2,
      p999Us: 3,
      cpuUsPerCall: 1,
      verified: true,
      latency: { ...NO_LATENCY, count: 1, p50Us: 1, p90Us: 2, p99Us: 2, p999Us: 3, maxUs: 9 },
      calls: 1,
      errors: 0,
      timeouts: 0,
      wrong: 0,
      throughput: { intervalMs: 25, callsPerSecond: [1000, 0, 900] },
    },
  ],
  version: '0.0.0',
  createdAt: '2026-01-02T03:04:05.000Z',
  interrupted: false,
};

test('the page needs no network and no script, and shows what people wrote as text', () => {
  const page = renderPage(REPORT);
  assert.doesNotMatch(page, /https?:|<script|<link|<img|url\(|@import/);
  assert.match(page, /&#60;script&#62;/);
  assert.match(page, /taskexecutor-&#60;0&#62;/);
  assert.match(page, /prefers-color-scheme: dark/);
  assert.match(page, /name="viewport"/);
  assert.doesNotMatch(page, /NaN|undefined|Infinity/);
});

test('a page of what was measured until Ctrl-C', () => {
  const page = renderPage({ ...REPORT, wordCount: null, load: [], interrupted: true });
  assert.match(page, /Stopped by Ctrl-C/);
  assert.doesNotMatch(page, /Load test|NaN|undefined/);
  assert.match(renderPage({ ...REPORT, cluster: null }), /did not come up/);
});

test('scales hold all values between round numbers', () => {
  assert.deepEqual(scaleFor([1.1, 950], 'log').marks, [1, 10, 100, 1000]);
  assert.deepEqual(scaleFor([100, 100], 'log').marks, [100, 1000]);
  assert.deepEqual(scaleFor([3, 7.5], 'linear').marks, [0, 2, 4, 6, 8]);
});

test('a plot of nothing says so', () => {
  const plot = { title: 't', lines: [], ticks: [], scale: 'log', hasDots: true } as const;
  assert.match(drawLinePlot({ ...plot, format: String }), /Nothing was measured/);
});

test('small things', () => {
  assert.equal(escapeHtml(`<a b="c">&'`), '&#60;a b=&#34;c&#34;&#62;&#38;&#39;');
  assert.equal(roundTo(1.23456, 3), 1.235);
});
