import { type Column, tableLines } from '../terminal/table.js';
import { formatCount, formatMicros, formatMillis, formatWhole } from '../terminal/format.js';
import type { Terminal } from '../terminal/terminal.js';
import type { LoadResult } from './load-model.js';

/** Above this the latencies say more about the generator than about the target. */
const LATE_GENERATOR_US = 1_000;

const LATENCY_COLUMNS: readonly Column[] = [{ title: 'latency' }, { title: '', align: 'right' }];

/** Prints a result in the order that users of wrk2 and autocannon expect. */
export function printLoadResult(terminal: Terminal, result: LoadResult): void {
  const { latency, style } = { latency: result.latency, style: terminal.style };
  if (latency.count > 0) {
    const rows: readonly (readonly [string, number])[] = [
      ['p50', latency.p50Us],
      ['p90', latency.p90Us],
      ['p99', latency.p99Us],
      ['p99.9', latency.p999Us],
      ['p99.99', latency.p9999Us],
      ['max', latency.maxUs],
      ['mean', latency.meanUs],
    ];
    const cells = rows.map(([name, us]) => [`  ${name}`, formatMicros(us)]);
    for (const line of tableLines(LATENCY_COLUMNS, cells)) terminal.line(line);
    terminal.line();
  }
  const rate = style.bold(`${formatCount(result.callsPerSecond)} calls/s`);
  const asked = result.requestedPerSecond;
  const share = asked === undefined ? '' : ` of ${formatCount(asked)} requested${shareOf(result)}`;
  terminal.line(
    `${rate}${share}; ${formatWhole(result.calls)} in ${formatMillis(result.measuredMs)}`,
  );
  terminal.line(`${result.cpuUsPerCall.toFixed(2)} us CPU per call (this process, user + system)`);
  printProblems(terminal, result);
}

function shareOf({ callsPerSecond, requestedPerSecond = 0 }: LoadResult): string {
  const share = (callsPerSecond / requestedPerSecond) * 100;
  return ` (${Math.min(100, share).toFixed(share < 99.95 ? 1 : 0)} %)`;
}

function printProblems(terminal: Terminal, result: LoadResult): void {
  const { style } = terminal;
  const { errors, timeouts, wrong, refused, notSent } = result;
  terminal.line(
    `errors ${formatWhole(errors)}, time-outs ${formatWhole(timeouts)}, ` +
      `wrong replies ${formatWhole(wrong)}, refused ${formatWhole(refused)}`,
  );
  if (notSent > 0) {
    terminal.line(style.yellow(`${formatWhole(notSent)} calls were due but could not begin`));
  }
  if (result.generatorLateP99Us > LATE_GENERATOR_US) {
    const late = formatMicros(result.generatorLateP99Us);
    terminal.line(style.yellow(`the load generator itself was late, p99 ${late}: a busy machine`));
  }
  for (const [message, count] of result.errorSamples) {
    terminal.line(style.red(`  ${formatWhole(count)} x ${message}`));
  }
  terminal.line(
    result.verified
      ? style.green('verified: every reply was checked')
      : style.red('NOT VERIFIED: the figures above must not be trusted'),
  );
}
