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
  readonly #link: PeerLink;

  private constructor(link: PeerLink, address: string) {
    this.#link = link;
    this.address = address;
  }

  /** Starts the program at `entry` on the same Node; resolves when it has said where it listens. */
  static async start(entry: URL, args: readonly string[] = []): Promise<PeerProcess> {
    const link = new PeerLink(fork(entry, [...args], { execArgv: [] }));
    try {
      const message = await link.nextMessage();
      if (message.kind === 'ready') return new PeerProcess(link, message.address);
      throw new Error(`the other process began with ${message.kind}`);
    } catch (error) {
      link.kill();
      throw error;
    }
  }

  /** CPU microseconds that it has used so far. */
  async cpuUs(): Promise<number> {
    this.#link.send('usage');
    const message = await this.#link.nextMessage();
    if (message.kind === 'usage') return message.cpuUs;
    throw new Error(`the other process sent ${message.kind}`);
  }

  /** Asks it to close what it opened and waits until it has ended by itself. */
  async close(): Promise<void> {
    this.#link.send('close');
    const timer = setTimeout(() => this.#link.kill(), END_TIMEOUT_MS);
    const how = await this.#link.ended;
    clearTimeout(timer);
    if (how !== '0') throw new Error(`the other process ended with ${how}`);
  }
}

/** A child process whose end is noticed wherever it comes. */
class PeerLink {
  /** Exit code or signal. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(String(code ?? signal)));
      child.once('error', (error) => resolve(error.message));
    });
  }

  /** A process that is gone hears nothing; `ended` and `nextMessage` tell. */
  send(request: PeerRequest): void {
    if (this.#child.connected) this.#child.send(request, () => undefined);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async nextMessage(): Promise<PeerMessage> {
    const timeout = AbortSignal.timeout(START_TIMEOUT_MS);
    const gone = this.ended.then((how) => {
      throw new Error(`the other process ended with ${how}`);
    });
    const message = once(this.#child, 'message', { signal: timeout }) as Promise<[PeerMessage]>;
    const [first] = await Promise.race([message, gone]);
    return first;
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
