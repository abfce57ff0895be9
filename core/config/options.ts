import { availableParallelism } from 'node:os';
import { type Clock, systemClock } from '../base/clock.js';
import { type Logger, silentLogger } from '../base/logger.js';
import { isPowerOfTwo } from '../base/sequence.js';
import { describeThrown, RpcError } from '../errors/rpc-error.js';
import { LIMITS } from './limits.js';

/** Who a service is and whom it trusts over TLS; certificates and keys as PEM. */
export interface TlsOptions {
  /** Certificate chain; needed to listen, and to dial a peer that asks for one. */
  readonly cert?: string | Buffer;
  /** Private key of `cert`. */
  readonly key?: string | Buffer;
  readonly passphrase?: string;
  /** Certificates that a peer's must come from; when dialling, default those of Node. */
  readonly ca?: string | Buffer | (string | Buffer)[];
  /**
   * SHA-256 fingerprints, `AB:CD:…`: only these certificates are accepted, for whatever name. With
   * `ca` both must fit; without it the fingerprint alone decides, as for self-signed certificates.
   */
  readonly peerFingerprints?: readonly string[];
  /** When listening, false lets peers in that show no certificate: anybody. Default true. */
  readonly requestCert?: boolean;
}

/** Where a service listens. */
export interface ListenOptions {
  /**
   * Default `127.0.0.1`. Anything else than loopback needs `tls` that asks peers for certificates,
   * or `insecure: true`.
   */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port?: number;
  /** The next ports to try, inclusive, when `port` is taken: Flink's port range. */
  readonly portRange?: readonly [from: number, to: number];
  /** A unix socket instead of host and port. */
  readonly path?: string;
  /** TLS 1.2 or newer, addresses are `ringlane.tls://…`. Peers must show certificates. */
  readonly tls?: TlsOptions;
  /** Says out loud that peers outside this machine may connect without authentication. */
  readonly insecure?: boolean;
}

/**
 * What becomes of a worker thread that dies, by an uncaught exception say. Its endpoints fail with
 * it in any case. `stop`: they stay away. `restart`: the thread is started again, and its endpoints
 * are made again from their classes and arguments, as new incarnations without their state.
 * `escalate`: the service closes, and its `terminationFuture` rejects.
 */
export interface ThreadSupervision {
  /** Default `stop`. */
  readonly strategy?: 'stop' | 'restart' | 'escalate';
  /** Restarts of one thread within the window, default 3; a thread that dies once more stops. */
  readonly maxRestarts?: number;
  /** Window in milliseconds, default 30 000. */
  readonly withinMs?: number;
}

/** Options of `RpcService.start`; every one has a default. */
export interface RpcServiceOptions {
  /** Name of the system in every address. Default `ringlane`. */
  readonly systemName?: string;
  /** Worker threads beside the home thread. Default: cores - 1, at least 1. 0 is allowed. */
  readonly threads?: number;
  /** Absent: the service is reachable inside this process only. */
  readonly listen?: ListenOptions;
  /** For dialling `ringlane.tls://…`; default `listen.tls`. */
  readonly tls?: TlsOptions;
  /**
   * Deadline of an ask in milliseconds, unless method or call say otherwise. Default 10 000. It
   * ends up to 32 ms late, and never before a thread that was held up has read what is here. It
   * never ends early, with one exception: of the calls that one handler makes without a break, the
   * first and each 16th read the clock (all do below 1 000 ms), so a handler that computes between
   * two of them takes that time off the deadline of the later.
   */
  readonly askTimeoutMs?: number;
  /** Largest frame in bytes on the remote path, requests and results. Default 10 485 760. */
  readonly maximumFramesize?: number;
  /**
   * Stack of the caller in time-out errors: `'sampled'`, the default, takes at most 1 000 a second
   * per thread and none for a call that wakes a sleeping thread. Without a sample the error still
   * tells who awaits the call.
   */
  readonly captureAskCallStack?: boolean | 'sampled';
  /** Copy arguments and results of same-thread calls too. Default false. */
  readonly isolateLocalCalls?: boolean;
  /**
   * Lets `validateRunsInMainThread()` also see use after an await that began outside of the
   * endpoint's turns. It has Node mark every promise, which costs an ask about 0.2 us (0.2 to 0.4
   * us at 256 in flight, Node 20). Default false: then it costs nothing.
   */
  readonly validateAfterAwait?: boolean;
  /** Lets `blocking(gateway)` block the home thread, its sockets and timers. Default false. */
  readonly blockingOnHome?: boolean;
  /** Capacity of one lane, a power of two. Default 1 MiB. */
  readonly mailboxCapacityBytes?: number;
  /**
   * Messages that wait at the sender when a lane is full; past it `MAILBOX_FULL`. Default 65 536.
   */
  readonly backlogLimit?: number;
  /** Messages that wait at one `static serial` endpoint; past it `MAILBOX_FULL`. Default 65 536. */
  readonly endpointQueueLimit?: number;
  /** Asks that may wait for their answers in one thread. Default 262 144. */
  readonly maxPendingAsks?: number;
  /** Bound on `onStop` in milliseconds. Default 30 000. */
  readonly stopTimeoutMs?: number;
  /** Bound on dialling a peer and its handshake in milliseconds. Default 5 000. */
  readonly connectTimeoutMs?: number;
  /** `resourceLimits` of the worker threads, as `node:worker_threads` takes them. */
  readonly workerResourceLimits?: {
    readonly maxOldGenerationSizeMb?: number;
    readonly maxYoungGenerationSizeMb?: number;
    readonly codeRangeSizeMb?: number;
    readonly stackSizeMb?: number;
  };
  /** What becomes of the endpoints of a worker thread that dies. Default: they stop. */
  readonly supervision?: ThreadSupervision;
  /**
   * A thread that shows no progress for this long is reported as blocked, with endpoint and method:
   * logged, counted, published on `ringlane:thread-blocked`. Default 0: nobody looks.
   */
  readonly watchdogMs?: number;
  /**
   * What the watchdog does beside its report: `terminate` ends a blocked worker thread, and
   * `supervision` says how it goes on. The home thread is only reported. Default `report`.
   */
  readonly watchdogAction?: 'report' | 'terminate';
  readonly logger?: Logger;
  /** Time of the home thread; workers always use the clock of the machine. */
  readonly clock?: Clock;
}

