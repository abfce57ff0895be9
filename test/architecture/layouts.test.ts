import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Layout } from '../../core/base/layout.js';
import { drawLayout, renderLayouts, whyNotALayout } from '../support/layouts.js';
import { REPOSITORY_ROOT } from '../support/repository.js';
import { collectLayouts, expectedLayouts, LAYOUTS_PATH } from './collect-layouts.js';

const sample: Layout = {
  name: 'sample',
  title: 'Sample: every kind of box',
  lengthBytes: 160,
  fields: [
    { name: 'length', offset: 0, lengthBytes: 4, note: 'producer' },
    { name: 'kind', offset: 4, lengthBytes: 1, note: 'producer' },
    { name: 'lane', offset: 6, lengthBytes: 2, note: 'producer' },
    { name: 'tail', offset: 8, lengthBytes: 8, note: 'producer' },
    { name: 'token', offset: 16, lengthBytes: 12, note: 'caller' },
    { name: 'rest', offset: 160, lengthBytes: 0, note: 'records' },
  ],
};

test('docs/LAYOUTS.md is what the descriptors say; `npm run layouts` writes it', async () => {
  const actual = readFileSync(REPOSITORY_ROOT + LAYOUTS_PATH, 'utf8');
  assert.equal(actual, await expectedLayouts());
});

test('there is a layout for lanes, records and frames', async () => {
  const names = (await collectLayouts()).map(({ name }) => name);
  for (const name of ['lane', 'record', 'frame']) assert.ok(names.includes(name), name);
});

test('draws fields to scale: parts of a row, rows, breaks, unused bytes and an open end', () => {
  const lines = drawLayout(sample).split('\n').slice(3);
  assert.deepEqual(lines.slice(0, 12), [
    '|                            length                             |  0',
    '+---------------------------------------------------------------+',
    '|     kind      |               |             lane              |  4',
    '+---------------------------------------------------------------+',
    '|                             tail                              |  8',
    '|                                                               |',
    '+---------------------------------------------------------------+',
    '|                             token                             |  16',
    ':                           12 bytes                            :',
    '+---------------------------------------------------------------+',
    ':                       unused, 132 bytes                       :  28',
    '+---------------------------------------------------------------+',
  ]);
  assert.match(lines.slice(12).join('\n'), /^\| +rest +\|  160\n: +to the end +:\n/);
});

test('renders a table of the fields beneath the boxes', () => {
  const text = renderLayouts([sample]);
  assert.match(text, /^## Sample: every kind of box$/m);
  assert.match(text, /^\| 6 \| 2 \| `lane` \| producer \|$/m);
  assert.match(text, /^\| 160 \| rest \| `rest` \| records \|$/m);
});

test('a changed descriptor changes the text', () => {
  const [first, ...others] = sample.fields;
  const changed = { ...sample, fields: [{ ...first!, note: 'consumer' }, ...others] };
  assert.notEqual(renderLayouts([changed]), renderLayouts([sample]));
});

test('finds fields that overlap or leave the layout', () => {
  assert.equal(whyNotALayout(sample), undefined);
  const late = { name: 'late', offset: 158, lengthBytes: 4, note: '' };
  assert.match(whyNotALayout({ ...sample, fields: [late] }) ?? '', /late ends at 162, after 160/);
  const twice = [...sample.fields, { name: 'twice', offset: 10, lengthBytes: 2, note: '' }];
  assert.match(whyNotALayout({ ...sample, fields: twice }) ?? '', /twice overlaps/);
});
