import type { MessagePort } from 'node:worker_threads';
import type { Address } from '../base/address.js';
import type { RpcServiceOptions, Settings } from '../config/options.js';
import type { LaneOffer } from '../mailbox/lane-senders.js';
import type { DeadLetterReport } from './dead-letter-reports.js';
import type { BlockedThread } from './watchdog.js';

/** What a worker thread is born with. */
export interface ThreadBirth {
  readonly thread: number;
  readonly region: SharedArrayBuffer;
  readonly settings: Settings;
  readonly epochMs: number;
  readonly base: Omit<Address, 'path'>;
  readonly port: number;
  /** The counters of the service. */
  readonly metrics: SharedArrayBuffer;
}

/**
 * Messages on the port between a worker thread and the home thread; everything else is in lanes.
 */
export type ThreadMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'lane'; readonly offer: LaneOffer }
  /** Another thread has ended, maybe just before it rang this one. */
  | { readonly kind: 'wake' }
  | { readonly kind: 'dead-letter'; readonly report: DeadLetterReport }
  | { readonly kind: 'blocked'; readonly blocked: BlockedThread }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly facts: string;
      readonly message: string;
    };

/** How a thread ended. */
export interface ThreadExit {
  readonly exitCode: number;
  /** What nobody caught, whatever it is; undefined: nothing was thrown. */
  readonly error: unknown;
}

/** A running worker thread as the home thread sees it. */
export interface HostedThread {
  post(message: ThreadMessage, transfer: readonly MessagePort[]): void;
  onMessage(listener: (message: ThreadMessage) => void): void;
  /** Resolves when the thread has ended, for whatever reason. */
  readonly exited: Promise<ThreadExit>;
  terminate(): Promise<void>;
}

/** Makes worker threads: the port that `workers/` implements over `node:worker_threads`. */
export interface ThreadHost {
  spawn(birth: ThreadBirth, limits: RpcServiceOptions['workerResourceLimits']): HostedThread;
}

/** The other end: what a worker thread knows of its home. */
export interface HomePort {
  post(message: ThreadMessage, transfer: readonly MessagePort[]): void;
  onMessage(listener: (message: ThreadMessage) => void): void;
  /** The next message that waits, if any; it does not come to the listener any more. */
  take(): ThreadMessage | undefined;
}
