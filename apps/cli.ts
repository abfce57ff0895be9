#!/usr/bin/env node
/** The command `ringlane`; see `HELP`. */
import { readFileSync } from 'node:fs';
import { systemClock } from '../core/internal.js';
import { CommandError, EXIT_CODES, type ExitCode, usageError } from './exit-codes.js';
import { DEMO_HELP } from './demo/demo-options.js';
import { LOAD_HELP } from './load/load-options.js';
import { Terminal } from './terminal/terminal.js';

const HELP = `Usage: ringlane <command> [options]

  ringlane demo   a cluster of threads and a process, a word count, a short load test
  ringlane load   measure an endpoint: latency percentiles, throughput, CPU

  -h, --help      this text; "ringlane demo --help" and "ringlane load --help" say more
  -v, --version

Colours: off with NO_COLOR=1 and when the output is no terminal, on with FORCE_COLOR=1.
Exit codes: 0 done; 1 failed, or a result is wrong; 2 usage; 3 the input cannot be used;
130 Ctrl-C, after writing what was measured.
`;

const HELP_OPTIONS: readonly (string | undefined)[] = ['-h', '--help', 'help'];

async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [command, ...rest] = args;
  if (command === undefined || HELP_OPTIONS.includes(command)) return print(HELP);
  if (command === '-v' || command === '--version') return print(`${readVersion()}\n`);
  const wantsHelp = rest.some((arg) => arg === '-h' || arg === '--help');
  // Each command is loaded when it is asked for: help and mistakes are answered at once.
  if (command === 'demo') {
    if (wantsHelp) return print(DEMO_HELP);
    const { demoCommand } = await import('./demo/demo-command.js');
    return demoCommand(rest, { terminal, version: readVersion(), signal: interruption() });
  }
  if (command === 'load') {
    if (wantsHelp) return print(LOAD_HELP);
    const { loadCommand } = await import('./load/load-command.js');
    return loadCommand(rest, terminal, interruption());
  }
  const kind = command.startsWith('-') ? 'option' : 'command';
  throw usageError(`unknown ${kind} ${command}; see ringlane --help`);
}

function print(text: string): ExitCode {
  process.stdout.write(text);
  return EXIT_CODES.ok;
}

function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}

/** Ctrl-C is obeyed within two seconds, even by something that hangs. */
const INTERRUPTION_MAX_MS = 1_900;

/** Fires on Ctrl-C; a second one ends at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  const end = (): never => process.exit(EXIT_CODES.interrupted);
  const onSignal = (): void => {
    if (controller.signal.aborted) end();
    systemClock.schedule(end, INTERRUPTION_MAX_MS, { ref: false });
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return controller.signal;
}

async function main(): Promise<void> {
  // `ringlane … | head`: nobody reads on, which is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT_CODES.ok);
    throw error;
  });
  const terminal = new Terminal(process.stdout, process.env);
  try {
    process.exitCode = await run(process.argv.slice(2), terminal);
  } catch (error) {
    const isExpected = error instanceof CommandError;
    const text = isExpected ? error.message : String((error as Error)?.stack ?? error);
    terminal.progressDone();
    process.stderr.write(`ringlane: ${text}\n`);
    process.exitCode = isExpected ? error.exitCode : EXIT_CODES.failed;
  }
}

await main();
