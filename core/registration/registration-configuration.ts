import { checkDurationMs } from '../config/options.js';
import { RpcError } from '../errors/rpc-error.js';

/** Times of a registration (Flink RetryingRegistrationConfiguration), all in milliseconds. */
export interface RetryingRegistrationConfiguration {
  /** Deadline of the first attempt. Default 100. */
  readonly initialTimeoutMs: number;
  /** Bound on the doubling of the deadline. Default 30 000. */
  readonly maxTimeoutMs: number;
  /** Pause after an error, before connecting again from scratch. Default 10 000. */
  readonly errorDelayMs: number;
  /** Pause after a temporary no. Default 30 000. */
  readonly refusedDelayMs: number;
}

const DEFAULTS: RetryingRegistrationConfiguration = {
  initialTimeoutMs: 100,
  maxTimeoutMs: 30_000,
  errorDelayMs: 10_000,
  refusedDelayMs: 30_000,
};

/** Fills in Flink's defaults; throws `INVALID_ARGUMENT`: time-outs are above 0, delays from 0. */
export function retryingRegistrationConfiguration(
  options: Partial<RetryingRegistrationConfiguration> = {},
): RetryingRegistrationConfiguration {
  const configuration = { ...DEFAULTS, ...options };
  const { initialTimeoutMs, maxTimeoutMs, errorDelayMs, refusedDelayMs } = configuration;
  checkTimeout('initialTimeoutMs', initialTimeoutMs);
  checkTimeout('maxTimeoutMs', maxTimeoutMs);
  checkDurationMs('errorDelayMs', errorDelayMs);
  checkDurationMs('refusedDelayMs', refusedDelayMs);
  if (maxTimeoutMs >= initialTimeoutMs) return configuration;
  const text = `maxTimeoutMs ${maxTimeoutMs} is below initialTimeoutMs ${initialTimeoutMs}`;
  throw new RpcError('INVALID_ARGUMENT', text, { limit: initialTimeoutMs, actual: maxTimeoutMs });
}

function checkTimeout(name: string, value: number): void {
  checkDurationMs(name, value);
  if (value === 0) throw new RpcError('INVALID_ARGUMENT', `${name} must be above 0`);
}
