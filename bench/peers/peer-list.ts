/** Peers between threads by their path; raw `postMessage` is among the floors. */
export const LOCAL_PEERS = [
  'peers/comlink',
  'peers/piscina',
  'peers/piscina-async',
  'peers/tinypool',
  'peers/workerpool',
  'peers/poolifier',
  'peers/birpc',
  'peers/knitting',
] as const;

/** Peers between processes by their path, over TCP loopback. */
export const REMOTE_PEERS = [
  'peers/grpc-js',
  'peers/moleculer',
  'peers/vscode-jsonrpc',
  'peers/rpc-websockets',
  'peers/capnweb',
  'peers/nats',
] as const;
