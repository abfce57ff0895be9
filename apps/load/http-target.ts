import { Agent, type IncomingMessage, request } from 'node:http';
import { usageError } from '../exit-codes.js';
import type { AskTarget, Outcome } from './load-model.js';

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);
const TOO_MANY_REQUESTS = 429;

/** GETs of one URL over connections that are kept. */
export interface HttpTarget extends AskTarget<number> {
  close(): void;
}

/** Checks that a URL is `http:` on this machine: this is a test harness, not a cannon. */
export function parseLoopbackUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' && LOOPBACK.has(url.hostname)) return url;
  throw usageError(`--url takes http://127.0.0.1:PORT/path on this machine, not "${text}"`);
}

/** A target that GETs `url`; 2xx and 3xx are right, 429 is refused, all else is an error. */
export function createHttpTarget(url: URL, connections: number, timeoutMs: number): HttpTarget {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const send = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const call = request(url, { agent, timeout: timeoutMs }, (response: IncomingMessage) => {
        const { statusCode = 0 } = response;
        // The call is over when the body is: the connection is free again only then.
        response.resume().once('error', reject);
        response.once('end', () => {
          if (statusCode < 400 || statusCode === TOO_MANY_REQUESTS) resolve(statusCode);
          else reject(new Error(`HTTP status ${statusCode}`));
        });
      });
      call.once('timeout', () => call.destroy(timeoutError(timeoutMs)));
      call.once('error', reject);
      call.end();
    });
  const judge = (status: number): Outcome => (status === TOO_MANY_REQUESTS ? 'refused' : 'ok');
  return { send, judge, close: () => agent.destroy() };
}

function timeoutError(timeoutMs: number): Error {
  return Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: 'ETIMEDOUT' });
}
