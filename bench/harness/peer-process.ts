import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** Messages between a cell and the process at the other end. */
export type PeerMessage =
  | { readonly kind: 'ready'; readonly address: string }
  | { readonly kind: 'usage'; readonly cpuUs: number };

/** What the cell asks of it. */
export type PeerRequest = 'usage' | 'close';

const START_TIMEOUT_MS = 15_000;
const END_TIMEOUT_MS = 5_000;

/** The other process of a remote cell, as the cell sees it. */
export class PeerProcess {
  readonly address: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, address: string) {
    this.#child = child;
    this.address = address;
  }

  /** Starts the program at `entry` on the same Node; resolves when it has said where it listens. */
  static async start(entry: URL, args: readonly string[] = []): Promise<PeerProcess> {
    const child = fork(entry, [...args], { execArgv: [] });
    try {
      const message = await nextMessage(child, START_TIMEOUT_MS);
      if (message.kind === 'ready') return new PeerProcess(child, message.address);
      throw new Error(`the other process began with ${message.kind}`);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** CPU microseconds that it has used so far. */
  async cpuUs(): Promise<number> {
    this.#child.send('usage' satisfies PeerRequest);
    const message = await nextMessage(this.#child, START_TIMEOUT_MS);
    if (message.kind !== 'usage') throw new Error(`the other process sent ${message.kind}`);
    return message.cpuUs;
  }

  /** Asks it to close what it opened and waits until it has ended by itself. */
  async close(): Promise<void> {
    const exited = once(this.#child, 'exit');
    if (this.#child.exitCode !== null) return;
    this.#child.send('close' satisfies PeerRequest);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_TIMEOUT_MS);
    const [code, signal] = (await exited) as [number | null, string | null];
    clearTimeout(timer);
    if (code !== 0) throw new Error(`the other process ended with ${code ?? signal}`);
  }
}

async function nextMessage(child: ChildProcess, timeoutMs: number): Promise<PeerMessage> {
  const signal = AbortSignal.timeout(timeoutMs);
  const exited = new AbortController();
  const onExit = (code: number | null): void => {
    exited.abort(new Error(`the other process ended with ${code}`));
  };
  child.once('exit', onExit);
  try {
    const options = { signal: AbortSignal.any([signal, exited.signal]) };
    const [message] = (await once(child, 'message', options)) as [PeerMessage];
    return message;
  } finally {
    child.off('exit', onExit);
  }
}

/** The other side: says where it listens, answers for its CPU, and closes when told or orphaned. */
export function servePeer(address: string, close: () => Promise<void>): void {
  const send = (message: PeerMessage): void => void process.send?.(message);
  let isClosing = false;
  const end = (): void => {
    if (isClosing) return;
    isClosing = true;
    void close().then(() => process.connected && process.disconnect());
  };
  process.on('message', (request: PeerRequest) => {
    if (request === 'close') return end();
    const { user, system } = process.cpuUsage();
    send({ kind: 'usage', cpuUs: user + system });
  });
  process.once('disconnect', end);
  send({ kind: 'ready', address });
}
