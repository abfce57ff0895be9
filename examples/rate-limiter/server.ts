// An HTTP server that embeds ringlane: every request asks the limiter that owns its key.
// GET /?key=alice (or header x-api-key) answers 200 or 429; the shards live on worker threads.
// The hash decides the shard, so that one key always meets the same bucket.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type GatewayOf, isRpcError, RpcService } from 'ringlane';
import { Limiter, LimiterGateway } from './limiter.js';

/** What can be set; ports are on loopback only. */
export interface RateLimiterOptions {
  readonly port?: number;
  readonly threads?: number;
  /** Tokens of a full bucket. */
  readonly capacity?: number;
  readonly tokensPerSecond?: number;
}

/** A running server. */
export interface RateLimiter {
  readonly url: string;
  close(): Promise<void>;
}

type Shard = GatewayOf<typeof LimiterGateway>;

const SHARDS_PER_THREAD = 4;

/** FNV-1a, 32 bits: spreads short keys well and takes a line. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** One limiter endpoint a shard, spread over the threads; answers their gateways. */
async function startShards(service: RpcService, args: [number, number]): Promise<Shard[]> {
  const starting = Array.from({ length: service.threads * SHARDS_PER_THREAD }, async (_, shard) => {
    const thread = shard % service.threads;
    const endpointId = `limiter-${shard}`;
    const server = await service.startServer(Limiter, { endpointId, args, thread });
    await server.start();
    return service.connect(server.address, LimiterGateway);
  });
  return Promise.all(starting);
}

/** Starts the service, its limiters and the HTTP server in front of them. */
export async function startRateLimiter(options: RateLimiterOptions = {}): Promise<RateLimiter> {
  const { port = 0, threads = 2, capacity = 10, tokensPerSecond = 5 } = options;
  const service = await RpcService.start({ systemName: 'rate-limiter', threads });
  try {
    const shards = await startShards(service, [capacity, tokensPerSecond]);
    const shardOf = (key: string): Shard => shards[hashOf(key) % shards.length]!;
    const http = createServer((request, response) => void answer(request, response, shardOf));
    await listen(http, port);
    return {
      url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`,
      close: async () => {
        await new Promise((resolve) => http.close(resolve).closeAllConnections());
        await service.close();
      },
    };
  } catch (error) {
    await service.close();
    throw error;
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  shardOf: (key: string) => Shard,
): Promise<void> {
  const key = keyOf(request);
  if (key === '') return send(response, 400, { error: 'give ?key= or the header x-api-key' });
  try {
    const { allowed, remaining, retryAfterMs } = await shardOf(key).take(key);
    response.setHeader('ratelimit-remaining', remaining);
    if (!allowed) response.setHeader('retry-after', Math.ceil(retryAfterMs / 1000));
    send(response, allowed ? 200 : 429, { key, remaining, retryAfterMs });
  } catch (error) {
    // Closed, late or lost: whoever guards something expensive rather says no.
    send(response, 503, { error: isRpcError(error) ? error.code : String(error) });
  }
}

/** Who asks; empty when nobody says so, or in a target that is no URL: `//` for one. */
function keyOf({ headers, url = '/' }: IncomingMessage): string {
  const base = 'http://localhost';
  const query = URL.canParse(url, base) ? new URL(url, base).searchParams.get('key') : null;
  return String(headers['x-api-key'] ?? query ?? '');
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
