import { EXIT_CODES, type ExitCode, inputError } from '../exit-codes.js';
import { describeMachine, machineLine } from '../report/machine.js';
import { writeReport } from '../report/report.js';
import type { DemoReport } from '../report/report-model.js';
import type { Terminal } from '../terminal/terminal.js';
import { DemoCluster } from './cluster-part.js';
import { parseDemoOptions } from './demo-options.js';
import { findInput } from './input-files.js';
import { LoadPart } from './load-part.js';
import { WordCountPart } from './word-count-part.js';

/** What the command is run with. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly version: string;
  /** Fires on Ctrl-C. */
  readonly signal: AbortSignal;
}

/** `ringlane demo`: answers the exit code. */
export async function demoCommand(
  args: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  const { terminal, signal, version } = context;
  const options = parseDemoOptions(args);
  const machine = describeMachine();
  terminal.line(`${terminal.style.bold(`ringlane ${version}`)}  ${machineLine(machine)}`);
  const input = await findInput(options.inputs, signal);
  if (input === undefined) return EXIT_CODES.interrupted;
  const demo = new DemoCluster(terminal);
  const wordCount = new WordCountPart(demo, terminal, input, signal);
  const load = new LoadPart(demo, terminal, options.loadMs, signal);
  let isInterrupted = false;
  try {
    await demo.start(options, signal);
    await wordCount.run(options.rounds);
    if (options.loadMs > 0) await load.run();
  } catch (error) {
    if (!signal.aborted) throw error;
    isInterrupted = true;
  } finally {
    // Also when something failed or Ctrl-C was pressed: what was measured is written first.
    terminal.progressDone();
    const cluster = demo.report();
    try {
      if (cluster !== null) {
        const report: DemoReport = {
          machine,
          cluster,
          wordCount: wordCount.report(),
          load: load.rows,
          version,
          createdAt: new Date().toISOString(),
          interrupted: signal.aborted,
        };
        printReport(terminal, options.outputFolder, report);
      }
    } finally {
      await demo.close();
    }
  }
  if (isInterrupted) return EXIT_CODES.interrupted;
  return wordCount.isRight && load.isRight ? EXIT_CODES.ok : EXIT_CODES.failed;
}

function printReport(terminal: Terminal, folder: string, report: DemoReport): void {
  terminal.heading(report.interrupted ? 'Interrupted' : '4. Report');
  try {
    const { jsonFile, htmlFile } = writeReport(folder, report);
    terminal.line(`${jsonFile} and ${htmlFile}`);
  } catch (error) {
    throw inputError(`--output: cannot write to ${folder}: ${(error as Error).message}`);
  }
}
