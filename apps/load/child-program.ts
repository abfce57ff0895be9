import { type ChildProcess, fork } from 'node:child_process';
import { systemClock } from '../../core/internal.js';

/** How long a child may take to say that it is ready. */
const READY_TIMEOUT_MS = 15_000;
/** How long it may take to end by itself before it is killed. */
const END_TIMEOUT_MS = 1_000;

/** A running child that has said what it is ready for. */
export interface ChildProgram<Ready> {
  readonly processId: number;
  readonly ready: Ready;
  /** Lets the child end, kills it when it does not within a second. */
  close(): Promise<void>;
}

/**
 * Starts one of our programs as a child process and waits for its first message. The child ends
 * when the channel to us closes, however we end.
 */
export async function startChildProgram<Ready>(
  program: URL,
  args: readonly string[] = [],
): Promise<ChildProgram<Ready>> {
  const child = fork(program, [...args], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-2000);
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const close = async (): Promise<void> => {
    if (child.connected) child.disconnect();
    const timer = systemClock.schedule(() => child.kill('SIGKILL'), END_TIMEOUT_MS);
    await ended;
    timer.cancel();
  };
  try {
    const ready = await firstMessage<Ready>(child, () => stderr);
    return { processId: child.pid ?? 0, ready, close };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

function firstMessage<Ready>(child: ChildProcess, stderr: () => string): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      timer.cancel();
      reject(
        new Error(`the child process ${why}${stderr() === '' ? '' : `:\n${stderr().trim()}`}`),
      );
    };
    const timer = systemClock.schedule(() => fail('did not come up in time'), READY_TIMEOUT_MS);
    child.once('message', (message) => {
      timer.cancel();
      resolve(message as Ready);
    });
    child.once('error', (error) => fail(`did not start: ${error.message}`));
    child.once('close', (code) => fail(`ended early with code ${code}`));
  });
}
