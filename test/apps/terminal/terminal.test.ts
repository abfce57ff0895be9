import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatBytes,
  formatCount,
  formatMicros,
  formatMillis,
} from '../../../apps/terminal/format.js';
import { createStyle, wantsColor, widthOf } from '../../../apps/terminal/style.js';
import { tableLines } from '../../../apps/terminal/table.js';
import { Terminal } from '../../../apps/terminal/terminal.js';

function recorded(isTTY: boolean, environment: NodeJS.ProcessEnv = {}) {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text), isTTY, columns: 20 };
  return { terminal: new Terminal(stream, environment), text: () => written.join('') };
}

test('colours: FORCE_COLOR decides, then NO_COLOR, then the terminal', () => {
  assert.equal(wantsColor({}, true), true);
  assert.equal(wantsColor({}, false), false);
  assert.equal(wantsColor({ NO_COLOR: '1' }, true), false);
  assert.equal(wantsColor({ NO_COLOR: '' }, true), true);
  assert.equal(wantsColor({ FORCE_COLOR: '1', NO_COLOR: '1' }, false), true);
  assert.equal(wantsColor({ FORCE_COLOR: '0' }, true), false);
  assert.equal(wantsColor({ TERM: 'dumb' }, true), false);
});

test('without colours text stays as it is; with them it is as wide as before', () => {
  assert.equal(createStyle(false).red('x'), 'x');
  const red = createStyle(true).red('wörd');
  assert.match(red, /31mwörd/);
  assert.equal(widthOf(red), 4);
});

test('elsewhere than on a terminal there are only plain lines', () => {
  const { terminal, text } = recorded(false);
  terminal.line('a');
  terminal.progress('50 %');
  terminal.status('measuring');
  terminal.progressDone();
  terminal.line('b');
  assert.equal(text(), 'a\n50 %\nb\n');
});

test('on a terminal progress is written over, and lines go above it', () => {
  const { terminal, text } = recorded(true);
  terminal.progress('50 %');
  terminal.line('news');
  terminal.progress('a line that is far too long for it');
  terminal.progressDone();
  terminal.progressDone();
  const erased = '\r\u001b[2K';
  const cut = 'a line that is far ';
  assert.equal(text(), `50 %${erased}news\n50 %${erased}${cut}${erased}`);
});

test('tables line up, colours or not', () => {
  const { red } = createStyle(true);
  const columns = [{ title: 'name' }, { title: 'n', align: 'right' }] as const;
  const lines = tableLines(columns, [
    ['a', '1'],
    [red('longer'), '23'],
  ]);
  assert.deepEqual(lines.map(widthOf), [10, 10, 10]);
  assert.equal(lines[1], 'a        1');
});

test('sizes and times in the unit that a person would choose', () => {
  assert.deepEqual([0, 999, 43_562_781, 5e12].map(formatBytes), [
    '0 B',
    '999 B',
    '43.6 MB',
    '5.00 TB',
  ]);
  assert.deepEqual([5, 870, 35_900, 4_115_163, 2e9].map(formatCount), [
    '5',
    '870',
    '35.9 k',
    '4.12 M',
    '2.00 G',
  ]);
  assert.deepEqual([0, 1.234, 999.6, 12_345, 2e6].map(formatMicros), [
    '0 us',
    '1.23 us',
    '1.00 ms',
    '12.3 ms',
    '2.00 s',
  ]);
  assert.equal(formatMillis(185_000), '3 min 5 s');
});
