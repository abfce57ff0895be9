/** How the bytes travel to an address. */
export type AddressProtocol = 'local' | 'tcp' | 'tls' | 'unix';

/** A parsed endpoint address; see {@link parseAddress} for the four spellings. */
export interface Address {
  readonly protocol: AddressProtocol;
  readonly system: string;
  /** Host of `tcp` and `tls`, socket path of `unix`, empty for `local`. */
  readonly host: string;
  /** Port of `tcp` and `tls`, otherwise -1. */
  readonly port: number;
  /** Path below the root, e.g. `/user/rpc/counter`. */
  readonly path: string;
}

/** Every endpoint of the RPC layer lives below this path, as in Flink. */
export const RPC_PATH_PREFIX = '/user/rpc/';

const NETWORK = /^ringlane\.(tcp|tls):\/\/([^@/]+)@(\[[^\]]+\]|[^:/]+):(\d{1,5})(\/.+)$/;
const UNIX = /^ringlane\.unix:\/\/([^@/]+)@([^:]+):(\/.+)$/;
const LOCAL = /^ringlane:\/\/([^@/]+)(\/.+)$/;

/** Prints an address; the inverse of {@link parseAddress}. */
export function formatAddress(address: Address): string {
  const { protocol, system, host, port, path } = address;
  if (protocol === 'local') return `ringlane://${system}${path}`;
  if (protocol === 'unix') return `ringlane.unix://${system}@${encodeURIComponent(host)}:${path}`;
  const bracketed = host.includes(':') ? `[${host}]` : host;
  return `ringlane.${protocol}://${system}@${bracketed}:${port}${path}`;
}

/**
 * Reads `ringlane://<system>/user/rpc/<id>` (this process), `ringlane.tcp://<system>@host:port/…`,
 * `ringlane.tls://…` or `ringlane.unix://<system>@<url-encoded socket path>:/…`; undefined when
 * the text is none of these.
 */
export function parseAddress(text: string): Address | undefined {
  const local = LOCAL.exec(text);
  if (local) return { protocol: 'local', system: local[1]!, host: '', port: -1, path: local[2]! };
  const unix = UNIX.exec(text);
  if (unix) {
    const host = decoded(unix[2]!);
    if (host === undefined) return undefined;
    return { protocol: 'unix', system: unix[1]!, host, port: -1, path: unix[3]! };
  }
  const network = NETWORK.exec(text);
  if (!network) return undefined;
  const port = Number(network[4]);
  if (port < 1 || port > 65_535) return undefined;
  const protocol = network[1] as 'tcp' | 'tls';
  const host = network[3]!.replace(/^\[|\]$/g, '');
  return { protocol, system: network[2]!, host, port, path: network[5]! };
}

/** Undefined for `%zz` and the like: an address may be typed by anybody. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The endpoint id of an address below `/user/rpc/`, otherwise undefined. */
export function endpointIdOf(address: Address): string | undefined {
  return address.path.startsWith(RPC_PATH_PREFIX)
    ? address.path.slice(RPC_PATH_PREFIX.length)
    : undefined;
}
