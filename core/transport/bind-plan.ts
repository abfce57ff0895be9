import net from 'node:net';
import { checkInteger, type ListenOptions } from '../config/options.js';
import { RpcError } from '../errors/rpc-error.js';
import type { TransportAddress } from './byte-stream.js';

const DEFAULT_HOST = '127.0.0.1';

const loopback = new net.BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');
loopback.addSubnet('::ffff:127.0.0.0', 104, 'ipv6');

/** True when only this machine can reach a socket bound to `host`. Other names are not resolved. */
export function isLoopback(host: string): boolean {
  const family = net.isIP(host);
  if (family === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/** Where to try to listen, in order, and how to name it all in an error. */
export interface BindPlan {
  readonly candidates: readonly TransportAddress[];
  readonly name: string;
}

/**
 * The addresses that `at` allows: a path, or a host with `port` first and then the ports of
 * `portRange`. Refuses a host that others can reach unless peers must show certificates, or
 * `insecure` says so: else whoever reaches the port may call every endpoint.
 */
export function planBind(at: ListenOptions): BindPlan {
  if (at.path !== undefined && at.tls !== undefined) {
    throw new RpcError('INVALID_ARGUMENT', 'listen.path and listen.tls do not go together');
  }
  if (at.path !== undefined) return { candidates: [{ path: at.path }], name: at.path };
  const host = at.host ?? DEFAULT_HOST;
  if (typeof host !== 'string') {
    throw new RpcError('INVALID_ARGUMENT', `listen.host must be a text, not ${String(host)}`);
  }
  const asksForCertificates = at.tls !== undefined && at.tls.requestCert !== false;
  if (!isLoopback(host) && !asksForCertificates && at.insecure !== true) {
    const cure = 'listen on 127.0.0.1, set tls, or write insecure: true if that is meant';
    const text = `listen.host ${host} lets other machines call without authentication: ${cure}`;
    throw new RpcError('INVALID_ARGUMENT', text);
  }
  const ports = portsOf(at);
  const [from, to] = at.portRange ?? [];
  const range = from === undefined ? '' : ` and ports ${from} to ${to}`;
  const first = at.port === undefined && from !== undefined ? '' : `:${at.port ?? 0}`;
  return { candidates: ports.map((port) => ({ host, port })), name: `${host}${first}${range}` };
}

function portsOf(at: ListenOptions): number[] {
  const ports = at.port === undefined ? [] : [checkInteger('listen.port', at.port, 0, 65_535)];
  if (at.portRange === undefined) return ports.length > 0 ? ports : [0];
  const from = checkInteger('listen.portRange[0]', at.portRange[0], 1, 65_535);
  const to = checkInteger('listen.portRange[1]', at.portRange[1], from, 65_535);
  for (let port = from; port <= to; port++) if (port !== at.port) ports.push(port);
  return ports;
}
