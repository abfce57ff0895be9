// Starts the rate limiter on a port of loopback (default 8080) until Ctrl-C.
// Run it: npm run build && node dist/examples/rate-limiter/main.js [port]
// Try it: curl -i 'http://127.0.0.1:8080/?key=alice', eleven times within a second.
import { startRateLimiter } from './server.js';

const limiter = await startRateLimiter({ port: Number(process.argv[2] ?? 8080) });
console.log(`listening on ${limiter.url}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void limiter.close().then(() => console.log('closed')));
}