/** The plain part of the effective options, which also travels to every worker thread. */
export interface Settings {
  readonly systemName: string;
  readonly threads: number;
  readonly askTimeoutMs: number;
  readonly maximumFramesize: number;
  readonly captureAskCallStack: boolean | 'sampled';
  readonly isolateLocalCalls: boolean;
  readonly blockingOnHome: boolean;
  readonly validateAfterAwait: boolean;
  readonly mailboxCapacityBytes: number;
  readonly backlogLimit: number;
  readonly endpointQueueLimit: number;
  readonly maxPendingAsks: number;
  readonly stopTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly watchdogMs: number;
}

/** Effective options: every value present and inside its range. */
export interface EffectiveOptions {
  readonly settings: Settings;
  readonly listen: ListenOptions | undefined;
  readonly tls: TlsOptions | undefined;
  readonly workerResourceLimits: RpcServiceOptions['workerResourceLimits'];
  readonly supervision: Required<ThreadSupervision>;
  readonly watchdogAction: 'report' | 'terminate';
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A whole number in `[min, max]`, or one clear error. */
export function checkInteger(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  const range = `a whole number from ${min} to ${max}`;
  throw new RpcError('INVALID_ARGUMENT', `${name} must be ${range}, not ${describeThrown(value)}`, {
    limit: typeof value === 'number' && value < min ? min : max,
    ...(typeof value === 'number' ? { actual: value } : {}),
  });
}

/** A delay or deadline: 0 to 24 days, the span of a 32-bit millisecond. */
export function checkDurationMs(name: string, value: number): number {
  if (typeof value === 'number' && value >= 0 && value <= 2_147_483_647) return value;
  throw new RpcError(
    'INVALID_ARGUMENT',
    `${name} must be milliseconds from 0 to 2147483647, not ${describeThrown(value)}`,
  );
}

/** The message of a wrong value: what it must be, and what it is. */
function wrong(name: string, rule: string, value: unknown): RpcError {
  const text = `${name} must be ${rule}, not ${describeThrown(value)}`;
  return new RpcError('INVALID_ARGUMENT', text);
}

/** A group of options; null is as good as none. */
function checkGroup<T extends object>(name: string, value: T | null | undefined): T | undefined {
  if (typeof value === 'object' || value === undefined) return value ?? undefined;
  throw wrong(name, 'an object', value);
}

/** Something to be called: it is found wrong here, not when it is needed. */
function checkMethods<T extends object>(name: string, value: T, methods: (keyof T)[]): T {
  const hasAll = methods.every((method) => typeof value[method] === 'function');
  if (hasAll) return value;
  throw wrong(name, `an object with the methods ${methods.join(', ')}`, value);
}

type ResourceLimits = RpcServiceOptions['workerResourceLimits'];

/** Node takes no notice of limits that are no numbers. */
function checkResourceLimits(given: ResourceLimits): ResourceLimits {
  const limits = checkGroup('workerResourceLimits', given);
  for (const [name, value] of Object.entries(limits ?? {})) {
    if (value === undefined || (typeof value === 'number' && value > 0)) continue;
    throw wrong(`workerResourceLimits.${name}`, 'a number above 0', value);
  }
  return limits;
}

function checkBoolean(name: string, value: boolean): boolean {
  if (typeof value === 'boolean') return value;
  throw wrong(name, 'true or false', value);
}

function checkCapture(value: boolean | 'sampled'): boolean | 'sampled' {
  if (typeof value === 'boolean' || value === 'sampled') return value;
  throw wrong('captureAskCallStack', "true, false or 'sampled'", value);
}

function checkSupervision(given: ThreadSupervision): Required<ThreadSupervision> {
  const { strategy = 'stop', maxRestarts = 3, withinMs = 30_000 } = given;
  if (!['stop', 'restart', 'escalate'].includes(strategy)) {
    throw wrong('supervision.strategy', 'stop, restart or escalate', strategy);
  }
  return {
    strategy,
    maxRestarts: checkInteger('supervision.maxRestarts', maxRestarts, 0, 1_000_000),
    withinMs: checkDurationMs('supervision.withinMs', withinMs),
  };
}

function checkWatchdogAction(value: 'report' | 'terminate'): 'report' | 'terminate' {
  if (value === 'report' || value === 'terminate') return value;
  throw wrong('watchdogAction', "'report' or 'terminate'", value);
}

const SYSTEM_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

function checkSystemName(name: string): string {
  if (typeof name === 'string' && SYSTEM_NAME.test(name)) return name;
  const rule = 'letters, digits, dot, dash and underscore, at most 64';
  throw wrong('systemName', rule, typeof name === 'string' ? `"${name}"` : name);
}

function checkCapacity(bytes: number): number {
  const { laneCapacityBytesMin: min, laneCapacityBytesMax: max } = LIMITS;
  checkInteger('mailboxCapacityBytes', bytes, min, max);
  if (isPowerOfTwo(bytes)) return bytes;
  throw new RpcError(
    'INVALID_ARGUMENT',
    `mailboxCapacityBytes must be a power of two, not ${bytes}`,
  );
}

/** Checks what the user gave and fills in the defaults; throws `INVALID_ARGUMENT`. */
export function effectiveOptions(options: RpcServiceOptions): EffectiveOptions {
  const o = checkGroup('options', options) ?? {};
  const listen = checkGroup('listen', o.listen);
  const settings: Settings = {
    systemName: checkSystemName(o.systemName ?? 'ringlane'),
    threads: checkInteger(
      'threads',
      o.threads ?? Math.max(1, availableParallelism() - 1),
      0,
      LIMITS.threads - 1,
    ),
    askTimeoutMs: checkDurationMs('askTimeoutMs', o.askTimeoutMs ?? 10_000),
    maximumFramesize: checkInteger(
      'maximumFramesize',
      o.maximumFramesize ?? 10_485_760,
      4096,
      256 * 1024 * 1024,
    ),
    captureAskCallStack: checkCapture(o.captureAskCallStack ?? 'sampled'),
    isolateLocalCalls: checkBoolean('isolateLocalCalls', o.isolateLocalCalls ?? false),
    validateAfterAwait: checkBoolean('validateAfterAwait', o.validateAfterAwait ?? false),
    blockingOnHome: checkBoolean('blockingOnHome', o.blockingOnHome ?? false),
    mailboxCapacityBytes: checkCapacity(o.mailboxCapacityBytes ?? 1024 * 1024),
    backlogLimit: checkInteger('backlogLimit', o.backlogLimit ?? 65_536, 0, 1 << 24),
    endpointQueueLimit: checkInteger(
      'endpointQueueLimit',
      o.endpointQueueLimit ?? 65_536,
      1,
      1 << 24,
    ),
    maxPendingAsks: checkInteger(
      'maxPendingAsks',
      o.maxPendingAsks ?? 262_144,
      1,
      LIMITS.pendingAsks - 1,
    ),
    stopTimeoutMs: checkDurationMs('stopTimeoutMs', o.stopTimeoutMs ?? 30_000),
    watchdogMs: checkDurationMs('watchdogMs', o.watchdogMs ?? 0),
    connectTimeoutMs: checkDurationMs('connectTimeoutMs', o.connectTimeoutMs ?? 5_000),
  };
  return {
    settings,
    listen,
    tls: checkGroup('tls', o.tls) ?? checkGroup('listen.tls', listen?.tls),
    workerResourceLimits: checkResourceLimits(o.workerResourceLimits),
    supervision: checkSupervision(checkGroup('supervision', o.supervision) ?? {}),
    watchdogAction: checkWatchdogAction(o.watchdogAction ?? 'report'),
    logger: checkMethods('logger', o.logger ?? silentLogger, ['debug', 'info', 'warn', 'error']),
    clock: checkMethods('clock', o.clock ?? systemClock, ['nowMs', 'schedule']),
  };
}
